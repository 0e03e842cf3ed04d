// MOD-7, MSK-12: the first stage of a forward pass whose error or shape is wrong, and hidden keys with weight.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors

/// The first stage at which a forward pass differs from the right one.
package struct DivergingStage: Sendable {
  /// The name of its intermediate.
  package let name: String
  /// What is wrong there, in lines for a person.
  package let lines: [String]
  /// For probabilities, the pairs that see each other, or do not, against the mask.
  let pairs: [WrongPair]
}

/// A forward pass with all intermediates, to ask of a candidate whose answer is wrong.
package struct TracedPass: Sendable {
  /// The request: the same texts, with all intermediates captured.
  package let request: Request
  private let batch: Batch
  private let profile: Profile
  private let expected: [NamedArray]

  /// The forward pass behind a request; nil if there is none, or if the request is bad.
  init?(of request: Request, models: [String: Model]) {
    let operations: Set<Operation> = [.forward, .loss, .gradients, .trainStep]
    guard operations.contains(request.operation), let model = request.model.flatMap({ models[$0] }),
      let batch = try? request.trainingBatch(), let profile = try? request.profile()
    else { return nil }
    let asked = Request(
      .forward, axes: request.axes, parameters: request.parameters, model: request.model, input: request.input,
      captures: Self.names(layers: model.configuration.layers))
    let answers = ReferenceAnswers(models: models, workers: .single)
    guard let expected = try? answers.answer(asked).map({ try $0.array() }) else { return nil }
    self.request = asked
    self.batch = batch
    self.profile = profile
    self.expected = expected
  }

  /// The names of all intermediates in the order of computation, without the logits, which are always returned.
  private static func names(layers: Int) -> [String] {
    let stages = [
      "attention.norm", "attention.query", "attention.key", "attention.value", "attention.probabilities",
      "attention.context", "attention.output", "middle", "feed_forward.norm", "feed_forward.gate", "feed_forward.up",
      "feed_forward.activation", "feed_forward.output",
    ]
    return (0..<layers).flatMap { layer in ["hidden.\(layer)"] + stages.map { "layers.\(layer).\($0)" } }
      + ["hidden.\(layers)", "final_norm"]
  }

  /// The first stage with a wrong shape, or with an error max|y − ref| / max|ref| over its bound; nil if there is none.
  /// Of a candidate that returns no intermediates only the logits are compared.
  package func stage(_ answer: [NamedArray], bound: (_ tensor: String) -> Double) -> DivergingStage? {
    let given = Dictionary(answer.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let captures = request.captures.contains { given[$0] != nil } ? request.captures : []
    func stage(_ name: String, _ what: String) -> DivergingStage {
      DivergingStage(name: name, lines: ["the first stage that diverges is \(name): \(what)"], pairs: [])
    }
    for name in captures + ["logits"] {
      guard let want = expected.first(where: { $0.name == name }), let b = try? want.doubles() else { continue }
      guard let got = given[name] else { return stage(name, "it is not there") }
      if got.shape != want.shape { return stage(name, "its shape is \(got.shape), not \(want.shape)") }
      guard let a = try? got.doubles() else { return stage(name, "its numbers are \(got.elementType.rawValue)") }
      guard let worst = worst(a, b, shape: want.shape), !(worst.error <= bound(name)) else { continue }
      let first = stage(
        name, "error \(worst.error) at \(words(worst.text, worst.row)), allowed \(bound(name))")
      guard name.hasSuffix(".probabilities") else { return first }
      let (line, pairs) = wrongCells(a, b, shape: want.shape)
      return DivergingStage(name: name, lines: first.lines + (line.map { [$0] } ?? []), pairs: pairs)
    }
    return nil
  }

  /// The largest relative error in a row that is not a pad, and its place.
  private func worst(_ a: [Double], _ b: [Double], shape: [Int]) -> (error: Double, text: Int, row: Int)? {
    let largest = b.reduce(0) { max($0, $1.magnitude) }
    guard largest > 0, shape.count >= 3 else { return nil }
    let (width, rows) = (shape[shape.count - 1], shape[shape.count - 2])
    var found: (error: Double, text: Int, row: Int)?
    for index in a.indices {
      let line = index / width
      let (row, text) = (line % rows, index / (a.count / shape[0]))
      guard batch.texts[text][row].place.zone != .pad else { continue }
      let error = (a[index] - b[index]).magnitude / largest
      if !(error <= found?.error ?? -1) { found = (error.isNaN ? .infinity : error, text, row) }
    }
    return found
  }

  /// Hidden keys with weight, and visible keys without the weight they should have: the pairs, and a description of the
  /// first with its clause and rows.
  private func wrongCells(_ given: [Double], _ right: [Double], shape: [Int]) -> (first: String?, all: [WrongPair]) {
    let (heads, rows) = (shape[1], shape[2])
    var (first, all): (String?, [WrongPair]) = (nil, [])
    for (text, places) in batch.texts.enumerated() {
      let mask = Mask(rows: places, profile: profile)
      for query in 0..<rows where places[query].place.zone != .pad {
        for key in 0..<rows {
          let rule = mask.rule(query: query, key: key)
          let cells = (0..<heads).map { ((text * heads + $0) * rows + query) * rows + key }
          guard
            let cell = cells.first(where: {
              rule.isVisible ? given[$0] == 0 && right[$0] > Self.noticeable : given[$0] != 0
            })
          else { continue }
          all.append(WrongPair(mask, query: query, key: key))
          let weight = rule.isVisible ? "no weight" : "weight \(given[cell])"
          first =
            first
            ?? "\(words(text, query)) gives \(weight) to \(words(text, key)), which \(rule.clause) "
            + (rule.isVisible ? "shows it" : "hides from it")
        }
      }
    }
    return (first, all)
  }

  /// A weight so large that no type rounds it to 0.
  private static let noticeable = 1e-3

  private func words(_ text: Int, _ row: Int) -> String {
    (batch.texts.count > 1 ? "text \(text), " : "") + "row \(row) (\(WrongPair.words(batch.texts[text][row].place)))"
  }
}
