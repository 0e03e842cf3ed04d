// Suite 1.2: the models of other families: small, with frequencies that fall into every branch of a scaling.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

/// What a model of the corpus has beyond the plain Llama.
struct FamilyShape: Sendable {
  /// The word that a candidate declares.
  let word: CaseFamily
  var type = ModelFamily.llama
  var scaling = RotationScaling.none
  var biases: Biases = []
  var maximumPositions: Int?
  var slidingWindow: Int?
}

extension CaseModel {
  /// With plain frequencies divided by 4.
  static let linear = CaseModel(
    "linear", 30, layers: 2, heads: 2, keyValueHeads: 1, headDimension: 8, tied: false, form: .older,
    family: FamilyShape(word: .linear, scaling: .linear(factor: 4), maximumPositions: 256))
  /// With frequencies that would change from position 64 on, where no row stands.
  static let dynamic = CaseModel(
    "dynamic", 31, layers: 2, heads: 2, keyValueHeads: 1, headDimension: 8, tied: true,
    family: FamilyShape(word: .dynamic, scaling: .dynamic(factor: 16), maximumPositions: 64))
  /// With wavelengths 6.3, 15, 35, 84, … and a band from 8 to 64: one frequency is kept, two are mixed, five divided.
  static let llama3 = CaseModel(
    "llama3", 32, layers: 2, heads: 2, keyValueHeads: 1, headDimension: 16, tied: false, form: .nested,
    family: FamilyShape(
      word: .llama3,
      scaling: .llama3(
        Llama3Scaling(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 8, originalPositions: 64)),
      maximumPositions: 512))
  /// With the numbers of Llama 3.2, in `rope_scaling`.
  static let llama32 = CaseModel(
    "llama3-tied", 33, layers: 1, heads: 2, keyValueHeads: 1, headDimension: 64, tied: true, theta: 500_000,
    family: FamilyShape(
      word: .llama3,
      scaling: .llama3(
        Llama3Scaling(factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 8192)),
      maximumPositions: 131_072))
  /// With a ramp from pair 0 to pair 3, and a = 1.14.
  static let yarn = CaseModel(
    "yarn", 34, layers: 2, heads: 2, keyValueHeads: 1, headDimension: 16, tied: false, form: .nested,
    family: FamilyShape(
      word: .yarn, scaling: .yarn(YarnScaling(factor: 4, originalPositions: 64)), maximumPositions: 256))
  /// With a ramp that does not begin and end at whole pairs, betas and a of its own.
  static let yarnGiven: CaseModel = {
    var scaling = YarnScaling(factor: 4, originalPositions: 64)
    (scaling.betaFast, scaling.betaSlow, scaling.truncates) = (5, 0.5, false)
    scaling.givenAttentionFactor = 2
    return CaseModel(
      "yarn-untruncated", 35, layers: 2, heads: 2, keyValueHeads: 1, headDimension: 16, tied: false, form: .both,
      family: FamilyShape(word: .yarn, scaling: .yarn(scaling), maximumPositions: 256))
  }()
  /// With all seven biases.
  static let biases = CaseModel(
    "biases", 36, layers: 2, heads: 4, keyValueHeads: 2, headDimension: 4, tied: false,
    family: FamilyShape(word: .biases, biases: [.attention, .feedForward]))
  /// With a window that is wider than every text.
  static let mistral = CaseModel(
    "mistral", 37, layers: 2, heads: 4, keyValueHeads: 2, headDimension: 4, tied: false,
    family: FamilyShape(word: .mistral, type: .mistral, maximumPositions: 4096, slidingWindow: 64))
  /// With biases of q, k and v, which no key mentions.
  static let qwen2 = CaseModel(
    "qwen2", 38, layers: 2, heads: 4, keyValueHeads: 2, headDimension: 2, tied: true,
    family: FamilyShape(word: .qwen2, type: .qwen2, biases: .inputs, maximumPositions: 4096))
  /// With norms of queries and keys, whose gains are far apart, and heads four times as wide as hidden/H.
  static let qwen3 = CaseModel(
    "qwen3", 39, layers: 2, heads: 4, keyValueHeads: 2, headDimension: 8, tied: false, form: .both,
    family: FamilyShape(word: .qwen3, type: .qwen3, maximumPositions: 4096))

  /// Gains of heads that differ by up to four, so that it shows whether they stand before or behind the rotation.
  static func spread(_ gains: Tensor) -> Tensor {
    Tensor(shape: gains.shape, values: gains.values.enumerated().map { i, gain in i % 2 == 0 ? 2 * gain : gain / 2 })
  }

  static let families = [linear, dynamic, llama3, llama32, yarn, yarnGiven, biases, mistral, qwen2, qwen3]
}
