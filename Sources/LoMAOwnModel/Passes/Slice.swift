// OWN-2, OWN-8: one layer asked alone: the reference's rows before it, rounded to the port's type, as embeddings.

import LoMA
import LoMAModels
import LoMAVectors
import NaiveLlama

/// A layer with the last norm and the head, on the rows that the reference has before that layer.
///
/// A port is asked an ordinary `forward` of a checkpoint with this one layer, so a mistake of the layer cannot be amplified, and
/// one that depends on the layer's number cannot show.
package struct OwnSlice: Sendable {
  package let layer: Int
  package let type: ElementType
  package let text: OwnText
  /// What `forward` is given for the rows of the text: [1, R, hidden], exact in `type`.
  package let embeddings: Tensor
  private let yardstick: OwnYardstick
  private let references: [String: Tensor]
  private let spreads: [String: Spread]
  /// Differences at the chosen columns of the logits, of the alternatives asked for that change this layer.
  private let differences: [(alternative: OwnAlternative, delta: Tensor, projected: Projected)]

  /// Computes the yardstick of a layer in a type, with the alternatives that the free run does not decide.
  ///
  /// Throws `noSuchLayer`, `interrupted`, or why the layer cannot be computed.
  package init(
    computing yardstick: OwnYardstick, layer: Int, type: ElementType, alternatives: [OwnAlternative], workers: Workers,
    progress: (OwnProgress) throws(OwnError) -> Void
  ) throws(OwnError) {
    let plan = yardstick.plan
    guard (0..<plan.configuration.layers).contains(layer) else {
      throw .noSuchLayer(layer, layers: plan.configuration.layers)
    }
    guard let format = NumberFormat.of(type),
      let port = SimulatedPort(type, copies: OwnPlan.simulations, seed: plan.seed)
    else { throw .type(type) }
    (self.yardstick, self.layer, self.type, text) = (yardstick, layer, type, yardstick.text)
    let step = "layer \(layer) alone in \(type.word)"
    try progress(OwnProgress(text: text.name, step: step, done: 0))

    let x = format.nearest(try yardstick.reference("hidden.\(layer)", type), saturating: true)
    embeddings = Tensor(shape: [1] + x.shape, values: x.values)
    let stream = LayerStream(plan: plan, workers: workers)
    let right = try PassForm(plan, text, workers: workers)
    let weightType = plan.roundedTypes.contains(type) ? type : nil
    var simulated = right
    simulated.functions = port.functions(workers: workers)
    var passes = [
      StreamedPass(form: right, copies: 1, weightType: weightType),
      StreamedPass(form: simulated, copies: OwnPlan.simulations, weightType: weightType),
    ]
    var asked: [OwnAlternative] = []
    for alternative in alternatives where alternative.types.contains(type) {
      var form = right
      guard alternative.change(&form, plan, text) else { continue }
      asked.append(alternative)
      passes.append(StreamedPass(form: form, copies: 1, weightType: weightType))
    }
    let hidden = passes.map { pass in stacked(Array(repeating: x, count: pass.copies)) }
    let outputs = try stream.advance(passes, hidden, layer: layer, as: 0, of: 1)
    try progress(OwnProgress(text: text.name, step: step, done: 0.5))

    var (references, spreads): ([String: Tensor], [String: Spread]) = ([:], [:])
    func measure(_ name: String, _ reference: Tensor, _ ports: Tensor) throws(OwnError) {
      if let index = reference.values.firstIndex(where: { !$0.isFinite }) {
        throw .nonFiniteReference(tensor: "layer \(layer) alone: \(name)", row: index / reference.columns)
      }
      references[name] = reference
      spreads[name] = Spread(ports, about: reference)
    }
    for (index, name) in LayerOutput.names.enumerated() {
      try measure(OwnYardstick.name(name, layer: 0), outputs[0].tensors[index], outputs[1].tensors[index])
    }
    var logits: [Tensor] = []
    for (pass, output) in zip(passes, outputs) {
      logits.append(try stream.logits(pass, output.hidden, columns: yardstick.columns))
    }
    try measure("logits", logits[0], logits[1])
    let spread = Spread(logits[1], about: logits[0])
    differences = zip(asked, logits.dropFirst(2)).compactMap { alternative, wrong in
      let delta = wrong.differences(from: logits[0])
      let sums = Projected(logits[1], reference: logits[0], delta: delta, spread: spread)
      return sums.denominator > 0 ? (alternative, delta, sums) : nil
    }
    (self.references, self.spreads) = (references, spreads)
    try progress(OwnProgress(text: text.name, step: step, done: 1))
  }

  /// The tensors to ask for beside the logits (MOD-7).
  package var captures: [String] { LayerOutput.names.map { OwnYardstick.name($0, layer: 0) } }

  /// The `forward` request; it also has the input `embeddings`.
  package func question(capturing: Bool) -> OwnQuestion {
    let asked = capturing ? captures : []
    let rows = yardstick.rows.count
    return OwnQuestion(
      operation: .forward, parameters: [], tensors: [("tokens", text.tokens), ("lengths", [text.tokens.count])],
      captures: asked,
      form: OwnForm(
        [("logits", [1, rows, yardstick.plan.configuration.vocabularySize], .floating)]
          + asked.map { ($0, [1, rows, yardstick.width(of: $0)], .floating) }))
  }

  /// The spread of a capture, or of the chosen columns of `logits`.
  package func spread(_ tensor: String) -> Spread? { spreads[tensor] }

  /// σ of the alternatives that this layer's logits were computed for.
  package var decidability: [OwnDecidability] {
    differences.map { OwnDecidability(alternative: $0.alternative, logits: $0.projected.scatter, contexts: nil) }
  }

  /// Measures an answer; captures that it lacks are left out, and so is a tensor in which the simulated ports scatter too far.
  ///
  /// Throws `answer` for a tensor of another form.
  package func judge(answer: [NamedArray]) throws(OwnError) -> OwnFindings {
    let answer = OwnAnswer(answer)
    var findings = OwnFindings()
    for name in captures + ["logits"] where name == "logits" || answer.has(name) {
      guard let want = references[name], let spread = spreads[name] else { continue }
      var got = try answer.tensor(name, rows: yardstick.rows.count, columns: yardstick.width(of: name))
      let words = { (row: Int) in "layer \(layer) alone, " + yardstick.words(row) }
      let rules = [(rule: OwnRule.sliceRow, bound: OwnBounds.of(type).sliceRow)]
      if let index = got.values.firstIndex(where: { !$0.isFinite }) {
        findings.nonFinite = "layer \(layer) alone: \(name), \(yardstick.words(index / got.columns))"
        // The columns that the reference has may all be finite.
        if name != "logits" || got.columns == want.columns {
          findings.compare(name, got, with: want, spread: spread, rules: rules, words: words)
        }
        return findings
      }
      if name == "logits" { got = got.selecting(columns: yardstick.columns) }
      guard spread.unsteadiness(type, freeRun: false) == nil else { continue }
      findings.compare(name, got, with: want, spread: spread, rules: rules, words: words)
      guard name == "logits" else { continue }
      findings.projections += differences.map { alternative, delta, projected in
        let sums = Projected(got, reference: want, delta: delta, spread: spread)
        return OwnProjection(
          alternative: alternative.id, evidence: .slices, numerator: sums.numerators[0],
          denominator: projected.denominator, simulated: projected.numerators,
          remainder: Remainder(got, reference: want, delta: delta, spread: spread))
      }
    }
    return findings
  }
}
