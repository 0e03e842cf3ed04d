// A small random base model with an adapter, from one seed, for the suites that compute.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama
import Testing

/// A model and a text.
struct SampleModel: CustomStringConvertible {
  var seed: UInt64 = 1
  var contexts = [3, 2, 4]
  var input = 2
  var output = 2
  var n = 2
  var profile = ContextProfile.base
  var layers = 2
  var heads = (query: 4, keyValue: 2)
  var hiddenSize = 8
  var rank = 2
  /// m; that of the profile if nil.
  var memoryEmbeddings: Int?
  var tiesHead = false
  var rules = ContextRules.spec
  var round: @Sendable (Tensor) -> Tensor = { $0 }
  var workers = Workers.single

  var description: String {
    "seed \(seed) segments \(contexts) + \(input) + \(output), n \(n), layers \(layers), heads \(heads), "
      + "tied \(tiesHead), " + profile.name
  }

  func with(_ change: (inout SampleModel) -> Void) -> SampleModel {
    var copy = self
    change(&copy)
    return copy
  }

  var text: ContextText { sampleText(contexts: contexts, input: input, output: output, seed: seed &+ 1) }

  func parameters() throws -> ContextParameters { try sampleParameters(n: n, profile) }

  func layout() throws -> ContextLayout { try ContextLayout(text, parameters: parameters()) }

  func configuration(vocabularySize: Int = sampleTextSize) throws -> Configuration {
    try Configuration(
      vocabularySize: vocabularySize, hiddenSize: hiddenSize, intermediateSize: hiddenSize + 4, layers: layers,
      queryHeads: heads.query, keyValueHeads: heads.keyValue, headDimension: 4, epsilon: 0x1p-10, theta: 10_000,
      tiesHead: tiesHead)
  }

  func base() throws -> ParameterSet {
    var numbers = SeededNumbers(seed: seed)
    return ParameterSet.highVariance(try configuration(), numbers: &numbers)
  }

  func adapter() throws -> ContextAdapter {
    var numbers = SeededNumbers(seed: seed &+ 2)
    return ContextAdapter.highVariance(
      try configuration(), memoryEmbeddings: try memoryEmbeddings ?? parameters().memoryIds,
      settings: try AdapterSettings(rank: rank, alpha: 4), numbers: &numbers)
  }

  var functions: LayerFunctions {
    var functions = LayerFunctions.llama(workers: workers)
    functions.round = round
    return functions
  }

  func model(base: ParameterSet? = nil, adapter: ContextAdapter? = nil) throws -> ContextModel {
    ContextModel(
      configuration: try configuration(), weights: Weights(try base ?? self.base()),
      adapter: try adapter ?? self.adapter(), parameters: try parameters(), functions: functions, rules: rules)
  }

  func forward() throws -> ContextTrace { try model().forward(layout().mask) }
}

extension ContextAdapter {
  /// This adapter with every B zero.
  func withoutUpdates() -> ContextAdapter {
    var adapter = self
    for (name, tensor) in parameters.tensors where name.hasSuffix(".lora_B.weight") {
      adapter.parameters.tensors[name] = Tensor(zeros: tensor.shape)
    }
    return adapter
  }
}

extension Tensor {
  /// The bits of some rows.
  func bits(_ rows: some Sequence<Int>) -> [[UInt64]] { rows.map { row($0).map { $0.bitPattern } } }

  /// The bits of all rows.
  var bits: [[UInt64]] { bits(0..<rows) }

  var largest: Double { values.reduce(0) { max($0, $1.magnitude) } }
}

/// The heads of multi-head, grouped-query and multi-query attention.
let headChoices = [(query: 4, keyValue: 4), (query: 4, keyValue: 2), (query: 4, keyValue: 1)]

/// Models and texts over all profiles: T = 0…5, lengths 1…9, n = 1…3, one to three layers, every choice of heads.
func someModels(_ count: Int, seed: UInt64) throws -> [SampleModel] {
  var numbers = SeededNumbers(seed: seed)
  return ContextProfile.all.flatMap { profile in
    (0..<count).map { index in
      SampleModel(
        seed: numbers.next(), contexts: (0..<index % 6).map { _ in 1 + numbers.integer(below: 9) },
        input: 1 + numbers.integer(below: 3), output: numbers.integer(below: 3), n: 1 + numbers.integer(below: 3),
        profile: profile, layers: 1 + numbers.integer(below: 3), heads: headChoices[numbers.integer(below: 3)],
        tiesHead: numbers.integer(below: 2) == 0)
    }
  }
}
