// BAS-21: the models that cases of chapter 19 share: small Llamas, seeded, with weights of high variance that are exact in
// bf16. Recorded below Vectors/peers/models.

import LoMAAnswers
import LoMAModels
import LoMAVectors
import NaiveLlama

/// A Llama with seeded weights.
package struct BaselineCaseModel: Sendable {
  package let name: String
  let seed: UInt64
  let layers: Int
  let heads: Int
  let keyValueHeads: Int
  let headDimension: Int
  /// Whether keys are such that DMC accumulates some tokens, and queries such that their weights differ (BAS-15).
  let pools: Bool

  /// V of all models.
  static let vocabulary = 11
  static let hidden = 8

  package var path: String { "models/\(name)" }

  static let gqa = BaselineCaseModel("bas-gqa", 501, layers: 3, heads: 4, keyValueHeads: 2)
  static let mha = BaselineCaseModel("bas-mha", 502, layers: 2, heads: 2, keyValueHeads: 2)
  static let mqa = BaselineCaseModel("bas-mqa", 503, layers: 4, heads: 3, keyValueHeads: 1, headDimension: 2)
  static let pooling = BaselineCaseModel("bas-dmc", 504, layers: 2, heads: 4, keyValueHeads: 2, pools: true)

  package static let all = [gqa, mha, mqa, pooling]
  /// What refused models are made of; it is in no folder itself.
  fileprivate static let spoilt = BaselineCaseModel(
    "bas-spoilt", 505, layers: 1, heads: 2, keyValueHeads: 1, headDimension: 2)

  private init(
    _ name: String, _ seed: UInt64, layers: Int, heads: Int, keyValueHeads: Int, headDimension: Int = 4,
    pools: Bool = false
  ) {
    self.name = name
    self.seed = seed
    self.layers = layers
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headDimension = headDimension
    self.pools = pools
  }

  /// The shape as config.json gives it.
  func configuration() throws(ModelError) -> Configuration {
    try Configuration(
      vocabularySize: Self.vocabulary, hiddenSize: Self.hidden, intermediateSize: 12, layers: layers, queryHeads: heads,
      keyValueHeads: keyValueHeads, headDimension: headDimension, epsilon: 0x1p-14, theta: 100, tiesHead: false)
  }

  /// Configuration and parameters.
  package func inMemory() throws(ModelError) -> Model {
    let configuration = try configuration()
    var numbers = SeededNumbers(seed: seed)
    var parameters = ParameterSet.highVariance(configuration, numbers: &numbers)
    if pools {
      // Powers of two keep the weights exact: the last channel of keys is often above 5, that of queries often below −5.
      for layer in 0..<layers {
        parameters.scaleLastChannels(of: ParameterName.layer(layer).key, dimension: headDimension, by: 4)
        parameters.scaleLastChannels(of: ParameterName.layer(layer).query, dimension: headDimension, by: 2)
      }
    }
    return Model(configuration: configuration, parameters: parameters)
  }

  /// What a judge must know of the form of an answer, as parameters of a property case (BAS-23).
  var answerForm: [String: RequestParameter] {
    [
      "model_vocabulary": .integer(Self.vocabulary), "layers": .integer(layers), "kv_heads": .integer(keyValueHeads),
      "head_dim": .integer(headDimension),
    ]
  }
}

extension ParameterSet {
  fileprivate mutating func scaleLastChannels(of name: String, dimension: Int, by factor: Double) {
    guard var weight = tensors[name] else { return }
    for row in stride(from: dimension - 1, to: weight.rows, by: dimension) {
      for column in 0..<weight.columns { weight[row, column] *= factor }
    }
    tensors[name] = weight
  }
}

/// A model of the corpus that every candidate must refuse: another model with a line of config.json changed.
package struct RefusedBaselineModel: Sendable {
  package let name: String
  package let right: String
  package let wrong: String
  /// The rejection code that is the right answer, and the clause that says so.
  let code: String
  let clause: String
  /// What a port does wrong that answers.
  let hunts: String

  package static let spoilt = BaselineCaseModel.spoilt
  package var path: String { "models/\(name)" }

  static let bias = RefusedBaselineModel(
    name: "bas-refused-rope-scaling", right: "\"rope_theta\"",
    wrong: "\"rope_scaling\": {\"factor\": 2.0, \"rope_type\": \"linear\"},\n  \"rope_theta\"",
    code: "unsupported-configuration", clause: "MOD-1", hunts: "a rotation that is scaled computed without the scaling")
  static let heads = RefusedBaselineModel(
    name: "bas-refused-heads", right: "\"num_key_value_heads\": 1", wrong: "\"num_key_value_heads\": 3",
    code: "invalid-configuration", clause: "MOD-4", hunts: "heads that cannot be grouped")

  package static let all = [bias, heads]
}
