// CCM-20: a low-rank update on other rows, of another size, or in fewer places.

import LoMAAnswers
import LoMAPeers
import LoMAPeersReference
import LoMAVectors

extension Mutant {
  static var contextAdapters: [Mutant] { gates + scales + places }

  /// Other rows that the update acts on: as a rule of models, and as the gates of the stage.
  private static func gate(
    _ id: String, _ sentence: String, _ gate: @escaping @Sendable (ContextRow) -> Bool,
    stage: @escaping @Sendable ([Bool]) -> [Bool]
  ) -> Mutant {
    .context(
      id, .adapter, sentence, on: .contextModels.union([.conditionalLinear]), where: { _ in true }
    ) { answers, request in
      var answers = answers
      answers.peers.rules.gate = gate
      guard request.operation == .peer(.conditionalLinear) else { return (answers, request) }
      guard let array = request.input["gate"], let gates = try? array.booleans() else { return nil }
      return request.with("gate", stage(gates)).map { (answers, $0) }
    }
  }

  private static var gates: [Mutant] {
    [
      gate("C29", "I updated every row, as an ordinary adapter does", { _ in true }) { $0.map { _ in true } },
      gate("C30", "I updated text rows and not memory rows", { $0.place.role == .text }) { $0.map { !$0 } },
      gate("C31", "I updated the first row of each memory block alone", { $0.isMemory && $0.place.index == 0 }) {
        gates in
        gates.indices.map { gates[$0] && ($0 == 0 || !gates[$0 - 1]) }
      },
    ]
  }

  /// Another factor than α/r; the stage is asked with the α that makes it.
  private static func scale(
    _ id: String, _ sentence: String, _ scale: @escaping @Sendable (_ rank: Int, _ alpha: Double) -> Double
  ) -> Mutant {
    .context(
      id, .adapter, sentence, on: .contextModels.union([.conditionalLinear]), where: { _ in true }
    ) { answers, request in
      var answers = answers
      answers.peers.rules.scale = { scale($0.rank, $0.alpha) }
      guard request.operation == .peer(.conditionalLinear) else { return (answers, request) }
      guard let rank = request.input["lora_a"]?.shape.first, let alpha = try? request.real("lora_alpha") else {
        return nil
      }
      var parameters = request.parameters
      parameters["lora_alpha"] = .real(scale(rank, alpha) * Double(rank))
      return (answers, request.with(parameters: parameters))
    }
  }

  private static var scales: [Mutant] {
    [
      scale("C32", "I scaled the update by α, not α/r") { _, alpha in alpha },
      scale("C33", "I did not scale the update") { _, _ in 1 },
    ]
  }

  private static func place(
    _ id: String, _ sentence: String,
    _ adapts: @escaping @Sendable (AdaptedProjection, _ layer: Int, _ layers: Int) -> Bool
  ) -> Mutant {
    .contextRules(id, .adapter, sentence, on: .contextModels, where: { _ in true }) { $0.adapts = adapts }
  }

  private static var places: [Mutant] {
    [
      place("C34", "I updated q and v alone") { projection, _, _ in projection == .query || projection == .value },
      place("C35", "I did not update o") { projection, _, _ in projection != .output },
      place("C36", "I did not update the last layer") { _, layer, layers in layer < layers - 1 },
    ]
  }
}

extension Request {
  /// The request with another array of booleans; nil if they do not fit a file.
  fileprivate func with(_ name: String, _ booleans: [Bool]) -> Request? {
    guard let array = try? NamedArray(name, shape: [booleans.count], booleans: booleans),
      let input = try? ArrayFile(input.arrays.filter { $0.name != name } + [array], metadata: input.metadata)
    else { return nil }
    return Request(
      operation, axes: axes, parameters: parameters, model: model, input: input, captures: captures)
  }
}
