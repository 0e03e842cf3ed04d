// The models that cases share: small, seeded, with weights of high variance that are exact in bf16. Recorded below
// Vectors/models.

import LoMA
import LoMAAnswers
import LoMAModels
import LoMAReference
import LoMAVectors
import NaiveLlama

/// A model of the corpus with seeded weights.
package struct CaseModel: Sendable {
  package let name: String
  let seed: UInt64
  let layers: Int
  let heads: Int
  let keyValueHeads: Int
  let headDimension: Int
  let hidden: Int
  let epsilon: Double
  let theta: Double
  let tied: Bool
  /// Whether text ids v and v + 4 have the same row in the head, one number of which is 1: scores are then equal in any
  /// order of summation.
  let hasEqualScores: Bool
  /// The same, but for a difference so small that the scores are equal in F32 and differ in F64.
  let hasCloseScores: Bool
  package let vocabulary: CaseVocabulary
  /// Whether its weights use all 24 bits of F32; otherwise each is exact in bf16.
  let fillsF32: Bool
  /// The factor on the gain of its last norm.
  let loudness: Double
  package let form: ConfigurationForm
  /// What it has beyond the plain Llama; nil: nothing.
  let family: FamilyShape?

  package var path: String { "models/\(name)" }

  static let mha = CaseModel("mha", 1, layers: 2, heads: 2, keyValueHeads: 2, headDimension: 4, tied: false)
  static let gqa = CaseModel("gqa", 2, layers: 2, heads: 4, keyValueHeads: 2, headDimension: 4, tied: false)
  static let mqa = CaseModel("mqa-tied", 3, layers: 2, heads: 4, keyValueHeads: 1, headDimension: 4, tied: true)
  static let deep = CaseModel("deep", 4, layers: 3, heads: 4, keyValueHeads: 2, headDimension: 4, tied: false)
  static let shallow = CaseModel("shallow", 5, layers: 1, heads: 4, keyValueHeads: 2, headDimension: 4, tied: false)
  static let wide64 = CaseModel("head64", 6, layers: 2, heads: 2, keyValueHeads: 1, headDimension: 64, tied: true)
  static let wide128 = CaseModel("head128", 7, layers: 1, heads: 2, keyValueHeads: 1, headDimension: 128, tied: true)
  static let bytes = CaseModel(
    "bytes", 8, layers: 2, heads: 2, keyValueHeads: 1, headDimension: 8, tied: true, vocabulary: .bytes)
  static let sixHeads = CaseModel(
    "six-heads", 9, layers: 2, heads: 6, keyValueHeads: 2, headDimension: 2, tied: false, hidden: 12)

  static let ties = CaseModel(
    "ties", 10, layers: 2, heads: 2, keyValueHeads: 1, headDimension: 4, tied: false, hasEqualScores: true)

  /// With a θ that is not an integer, and without the keys that have a default.
  static let sparse = CaseModel(
    "sparse-keys", 11, layers: 2, heads: 2, keyValueHeads: 2, headDimension: 4, tied: false, epsilon: 1e-6,
    theta: 12_345.5, form: .sparse)
  /// With θ where newer versions of transformers write it, and so small that dropping its fraction shows in every type.
  static let nested = CaseModel(
    "nested-keys", 12, layers: 2, heads: 4, keyValueHeads: 2, headDimension: 4, tied: true, theta: 2.5,
    form: .nested)
  /// With weights of 24 bits; asked only in f64 and f32, since narrow types cannot start from the same numbers.
  static let precise = CaseModel(
    "precise", 13, layers: 2, heads: 4, keyValueHeads: 2, headDimension: 4, tied: false, fillsF32: true)
  /// With logits beyond 100, whose powers leave the range of F32.
  static let loud = CaseModel(
    "loud", 14, layers: 2, heads: 2, keyValueHeads: 1, headDimension: 4, tied: false, loudness: 64)

  /// With choices that F32 cannot make; asked only in f64.
  static let close = CaseModel(
    "close", 15, layers: 2, heads: 2, keyValueHeads: 1, headDimension: 4, tied: false, hasCloseScores: true)
  /// With four ids and one head of dimension 2, so that thousands of positions cost little.
  static let tiny = CaseModel(
    "tiny", 16, layers: 1, heads: 1, keyValueHeads: 1, headDimension: 2, tied: false, hidden: 4,
    vocabulary: CaseVocabulary(text: 2, memory: 3, repetition: 2, model: 4))

  /// The models that suite 1.0 froze, in the manifest's order.
  private static let first = [mha, gqa, mqa, deep, shallow, wide64, wide128, bytes, sixHeads, ties]
  package static let all = first + [sparse, nested, precise, loud, close, tiny] + families

  /// The models that fresh cases draw from; in the others a choice or a text has too little room, or a family is needed.
  static let drawn = all.filter { !$0.hasCloseScores && $0.name != tiny.name && $0.family == nil }

  init(
    _ name: String, _ seed: UInt64, layers: Int, heads: Int, keyValueHeads: Int, headDimension: Int, tied: Bool,
    hidden: Int = 8, vocabulary: CaseVocabulary = .small, hasEqualScores: Bool = false,
    hasCloseScores: Bool = false, epsilon: Double = 0x1p-14,
    theta: Double = 1000, fillsF32: Bool = false, loudness: Double = 1, form: ConfigurationForm = .explicit,
    family: FamilyShape? = nil
  ) {
    self.name = name
    self.seed = seed
    self.layers = layers
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headDimension = headDimension
    // Hugging Face refuses a width that is not a multiple of the number of heads, even if head_dim is given.
    self.hidden = hidden
    // Most are exact in binary, and none is Hugging Face's default or close to it, so that a port that ignores the key
    // is found.
    self.epsilon = epsilon
    self.theta = theta
    self.fillsF32 = fillsF32
    self.loudness = loudness
    self.form = form
    self.family = family
    self.tied = tied
    self.hasEqualScores = hasEqualScores
    self.hasCloseScores = hasCloseScores
    self.vocabulary = vocabulary
  }

  /// The shape as config.json gives it.
  func configuration() throws(ModelError) -> Configuration {
    try Configuration(
      vocabularySize: vocabulary.model, hiddenSize: hidden, intermediateSize: 12, layers: layers, queryHeads: heads,
      keyValueHeads: keyValueHeads, headDimension: headDimension, epsilon: epsilon, theta: theta, tiesHead: tied,
      family: family?.type ?? .llama, scaling: family?.scaling ?? .none, biases: family?.biases ?? [],
      normalisesQueriesAndKeys: family?.type == .qwen3, maximumPositions: family?.maximumPositions,
      slidingWindow: family?.slidingWindow)
  }

  func parameters() throws(ModelError) -> ParameterSet {
    var numbers = SeededNumbers(seed: seed)
    var parameters = ParameterSet.highVariance(try configuration(), numbers: &numbers)
    if fillsF32 {
      for name in parameters.names {
        guard let tensor = parameters.tensors[name] else { continue }
        parameters.tensors[name] = Tensor(
          shape: tensor.shape, values: tensor.values.map { CaseInputs.filled($0, numbers: &numbers) })
      }
    }
    if loudness != 1, let gain = parameters.tensors[ParameterName.finalNorm] {
      parameters.tensors[ParameterName.finalNorm] = Tensor(shape: gain.shape, values: gain.values.map { $0 * loudness })
    }
    for layer in 0..<layers {
      for name in [ParameterName.layer(layer).queryNorm, ParameterName.layer(layer).keyNorm] {
        parameters.tensors[name] = parameters.tensors[name].map { Self.spread($0) }
      }
    }
    if hasEqualScores || hasCloseScores {
      var head = Tensor(zeros: [vocabulary.model, hidden])
      for id in 0..<vocabulary.text {
        head[id, id % 4] = 1
        if hasCloseScores { head[id, 4] = id < 4 ? 0 : id < 8 ? 0x1p-27 : -0x1p-27 }
      }
      parameters.tensors[ParameterName.head] = head
    }
    return parameters
  }

  /// Configuration and parameters.
  package func inMemory() throws(ModelError) -> Model {
    Model(configuration: try configuration(), parameters: try parameters())
  }

  /// The text vocabulary, special ids, c and t as parameters of a request.
  func parameters(c: Int, t: Int) -> [String: RequestParameter] {
    vocabulary.parameters.adding(["c": .integer(c), "t": .integer(t)])
  }
}
