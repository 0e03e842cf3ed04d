// EQB-3: the models of a comparison that are trained, each by the basis' recipe with another arrangement of rows or
// another attention.

import LoMA
import LoMAPeers
import LoMAPeersReference
import LoMAReference
import LoMAVectors
import NaiveLlama

/// A model that is trained for a comparison: its name, and all that tells it from the others.
package enum TrainedGroup: String, CaseIterable, Hashable, Sendable {
  /// Nothing is compressed; what acts after training acts on this one.
  case twin
  /// LoMA at the basis' c.
  case loma = "loma-c4"
  /// Latent attention in an eighth of the bits of the twin.
  case latentEighth = "mla-8"
  /// The concatenated memory of chapter 16, all weights trained, no adapter.
  case context = "ccm-concat"
  /// The point of this project's decisions that is named `clla`.
  case sharedLatent = "clla"
  /// Latent attention in a quarter of the bits of the twin.
  case latentQuarter = "mla-4"
  /// Keys and values of the first layer, read by all.
  case crossLayer = "cla"
  /// LoMA with half the memory rows.
  case lomaHalf = "loma-c8"
  /// Tokens that learn to share an entry, c of the basis an entry (BAS-26).
  case pooled = "dmc"
  /// The merged memory of chapter 16, all weights trained, no adapter.
  case merged = "ccm-merge"
}

extension TrainedGroup {
  /// Which rows are fed.
  package var arrangement: RowArrangement {
    switch self {
    case .loma, .lomaHalf: .loma
    case .context: .context
    case .merged: .merged
    case .twin, .latentEighth, .latentQuarter, .sharedLatent, .crossLayer, .pooled: .twin
    }
  }

  /// c and t of the same chunk; a group without memory rows has the basis', which cut texts into chunks.
  package func parameters(_ basis: Parameters) throws(InputError) -> Parameters {
    switch self {
    case .lomaHalf: try Parameters(c: 2 * basis.c, t: basis.t / 2)
    case .twin, .loma, .context, .latentEighth, .latentQuarter, .sharedLatent, .crossLayer, .pooled, .merged: basis
    }
  }

  /// The attention in the place of the basis', whose keys and values are `heads` of `dimension` channels.
  ///
  /// A latent with its rotated key takes the fraction in its name of 2·heads·dimension numbers.
  func attention(_ basis: Configuration) throws(PeerError) -> LatentParameters {
    let (query, keyValue, dimension) = (basis.heads.query, basis.heads.keyValue, basis.heads.dimension)
    let full = 2 * keyValue * dimension
    func latent(_ numbers: Int, rotated: Int, bits: Int?, stride: Int) throws(PeerError) -> LatentParameters {
      try LatentParameters(
        profile: .base, stride: stride,
        form: .latent(
          LatentWidths(
            heads: query, plain: dimension - rotated, rotated: rotated, value: dimension, latent: numbers - rotated,
            queryLatent: nil, bits: bits, rotatedBits: nil, group: nil)))
    }
    func heads(stride: Int) throws(PeerError) -> LatentParameters {
      try LatentParameters(
        profile: LatentPoint.cla.profile, stride: stride,
        form: .heads(query: query, keyValue: keyValue, dimension: dimension))
    }
    return switch self {
    case .twin, .loma, .lomaHalf, .context, .pooled, .merged: try heads(stride: 1)
    case .crossLayer: try heads(stride: basis.layers)
    case .latentQuarter: try latent(full / 4, rotated: dimension / 2, bits: nil, stride: 1)
    case .latentEighth: try latent(full / 8, rotated: dimension / 4, bits: nil, stride: 1)
    case .sharedLatent:
      try latent(
        3 * dimension, rotated: dimension / 2, bits: LatentPoint.clla.bits, stride: LatentPoint.clla.stride ?? 1)
    }
  }
}

/// One training of a comparison.
package struct BudgetRun: Sendable {
  /// The model that is trained.
  package let group: TrainedGroup
  /// The seed of its weights and batches.
  package let seed: Int
  /// The name of its result's file, such as `random-loma-c4-seed1`.
  package let name: String
  /// The recipe, which tells the basis and what the run replaces in it.
  package let recipe: LatentRecipe

  /// The run of a group and a seed over a basis of that name.
  init(_ group: TrainedGroup, seed: Int, of basis: Recipe, named text: String) throws(TrainingError) {
    let name = "\(text)-\(group.rawValue)-seed\(seed)"
    let parameters: Parameters
    let attention: LatentParameters
    do { parameters = try group.parameters(basis.parameters) } catch { throw .model(.rejected(error)) }
    do { attention = try group.attention(basis.configuration) } catch { throw .latent(.peer(error)) }
    let old = basis.configuration
    let vocabulary: Vocabulary
    do {
      vocabulary = try group.arrangement.vocabulary(textSize: basis.data.textSize, memoryLength: parameters.t)
    } catch { throw .model(.rejected(error)) }
    let configuration: LatentConfiguration
    do {
      configuration = try LatentConfiguration(
        shape: LatentShape(
          vocabularySize: vocabulary.modelSize, hiddenSize: old.hiddenSize, intermediateSize: old.intermediateSize,
          layers: old.layers, tiesHead: old.tiesHead, attention: attention),
        epsilon: old.epsilon, latentEpsilon: LatentConfiguration.defaultLatentEpsilon, theta: old.theta)
    } catch { throw .model(.model(error)) }
    self.group = group
    self.seed = seed
    self.name = name
    recipe = LatentRecipe(
      configuration: configuration, parameters: parameters, profile: basis.profile,
      arrangement: group.arrangement, data: basis.data, chunks: basis.chunks, batch: basis.batch, seed: UInt64(seed),
      settings: basis.settings, checkpointEvery: basis.checkpointEvery, elementType: basis.elementType,
      digest: SHA256.hexDigest(of: Array("\(basis.digest) \(name)".utf8)),
      pooling: group == .pooled ? PooledSettings(ratio: basis.parameters.c) : nil)
  }
}

/// All runs of a comparison over one basis.
package struct BudgetPlan: Sendable {
  /// The recipe in which arrangement, attention and seed are replaced.
  package let basis: Recipe
  /// `random`, `bytes`, or `long-bytes` where a text has 64 bytes or more (EQB-2); one plan of each fits a page.
  package let text: String
  /// Every run, ordered by seed, so that an unfinished comparison is one with fewer seeds.
  package let runs: [BudgetRun]

  /// The plan over a basis with profile `base`, of this many seeds.
  package init(_ basis: Recipe, seeds: Int) throws(TrainingError) {
    guard basis.profile == .base else {
      throw .invalidValue(key: "loma.profile", value: basis.profile.name, requirement: "base")
    }
    guard basis.parameters.t % 2 == 0 else {
      throw .invalidValue(key: "loma.memory_length", value: "\(basis.parameters.t)", requirement: "even")
    }
    self.basis = basis
    switch basis.data {
    case .random: text = "random"
    case .bytes: text = basis.chunks * basis.parameters.chunkLength < 64 ? "bytes" : "long-bytes"
    }
    var runs: [BudgetRun] = []
    for seed in 1...max(1, seeds) {
      for group in TrainedGroup.allCases {
        runs.append(try BudgetRun(group, seed: seed, of: basis, named: text))
      }
    }
    self.runs = runs
  }

  /// The text's name in a sentence.
  package var words: String { text == "long-bytes" ? "long bytes" : text }

  /// The recipe in Docs/Recipes that is this basis, and how a run of it is asked for.
  package var published: (recipe: String, options: String) {
    switch text {
    case "random": ("budget-random.json", "")
    case "bytes": ("text-c4.json", " --texts 500 --basis-model Vectors/models/text-c4")
    default: ("budget-text.json", " --texts 50")
    }
  }
}
