// RUN-17, CCM-35: the faults of fresh cases of chapter 16, each as a change of a good request.

import LoMAAnswers
import LoMACatalogue
import LoMAPeers
import LoMAVectors

/// A fault for which a request of chapter 16 is rejected.
package enum FreshContextFault: String, CaseIterable, DrawnFault {
  case axis, alternative, rate, memoryTokens, vocabulary, beginning, emptySegment, mismatch, textTooLong, token, forced
  case output, generationLength, cacheSize, model, otherVocabulary, adapterShape

  static func possible(_ operation: PeerOperation) -> [FreshContextFault] {
    allCases.filter { $0.isPossible(operation) }
  }

  private func isPossible(_ operation: PeerOperation) -> Bool {
    let onTexts = operation.level != .stage
    let onModels = [.model, .training, .generation].contains(operation.level)
    return switch self {
    case .axis, .alternative: true
    case .rate: onTexts || operation == .merge
    case .memoryTokens, .vocabulary, .beginning, .emptySegment, .mismatch, .textTooLong, .token: onTexts
    case .forced: operation == .ccmOnline
    case .output: operation.readsOutputs
    case .generationLength: operation.generates
    case .cacheSize: operation == .ccmCost
    case .model, .otherVocabulary, .adapterShape: onModels
    }
  }

  package func spoiling(_ request: Request, lot: Int) -> Request {
    var (axes, parameters, model) = (request.axes, request.parameters, request.model)
    var arrays = request.input.arrays
    func integer(_ name: String) -> Int { (try? request.integer(name)) ?? 0 }
    func integers(_ name: String) -> [Int] { (try? request.integers(name)) ?? [] }
    func replace(_ name: String, _ values: [Int]) {
      arrays = arrays.filter { $0.name != name } + [CaseInputs.integers(name, values)]
    }
    /// One element of a tensor of integers, exchanged.
    func change(_ name: String, _ changed: (Int) -> Int) {
      var values = integers(name)
      guard !values.isEmpty else { return }
      values[lot % values.count] = changed(values[lot % values.count])
      replace(name, values)
    }
    switch self {
    case .axis: axes[["memory_attention", "order", ""][lot % 3]] = "causal"
    case .alternative: axes[ContextAxis.allCases[lot % ContextAxis.allCases.count].rawValue] = "none"
    case .rate:
      (axes["memory"], axes["merge_rate"]) = ("merge", "exponential")
      parameters["rate"] = .real([0, -0.25, 1.5][lot % 3])
    case .memoryTokens: parameters["memory_tokens"] = .integer([0, -1, -7][lot % 3])
    case .vocabulary: parameters["text_vocabulary"] = .integer(-(lot % 3))
    case .beginning:
      parameters["beginning_token"] = .integer([integer("text_vocabulary"), -2, 1 << 40][lot % 3])
    case .emptySegment: change("lengths") { _ in -(lot % 2) }
    case .mismatch:
      if lot % 2 == 0 { change("segments") { [0, $0 + 1, $0 - 1][lot % 3] } } else { change("lengths") { $0 + 1 } }
    case .textTooLong:
      // A context more, so that the first text is too long whatever it was.
      replace("tokens", [0] + integers("tokens"))
      replace("lengths", [1] + integers("lengths"))
      replace("segments", integers("segments").enumerated().map { $0 == 0 ? $1 + 1 : $1 })
      parameters["memory_tokens"] = .integer(.max - lot % 3)
    case .token:
      // Another fault may have made n as large as a number can be.
      let (size, n) = (integer("text_vocabulary"), integer("memory_tokens"))
      change("tokens") { _ in [size, -1, size + 1, size &+ n][lot % 4] }
    case .forced:
      parameters["generate"] = .integer(1)
      replace("forced", [[integer("text_vocabulary"), -1][lot % 2]])
    case .output:
      // No output is as long as all tokens together.
      change("output_lengths") { _ in [-1, integers("tokens").count + lot % 3][lot % 2] }
    case .generationLength: parameters["generate"] = .integer(-1 - lot % 5)
    case .cacheSize:
      let name = ["layers", "kv_heads", "head_dim", "bytes_per_element"][lot % 4]
      parameters[name] = .integer(lot % 8 < 4 ? 0 : 1 << 62)
    case .model: model = RefusedContextModel.all[lot % RefusedContextModel.all.count].path
    case .otherVocabulary: parameters["text_vocabulary"] = .integer(integer("text_vocabulary") + 1 + lot % 3)
    case .adapterShape: parameters["memory_tokens"] = .integer(integer("memory_tokens") &+ (4 + lot % 3))
    }
    return Request(
      request.operation, axes: axes, parameters: parameters, model: model, input: CaseInputs.file(arrays),
      captures: [])
  }
}
