// CCM-21, TRN-5: a recipe of compressed context memory: everything that determines the weights of a training run.

import LoMAModels
import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

/// A complete training run with compressed context memory: the same recipe gives the same weights, bit for bit.
package struct ContextRecipe: Hashable, Sendable {
  /// The shape of the base; its vocabulary is the alphabet and a token for every context segment.
  package var configuration: Configuration
  /// n, V and the decisions; there is no beginning token.
  package var parameters: ContextParameters
  /// r and α.
  package var adapter: AdapterSettings
  /// The tokens of context segments are 0..<alphabet.
  package var alphabet: Int
  /// T of every text.
  package var contexts: Int
  /// The tokens of a context segment, and of an output.
  package var segmentLength: Int
  /// Whether the context segments are compressed; else they are the beginning of the final segment, and the run trains a
  /// base as it is without a memory.
  package var compresses: Bool
  /// What a step changes.
  package var training: ContextTraining
  /// SHA-256 of the model.safetensors of the base that training starts from; nil if it starts from random weights.
  package var baseDigest: String?
  /// The number of texts per batch.
  package var batch: Int
  /// The seed of the weights and of all batches.
  package var seed: UInt64
  /// η of every step; also sets the number of steps.
  package var learningRate: LearningRate
  /// β₁, β₂, ε and λ.
  package var optimiser: AdamWSettings
  /// The norm to which all gradients together are clipped (TRN-2).
  package var largestNorm: Double
  /// The number of steps between two checkpoints.
  package var checkpointEvery: Int
  /// The element type in which the finished model is stored.
  package var elementType: ElementType
  /// SHA-256 of the recipe's text, in hexadecimal digits.
  package var digest: String
}

extension ContextRecipe {
  /// Whether the text of a recipe says `"method": "ccm"`.
  package static func isOne(_ text: [UInt8]) -> Bool {
    let value = try? StrictJSON.parse(text, sizeLimit: 1 << 16, depthLimit: 8)
    return value?.objectValue?["method"] == .string("ccm")
  }

  /// Parses the text of a recipe: every key is required, and no other is allowed.
  package init(parsing text: [UInt8]) throws(TrainingError) {
    let value: JSONValue
    do { value = try StrictJSON.parse(text, sizeLimit: 1 << 16, depthLimit: 8) } catch {
      throw .json(file: "recipe", error)
    }
    let recipe = try RecipeObject(
      value, prefix: "", keys: ["method", "model", "ccm", "data", "training", "optimiser", "element_type"])
    guard try recipe.string("method") == "ccm" else {
      throw recipe.invalid("method", try recipe.value("method"), "ccm")
    }
    let data = try recipe.object("data", keys: ["alphabet", "contexts", "segment", "compressed"])
    alphabet = try data.integer("alphabet", in: 2...4096)
    contexts = try data.integer("contexts", in: 1...64)
    segmentLength = try data.integer("segment", in: 1...1024)
    compresses = try data.boolean("compressed")
    let textSize = alphabet + contexts
    configuration = try Recipe.configuration(recipe, vocabularySize: textSize)
    let ccm = try recipe.object("ccm", keys: ["memory_tokens", "profile", "rank", "lora_alpha"])
    let rank = try ccm.integer("rank", in: 1...4096)
    let alpha = try ccm.number("lora_alpha", from: 0, below: 0x1p20)
    let n = try ccm.integer("memory_tokens", in: 1...4096)
    let profile = try ccm.string("profile")
    do throws(PeerReferenceError) {
      adapter = try AdapterSettings(rank: rank, alpha: alpha)
      parameters = try Self.parameters(textSize: textSize, memoryTokens: n, profile: profile)
    } catch { throw .adapter(.peer(error)) }
    let training = try recipe.object(
      "training", keys: ["parameters", "base_sha256", "batch", "steps", "seed", "checkpoint_every"])
    self.training = try training.choice("parameters", of: ContextTraining.self)
    let base = try training.value("base_sha256")
    guard base == .null || base.stringValue != nil else {
      throw training.invalid("base_sha256", base, "64 hexadecimal digits, or null")
    }
    baseDigest = base.stringValue
    batch = try training.integer("batch", in: 1...65_536)
    seed = UInt64(try training.integer("seed", in: 0...Int.max))
    checkpointEvery = try training.integer("checkpoint_every", in: 1...Int.max)
    (learningRate, optimiser, largestNorm) = try Recipe.optimiser(
      recipe, steps: try training.integer("steps", in: 1...1 << 30))
    elementType = try Recipe.elementType(recipe)
    digest = SHA256.hexDigest(of: text)
  }

  private static func parameters(
    textSize: Int, memoryTokens: Int, profile: String
  ) throws(PeerReferenceError) -> ContextParameters {
    do {
      return try ContextParameters(
        textSize: textSize, memoryTokens: memoryTokens, beginningToken: nil,
        profile: ContextProfile(name: profile), rate: nil)
    } catch { throw .rejected(error) }
  }
}

extension ContextRecipe {
  /// The texts of one batch, or of a measurement: T context segments of random tokens, then a token alphabet + k that
  /// names one of them, and as the output that segment again.
  ///
  /// A text draws its segments token by token, then k.
  package func texts(_ count: Int, numbers: inout SeededNumbers) -> [ContextText] {
    var texts: [ContextText] = []
    for _ in 0..<count {
      var segments: [[Int]] = []
      for _ in 0..<contexts {
        var segment: [Int] = []
        for _ in 0..<segmentLength { segment.append(numbers.integer(below: alphabet)) }
        segments.append(segment)
      }
      let named = numbers.integer(below: contexts)
      let all = segments + [[alphabet + named] + segments[named]]
      texts.append(ContextText(segments: compresses ? all : [all.flatMap { $0 }], outputLength: segmentLength))
    }
    return texts
  }

  /// The parallel layouts of texts, all of one length.
  package func batch(of texts: [ContextText]) throws(TrainingError) -> ContextBatch {
    do throws(PeerError) {
      var layouts: [ContextLayout] = []
      for text in texts { layouts.append(try ContextLayout(text, parameters: parameters)) }
      return ContextBatch(layouts, parameters: parameters)
    } catch { throw .adapter(.peer(.rejected(error))) }
  }

  /// The weights before the first step, and the random generator that goes on to draw the batches.
  ///
  /// The generator draws the base's weights (TRN-3), unless they are given, then those of the adapter (CCM-21).
  func start(base given: ParameterSet?) throws(TrainingError) -> (trainer: ContextTrainer, numbers: SeededNumbers) {
    var numbers = SeededNumbers(seed: seed)
    let base = given ?? ParameterSet.initial(configuration, numbers: &numbers)
    do {
      let adapter = try ContextAdapter.initial(
        base: Weights(base), configuration: configuration, memoryEmbeddings: parameters.memoryIds, settings: adapter,
        numbers: &numbers)
      let trainer = ContextTrainer(
        configuration: configuration, base: base, adapter: adapter, parameters: parameters, training: training)
      return (trainer, numbers)
    } catch { throw .adapter(.peer(error)) }
  }
}
