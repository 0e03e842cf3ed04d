// RUN-17, OPS-6: the faults of fresh cases, each as a change of a good request.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors

/// A fault for which a request is rejected.
package enum FreshFault: String, CaseIterable, DrawnFault {
  case ratio, memoryLength, chunkTooLong, vocabulary, specialInText, equalSpecials, noRoom, token, textLength
  case generationLength, emptyPrompt, chunk, reconstruction, cacheSize, axis, alternative, model

  /// The operations that get a fault, in turn.
  static let operations: [Operation] = [
    .layout, .mask, .schedule, .metrics, .cost, .forward, .loss, .gradients, .trainStep, .generate, .reconstruct,
  ]

  static func possible(_ operation: Operation) -> [FreshFault] { allCases.filter { $0.isPossible(operation) } }

  private func isPossible(_ operation: Operation) -> Bool {
    let onTexts = Set.texts.union(Set.caches).contains(operation)
    return switch self {
    case .ratio, .memoryLength, .chunkTooLong: true
    case .vocabulary, .specialInText, .equalSpecials, .noRoom, .token: onTexts
    case .textLength: operation == .schedule || operation == .cost
    case .generationLength, .emptyPrompt: operation == .schedule || operation == .generate
    case .chunk: operation == .reconstruct
    case .reconstruction: operation == .metrics
    case .cacheSize: operation == .cost
    case .axis, .alternative: onTexts || operation == .cost
    case .model: Set<Operation>.models.contains(operation)
    }
  }

  package func spoiling(_ request: Request, lot: Int) -> Request {
    var parameters = request.parameters
    var axes = request.axes
    var model = request.model
    var arrays = request.input.arrays
    func replace(_ name: String, _ values: [Int]) {
      arrays = arrays.map { $0.name == name ? CaseInputs.integers(name, values) : $0 }
    }
    func integer(_ name: String) -> Int { (try? request.integer(name)) ?? 0 }
    switch self {
    case .ratio: parameters["c"] = .integer([0, -1, -7][lot % 3])
    case .memoryLength: parameters["t"] = .integer([0, -1, -2][lot % 3])
    case .chunkTooLong:
      parameters["c"] = .integer(1 << 40)
      parameters["t"] = .integer(1 << (23 + lot % 8))
    case .vocabulary: parameters["text_vocabulary"] = .integer(-(lot % 3))
    case .specialInText:
      parameters[lot % 2 == 0 ? "memory_token" : "repetition_token"] = .integer(
        integer("text_vocabulary") - 1 - lot % 2)
    case .equalSpecials: parameters["repetition_token"] = .integer(integer("memory_token"))
    case .noRoom:
      parameters[lot % 2 == 0 ? "memory_token" : "repetition_token"] = .integer(integer("model_vocabulary") + lot % 4)
    case .token:
      var tokens = (try? request.integers("tokens")) ?? []
      let wrong = [integer("text_vocabulary"), -1, integer("memory_token"), integer("model_vocabulary")][lot % 4]
      if tokens.isEmpty {
        replace("lengths", [1])
        tokens = [wrong]
      } else {
        tokens[lot % tokens.count] = wrong
      }
      replace("tokens", tokens)
    case .textLength:
      parameters[request.operation == .cost ? "text_length" : "prompt_length"] = .integer(-1 - lot % 5)
    case .generationLength: parameters["generate"] = .integer(-1 - lot % 5)
    case .emptyPrompt:
      parameters["generate"] = .integer(1 + lot % 3)
      if request.operation == .schedule { parameters["prompt_length"] = .integer(0) }
      arrays = arrays.filter { $0.name != "forced" }
      replace("tokens", [])
      replace("lengths", [0])
    case .chunk:
      let (length, overflows) = integer("c").multipliedReportingOverflow(by: integer("t"))
      let chunks = overflows || length < 1 ? 0 : ((try? request.texts().first?.count) ?? 0) / length
      parameters["chunk"] = .integer([chunks, -1, chunks + 3][lot % 3])
    case .reconstruction:
      let recited = (try? request.integers("reconstruction")) ?? []
      replace("reconstruction", lot % 2 == 0 ? recited + [0] : Array(recited.dropLast()) + (recited.isEmpty ? [1] : []))
    case .cacheSize:
      let name = ["layers", "kv_heads", "head_dim", "bytes_per_element"][lot % 4]
      parameters[name] = .integer(lot % 8 < 4 ? 0 : 1 << 62)
    case .axis: axes[["memory_shape", "number", ""][lot % 3]] = "round"
    case .alternative:
      let axis = Axis.allCases[lot % Axis.allCases.count]
      axes[axis.rawValue] = "none"
    case .model: model = RefusedModel.all[lot % RefusedModel.all.count].path
    }
    return Request(
      request.operation, axes: axes, parameters: parameters, model: model, input: CaseInputs.file(arrays), captures: [])
  }
}
