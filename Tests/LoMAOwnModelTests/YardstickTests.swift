// OWN-1, OWN-4, OWN-7, OWN-8: yardsticks of small models, beside plain recomputations.

import Foundation
import LoMA
import LoMAModels
import LoMAReference
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAOwnModel

@Suite("OWN: yardsticks")
struct YardstickTests {
  /// All tensors of a forward pass of the whole model, by name.
  private func forward(
    _ model: LoadedModel, _ parameters: ParameterSet, _ form: PassForm
  ) throws -> [String: Tensor] {
    let transformer = Transformer(
      configuration: model.checkpoint.configuration, weights: Weights(parameters), functions: form.functions)
    let trace = try transformer.forward(rows: form.rows, profile: form.profile, rules: form.rules)
    return Dictionary(uniqueKeysWithValues: trace.named.map { ($0.name, $0.tensor) })
  }

  @Test func `OWN-1 the yardstick is the root mean square that its formula says`() {
    let reference = Tensor(shape: [2, 2], values: [1, 2, 3, 4])
    let ports = Tensor(shape: [6, 2], values: [1, 3, 3, 4, 1, 2, 5, 4, 0, 2, 3, 1])
    let spread = Spread(ports, about: reference)
    #expect(spread.meanSquares == [[0.5, 0], [0, 2], [0.5, 4.5]])
    #expect(spread.square(0) == 1.0 / 3 && spread.square(1) == 6.5 / 3)
    #expect(spread.square == 1.25)
    #expect(spread.hats() == [(1.0 / 3 + 1.25 / 4).squareRoot(), (6.5 / 3 + 1.25 / 4).squareRoot()])
    #expect(spread.size(ofPort: 2) == 2.5.squareRoot())
    #expect(spread.withoutNearest.meanSquares == [[0, 2], [0.5, 4.5]])
    #expect(spread.selecting([1]).meanSquares == [[0], [2], [4.5]])
  }

  @Test(arguments: ["text-c4", "gqa"])
  func `OWN-8 passes that share a layer have the bits of each alone`(name: String) throws {
    let plan = try OwnFixtures.plan(name, [.f32, .bf16], .all)
    try OwnFixtures.withYardstick(plan) { yardstick in
      let form = try PassForm(plan, yardstick.text, workers: .single)
      let parameters = try plan.model.checkpoint.parameters()
      let right = try forward(plan.model, parameters, form)
      for capture in yardstick.captures + ["logits"] {
        #expect(try yardstick.files.tensor("exact." + capture, in: file(capture)) == right[capture], "\(capture)")
      }
      var computed = 0
      for (index, alternative) in plan.alternatives.enumerated() where !["OM04", "OM08"].contains(alternative.id) {
        var wrong = form
        guard alternative.change(&wrong, plan, yardstick.text) else { continue }
        let logits = try #require(try forward(plan.model, parameters, wrong)["logits"])
        let delta = try #require(right["logits"]).values
        let expected = zip(logits.values, delta).map { Double(Float($0 - $1)) }
        #expect(try yardstick.differences(index, layer: nil).values == expected, "\(alternative.id)")
        computed += 1
      }
      #expect(computed > 15)
    }
  }

  private func file(_ capture: String) -> String {
    let parts = capture.split(separator: ".")
    guard parts.count > 1, let number = Int(parts[1]) else { return "logits" }
    return parts[0] == "hidden" ? (number == 0 ? "logits" : "layer\(number - 1)") : "layer\(number)"
  }

  @Test func `OWN-4 σ is the root mean square of β over the simulated ports`() throws {
    // By plain loops over whole tensors of separate passes.
    let plan = try OwnFixtures.plan("text-c4", [.bf16], .axes)
    try OwnFixtures.withYardstick(plan) { yardstick in
      var form = try PassForm(plan, yardstick.text, workers: .single)
      let parameters = try plan.model.checkpoint.parameters()
      let right = try #require(try forward(plan.model, parameters, form)["logits"])
      let index = try #require(plan.alternatives.firstIndex { $0.id == "memory_attention=causal" })
      var wrong = form
      #expect(plan.alternatives[index].change(&wrong, plan, yardstick.text))
      let other = try #require(try forward(plan.model, parameters, wrong)["logits"])
      // The three simulated ports side by side, as one text of three.
      form.functions = try #require(SimulatedPort(.bf16, copies: 3, seed: plan.seed)).functions(workers: .single)
      let pass = StreamedPass(form: form, copies: 3, weightType: nil)
      let stream = LayerStream(plan: plan, workers: .single)
      var hidden = try stream.embedded(pass)
      for layer in 0..<3 { hidden = try stream.advance([pass], [hidden], layer: layer, as: layer, of: 3)[0].hidden }
      let ports = try stream.logits(pass, hidden, columns: nil)

      let (rows, width) = (right.rows, right.columns)
      var squares = [Double](repeating: 0, count: rows)
      for r in 0..<rows {
        for copy in 0..<3 {
          for i in 0..<width {
            let error = ports[copy * rows + r, i] - right[r, i]
            squares[r] += error * error / Double(3 * width)
          }
        }
      }
      var betas: [Double] = []
      for copy in 0..<3 {
        var (top, bottom) = (0.0, 0.0)
        for r in 0..<rows {
          for i in 0..<width {
            let delta = other[r, i] - right[r, i]
            top += (ports[copy * rows + r, i] - right[r, i]) * delta / squares[r]
            bottom += delta * delta / squares[r]
          }
        }
        betas.append(top / bottom)
      }
      let sigma = (betas.reduce(0) { $0 + $1 * $1 } / 3).squareRoot()
      let found = try #require(yardstick.decidability(.bf16)[index].logits)
      #expect((found / sigma - 1).magnitude < 1e-5, "\(found), plainly \(sigma)")
    }
  }

  @Test func `OWN-7 the reference for a type has its weights rounded to it`() throws {
    // A third of every weight, in binary32: bf16 does not hold them. Checked against a pass with parameters rounded in memory.
    let folder = OwnFixtures.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let model = try OwnFixtures.model("text-c4").checkpoint
    let thirds = ParameterSet(
      try model.parameters().tensors.mapValues { tensor in
        Tensor(shape: tensor.shape, values: tensor.values.map { Double(Float($0 / 3)) })
      })
    try CheckpointWriter.write(
      thirds, configuration: model.configuration, loma: model.file.loma, elementType: .f32, to: folder)
    let plan = try OwnPlan(
      model: try LoadedModel(directory: folder, choices: LoMAChoices()), types: [.f32, .bf16], naming: .none, text: nil,
      crossesTiles: false, allLayers: false, seed: 1)
    #expect(plan.roundedTypes == [.bf16])
    try OwnFixtures.withYardstick(plan) { yardstick in
      let form = try PassForm(plan, yardstick.text, workers: .single)
      let exact = try plan.model.checkpoint.parameters()
      let narrow = ParameterSet(
        exact.tensors.mapValues {
          Tensor(shape: $0.shape, values: NarrowFloat.bfloat16.rounded($0.values))
        })
      #expect(try yardstick.reference("logits", .bf16) == (try forward(plan.model, narrow, form)["logits"]))
      #expect(try yardstick.reference("logits", .f32) == (try forward(plan.model, exact, form)["logits"]))
      #expect(try yardstick.reference("logits", .f32) != (try yardstick.reference("logits", .bf16)))
    }
  }

  @Test func `OWN-7 a weight beyond the range of a type is refused`() throws {
    let folder = OwnFixtures.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let model = try OwnFixtures.model("text-c4")
    var parameters = try model.checkpoint.parameters()
    parameters.tensors["model.norm.weight"]?.values[3] = 70_000
    try CheckpointWriter.write(
      parameters, configuration: model.checkpoint.configuration, loma: model.checkpoint.file.loma, elementType: .f32,
      to: folder)
    let plan = try OwnPlan(
      model: try LoadedModel(directory: folder, choices: LoMAChoices()), types: [.f16], naming: .none, text: nil,
      crossesTiles: false, allLayers: false, seed: 1)
    #expect(throws: OwnError.weightOutOfRange(tensor: "model.norm.weight", index: 3, type: .f16)) {
      try OwnFixtures.withYardstick(plan) { _ in }
    }
  }

  @Test func `OWN-8 texts have full chunks and a tail, and the caller's comes first`() throws {
    let c8 = try OwnFixtures.plan("random-c8", [.f32], .none)
    #expect(c8.texts.map { $0.tokens.count } == [33, 83])
    #expect(c8.texts.map { $0.rowCount } == [33 + 2 * 18, 183])
    let c4 = try OwnFixtures.plan("text-c4", [.f32], .none)
    #expect(c4.texts.map { $0.rowCount } == [183])
    let own = try OwnFixtures.plan("text-c4", [.f32], .none, text: Array(0..<24))
    #expect(own.texts.map { $0.tokens.count } == [23, 83])
    #expect(own.texts[0].tokens == Array(0..<23))
    #expect(Array(own.texts[1].tokens[..<25]) == Array(0..<24) + [0])
    #expect(throws: OwnError.textTooShort(tokens: 16, needed: 17)) {
      try OwnFixtures.plan("text-c4", [.f32], .none, text: Array(0..<16))
    }
    #expect(throws: OwnError.self) { try OwnFixtures.plan("text-c4", [.f32], .none, text: Array(250..<270)) }
    #expect(throws: OwnError.type(.f64)) { try OwnFixtures.plan("text-c4", [.f64], .none) }
    for text in c8.texts {
      #expect(text.parameters.fullChunks(text.tokens.count) >= 2)
      #expect(text.parameters.tailLength(text.tokens.count) >= 1)
      #expect(text.forced.count == text.generated)
      #expect(text.promptLength + text.generated - 1 == text.tokens.count)
    }
  }

  @Test func `OWN-8 a yardstick is read again, and another plan's is refused`() throws {
    let plan = try OwnFixtures.plan("text-c4", [.bf16], .axes)
    try OwnFixtures.withYardstick(plan) { yardstick in
      let again = try OwnYardstick(reading: yardstick.files.folder, plan: plan, text: plan.texts[0])
      #expect(again.spreads == yardstick.spreads)
      #expect(again.projections == yardstick.projections)
      #expect(again.rows == yardstick.rows)
      let others = [
        try OwnFixtures.plan("text-c4", [.bf16], .none), try OwnFixtures.plan("text-c4", [.f16], .axes),
        try OwnFixtures.plan("text-c4", [.bf16], .axes, seed: 2),
      ]
      for other in others {
        #expect(throws: OwnError.self) {
          try OwnYardstick(reading: yardstick.files.folder, plan: other, text: other.texts[0])
        }
      }
    }
    #expect(throws: OwnError.self) { try OwnYardstick(reading: "/nowhere", plan: plan, text: plan.texts[0]) }
  }

  @Test func `OWN-8 the caller may interrupt, and the folder is then not a yardstick`() throws {
    let plan = try OwnFixtures.plan("text-c4", [.bf16], .none)
    let folder = OwnFixtures.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var steps: [String] = []
    #expect(throws: OwnError.interrupted) {
      try OwnYardstick(computing: plan, text: plan.texts[0], workers: .single, into: folder) {
        (progress) throws(OwnError) in
        steps.append(progress.step)
        if steps.count == 3 { throw .interrupted }
      }
    }
    #expect(steps == ["layer 1 of 3", "layer 2 of 3", "layer 3 of 3"])
    #expect(throws: OwnError.self) { try OwnYardstick(reading: folder, plan: plan, text: plan.texts[0]) }
  }

  @Test func `OWN-8 the cost counts the passes, and the estimate is seconds`() throws {
    let plan = try OwnFixtures.plan("text-c4", [.f32, .bf16], .all)
    #expect(plan.cost.passes == 1 + plan.alternatives.count + 2 * 3)
    #expect(plan.cost.slices == 2 * 3)
    #expect(plan.cost.rows == 183)
    #expect(
      plan.cost.parameters == plan.model.checkpoint.configuration.parameters.reduce(0) { $0 + $1.shape.reduce(1, *) })
    let none = try OwnFixtures.plan("text-c4", [.f32, .bf16], .none)
    #expect(none.cost.passes == 7 && none.cost.products < plan.cost.products)
    let rates = try plan.rates(workers: .single)
    #expect(none.seconds(rates) > 0 && none.seconds(rates) < plan.seconds(rates) && plan.seconds(rates) < 600)
    // A pass is one of many; the search for a smaller text has at most twice the rows and five passes of each.
    #expect(plan.passSeconds(rates) < none.seconds(rates))
    #expect(none.smallerSeconds(rates) == 0)
    let smaller = plan.smallerSeconds(rates) / plan.passSeconds(rates)
    #expect(smaller > 2 && smaller < plan.seconds(rates) / plan.passSeconds(rates), "\(smaller)")
  }

  @Test func `OWN-8 a yardstick with a port far below it, or whose nearest port leaves the others, holds nothing`() {
    let steady = Spread(meanSquares: [[1, 1], [1, 1.2], [0.8, 1]])
    #expect(steady.unsteadiness(.bf16, freeRun: true) == nil)
    #expect(steady.unsteadiness(.f32, freeRun: true) == nil)
    let quiet = Spread(meanSquares: [[1, 1], [1, 1], [0.005, 0.005]])
    #expect(quiet.unsteadiness(.bf16, freeRun: true)?.contains("port 3") == true)
    let wild = Spread(meanSquares: [[400, 0], [1, 1], [1, 1]])
    #expect(wild.unsteadiness(.bf16, freeRun: true) != nil)
    // One row of many far out: in binary32 rows are bounded, in 16 bits only the whole is.
    let rows = Array(repeating: 1.0, count: 999)
    let flipped = Spread(meanSquares: [rows + [400], rows + [1], rows + [1]])
    #expect(flipped.unsteadiness(.bf16, freeRun: true) == nil)
    #expect(flipped.unsteadiness(.f32, freeRun: true)?.contains("row 999") == true)
    #expect(flipped.unsteadiness(.bf16, freeRun: false)?.contains("row 999") == true)
    #expect(Spread(meanSquares: [[0], [0], [0]]).unsteadiness(.bf16, freeRun: true) == nil)
    #expect(Spread(meanSquares: [[.infinity], [0], [0]]).unsteadiness(.f16, freeRun: true)?.contains("range") == true)
  }
}
