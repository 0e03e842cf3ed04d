// CCM-22: the models that cases of chapter 16 share: a small base and its adapter, seeded, with weights of high variance
// that are exact in bf16. Recorded below Vectors/peers/models.

import LoMAAnswers
import LoMAModels
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

/// A base and an adapter with seeded weights.
package struct ContextCaseModel: Sendable {
  package let name: String
  let seed: UInt64
  let layers: Int
  let heads: Int
  let keyValueHeads: Int
  let tied: Bool
  /// n of the cases that ask it.
  let memoryTokens: Int
  /// Whether the adapter has embeddings for SUM rows; without them nothing can be merged.
  let holdsSums: Bool
  /// r and α, with α/r neither 1 nor α.
  let rank: Int
  let alpha: Double

  /// V of all models, and of the cases without one.
  static let vocabulary = 11
  static let hidden = 8
  private static let headDimension = 4

  package var path: String { "models/\(name)" }

  static let gqa = ContextCaseModel("ccm-gqa", 101, layers: 2, heads: 4, keyValueHeads: 2, tied: false, n: 2)
  static let tied = ContextCaseModel("ccm-mha-tied", 102, layers: 2, heads: 2, keyValueHeads: 2, tied: true, n: 1)
  static let mqa = ContextCaseModel(
    "ccm-mqa", 103, layers: 2, heads: 4, keyValueHeads: 1, tied: false, n: 3, rank: 3, alpha: 16)
  static let deep = ContextCaseModel("ccm-deep", 104, layers: 3, heads: 4, keyValueHeads: 2, tied: true, n: 2)
  /// With one layer, so that nothing is passed on from row to row to row.
  static let shallow = ContextCaseModel("ccm-shallow", 105, layers: 1, heads: 4, keyValueHeads: 2, tied: false, n: 2)
  /// With an adapter that was trained for CCM-concat alone.
  static let concat = ContextCaseModel(
    "ccm-concat", 106, layers: 2, heads: 2, keyValueHeads: 1, tied: false, n: 2, holdsSums: false, rank: 1, alpha: 0.75)

  package static let all = [gqa, tied, mqa, deep, shallow, concat]

  private init(
    _ name: String, _ seed: UInt64, layers: Int, heads: Int, keyValueHeads: Int, tied: Bool, n: Int,
    holdsSums: Bool = true, rank: Int = 2, alpha: Double = 3
  ) {
    self.name = name
    self.seed = seed
    self.layers = layers
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.tied = tied
    self.memoryTokens = n
    self.holdsSums = holdsSums
    self.rank = rank
    self.alpha = alpha
  }

  /// The shape as config.json gives it.
  func configuration() throws(ModelError) -> Configuration {
    try Configuration(
      vocabularySize: Self.vocabulary, hiddenSize: Self.hidden, intermediateSize: 12, layers: layers, queryHeads: heads,
      keyValueHeads: keyValueHeads, headDimension: Self.headDimension, epsilon: 0x1p-14, theta: 1000, tiesHead: tied)
  }

  /// The base and the adapter, drawn from one generator, the base first.
  package func inMemory() throws(PeerReferenceError) -> (base: Model, adapter: ContextAdapter) {
    let configuration: Configuration
    do { configuration = try self.configuration() } catch { throw .model(error) }
    var numbers = SeededNumbers(seed: seed)
    let base = ParameterSet.highVariance(configuration, numbers: &numbers)
    let adapter = ContextAdapter.highVariance(
      configuration, memoryEmbeddings: holdsSums ? 2 * memoryTokens : memoryTokens,
      settings: try AdapterSettings(rank: rank, alpha: alpha), numbers: &numbers)
    return (Model(configuration: configuration, parameters: base), adapter)
  }
}

/// A model of the corpus that every candidate must refuse: another model with one file changed.
package struct RefusedContextModel: Sendable {
  package let name: String
  package let spoilt: ContextCaseModel
  /// The file, below the model.
  package let file: String
  package let change: ModelChange
  /// The rejection code that is the right answer.
  let code: String
  /// What a port does wrong that answers.
  let hunts: String

  package var path: String { "models/\(name)" }

  private init(
    _ name: String, _ spoilt: ContextCaseModel, _ file: String, _ right: String, _ wrong: String, _ code: String,
    hunts: String
  ) {
    self.init(name, spoilt, file, .line(right: right, wrong: wrong), code, hunts: hunts)
  }

  private init(
    _ name: String, _ spoilt: ContextCaseModel, _ file: String, _ change: ModelChange, _ code: String, hunts: String
  ) {
    self.name = name
    self.spoilt = spoilt
    self.file = file
    self.change = change
    self.code = code
    self.hunts = hunts
  }

  private static let base = "config.json"
  private static let adapter = "adapter/adapter_config.json"

  static let scaledRotation = RefusedContextModel(
    "refused-rope-scaling", .shallow, base, "\"rope_theta\"",
    "\"rope_scaling\": {\"factor\": 2.0, \"rope_type\": \"linear\"},\n  \"rope_theta\"", "unsupported-configuration",
    hunts: "a base whose rotation is scaled computed without the scaling")
  static let heads = RefusedContextModel(
    "refused-heads", .shallow, base, "\"num_key_value_heads\": 2", "\"num_key_value_heads\": 3",
    "invalid-configuration", hunts: "heads that cannot be grouped")
  static let rankStabilised = RefusedContextModel(
    "refused-rslora", .shallow, adapter, "\"r\": 2", "\"use_rslora\": true, \"r\": 2", "unsupported-adapter",
    hunts: "α/√r taken for α/r")
  static let modules = RefusedContextModel(
    "refused-modules", .shallow, adapter, "\"o_proj\"", "\"up_proj\"", "unsupported-adapter",
    hunts: "an adapter of other projections taken for one of q, k, v and o")
  static let rank = RefusedContextModel(
    "refused-rank", .shallow, adapter, "\"r\": 2", "\"r\": 0", "invalid-adapter", hunts: "a rank of 0 divided by")
  static let alpha = RefusedContextModel(
    "refused-alpha", .shallow, adapter, "\"lora_alpha\": 3", "\"lora_alpha\": \"3\"", "invalid-adapter",
    hunts: "a word taken for α")
  static let shapes = RefusedContextModel(
    "refused-shapes", .shallow, adapter, "\"r\": 2", "\"r\": 3", "adapter-shape-mismatch",
    hunts: "a rank that the tensors do not have")
  static let tensor = RefusedContextModel(
    "refused-tensor", .shallow, "adapter/adapter_model.safetensors",
    .tensor(name: "base_model.model.model.layers.0.mlp.up_proj.lora_A.weight", shape: [2, ContextCaseModel.hidden]),
    "adapter-shape-mismatch", hunts: "an adapter of one projection more, of which the port makes nothing")

  package static let all = [scaledRotation, heads, rankStabilised, modules, rank, alpha, shapes, tensor]
}
