// MOD-7, MSK-12: the first stage of a forward pass that leaves its bound, and a hidden key that has weight.

import LoMA
import LoMAReference
import LoMAVectors

/// A forward pass with everything in it, to be asked of a candidate whose answer is wrong.
public struct Divergence: Sendable {
  /// The request: the same texts, all intermediates captured.
  public let request: Request
  private let batch: Batch
  private let profile: Profile
  private let expected: [NamedArray]

  /// The forward pass behind a request; none where there is none, or the request is bad.
  init?(of request: Request, models: [String: ModelInMemory]) {
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

  /// Every intermediate in the order it is computed, without the logits, which are always returned.
  private static func names(layers: Int) -> [String] {
    let stages = [
      "attention.norm", "attention.query", "attention.key", "attention.value", "attention.probabilities",
      "attention.context", "attention.output", "middle", "feed_forward.norm", "feed_forward.gate", "feed_forward.up",
      "feed_forward.activation", "feed_forward.output",
    ]
    return (0..<layers).flatMap { layer in ["hidden.\(layer)"] + stages.map { "layers.\(layer).\($0)" } }
      + ["hidden.\(layers)", "final_norm"]
  }

  /// The first stage whose error is over a bound, max|y − ref| / max|ref|; lines for a person, none where all are within.
  public func lines(_ answer: [NamedArray], bound: (_ tensor: String) -> Double) -> [String] {
    let given = Dictionary(answer.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for name in request.captures + ["logits"] {
      guard let want = expected.first(where: { $0.name == name }), let got = given[name], got.shape == want.shape,
        let a = try? got.doubles(), let b = try? want.doubles()
      else { continue }
      guard let worst = worst(a, b, shape: want.shape), !(worst.error <= bound(name)) else { continue }
      var lines = [
        "the first stage that diverges is \(name): error \(worst.error) at \(words(worst.text, worst.row)), allowed \(bound(name))"
      ]
      if name.hasSuffix(".probabilities"), let leak = leak(a, shape: want.shape) { lines.append(leak) }
      return lines
    }
    return []
  }

  /// The largest relative error in a row that is no pad, and where it is.
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

  /// The first hidden key that has weight, with the clause that hides it.
  private func leak(_ p: [Double], shape: [Int]) -> String? {
    let (heads, rows) = (shape[1], shape[2])
    for (text, places) in batch.texts.enumerated() {
      let mask = Mask(rows: places, profile: profile)
      for query in 0..<rows where places[query].place.zone != .pad {
        for key in 0..<rows {
          let rule = mask.rule(query: query, key: key)
          if rule.isVisible { continue }
          for head in 0..<heads {
            let weight = p[((text * heads + head) * rows + query) * rows + key]
            if weight == 0 { continue }
            return
              "\(words(text, query)) gives weight \(weight) to \(words(text, key)), which \(rule.clause) hides from it"
          }
        }
      }
    }
    return nil
  }

  private func words(_ text: Int, _ row: Int) -> String {
    let place = batch.texts[text][row].place
    let chunk = place.chunk.map { " of chunk \($0)" } ?? ""
    let index = place.index.map { " \($0)" } ?? ""
    return (batch.texts.count > 1 ? "text \(text), " : "") + "row \(row) (\(place.zone.rawValue)\(index)\(chunk))"
  }
}
