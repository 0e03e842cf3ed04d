// TRN-5, LAT-10: a recipe of a model with latent attention: everything that determines the weights of a training run.

import LoMA
import LoMAModels
import LoMAPeers
import LoMAPeersReference
import LoMAReference
import LoMAVectors
import NaiveLlama

/// A complete training run with latent attention: the same recipe gives the same weights, bit for bit.
package struct LatentRecipe: Hashable, Sendable {
  /// The shape of the model; its vocabulary is the texts' with `<m>` and `<r>`, used or not.
  package var configuration: LatentConfiguration
  /// c, t and L, which cut texts into chunks.
  package var parameters: Parameters
  /// LoMA's decisions.
  package var profile: Profile
  /// Which rows are fed and what they see: LoMA's, those of its twin, or of another memory.
  package var arrangement: RowArrangement
  /// Where texts come from.
  package var data: TrainingData
  /// The number of full chunks of each text; there is no tail.
  package var chunks: Int
  /// The number of texts per batch.
  package var batch: Int
  /// The seed of the weights and of all batches.
  package var seed: UInt64
  /// η, clipping, optimiser and loss terms.
  package var settings: TrainerSettings
  /// The number of steps between two checkpoints.
  package var checkpointEvery: Int
  /// The element type in which the finished model is stored.
  package var elementType: ElementType
  /// SHA-256 of the recipe's text, in hexadecimal digits.
  package var digest: String
  /// How tokens learn to share an entry (BAS-26); nil: every token has its own.
  package var pooling: PooledSettings?
}

extension LatentRecipe {
  /// Whether the text of a recipe says `"method": "latent"`.
  package static func isOne(_ text: [UInt8]) -> Bool {
    let value = try? StrictJSON.parse(text, sizeLimit: 1 << 16, depthLimit: 8)
    return value?.objectValue?["method"] == .string("latent")
  }

  /// Parses the text of a recipe: every key is required, and no other is allowed.
  package init(parsing text: [UInt8]) throws(TrainingError) {
    let value: JSONValue
    do { value = try StrictJSON.parse(text, sizeLimit: 1 << 16, depthLimit: 8) } catch {
      throw .json(file: "recipe", error)
    }
    let recipe = try RecipeObject(
      value, prefix: "",
      keys: ["method", "model", "latent", "loma", "data", "training", "optimiser", "element_type"])
    guard try recipe.string("method") == "latent" else {
      throw recipe.invalid("method", try recipe.value("method"), "latent")
    }
    let loma = try recipe.object("loma", keys: ["compression_ratio", "memory_length", "profile", "compressed"])
    parameters = try Recipe.parameters(loma)
    profile = try Recipe.profile(loma)
    arrangement = try loma.boolean("compressed") ? .loma : .twin
    guard arrangement == .loma || Twin.profiles.contains(profile) else {
      throw loma.invalid("profile", .string(profile.name), "base or numbering=sequential where nothing is compressed")
    }
    data = try Recipe.data(recipe)
    configuration = try Self.configuration(recipe, vocabularySize: data.textSize + 2)
    let training = try recipe.object(
      "training", keys: ["losses", "chunks", "batch", "steps", "seed", "checkpoint_every"])
    chunks = try training.integer("chunks", in: 1...1024)
    batch = try training.integer("batch", in: 1...65_536)
    seed = UInt64(try training.integer("seed", in: 0...Int.max))
    checkpointEvery = try training.integer("checkpoint_every", in: 1...Int.max)
    settings = try Recipe.settings(recipe, training)
    elementType = try Recipe.elementType(recipe)
    digest = SHA256.hexDigest(of: text)
  }

  /// The shape of `model` and `latent`.
  private static func configuration(
    _ recipe: RecipeObject, vocabularySize: Int
  ) throws(TrainingError) -> LatentConfiguration {
    let latent = try recipe.object(
      "latent", keys: ["stride", "bits", "rotated_bits", "group", "rms_norm_eps", "profile"])
    let name = try latent.string("profile")
    let profile: LatentProfile
    do { profile = try LatentProfile(name: name) } catch { throw .latent(.peer(error)) }
    let common: Set = [
      "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "rms_norm_eps", "rope_theta",
      "tie_word_embeddings",
    ]
    let model: RecipeObject
    let form: LatentForm
    switch profile.entries {
    case .latent:
      model = try recipe.object(
        "model",
        keys: common.union([
          LatentKeys.latent, LatentKeys.queryLatent, LatentKeys.plain, LatentKeys.rotated, LatentKeys.value,
        ]))
      form = .latent(
        LatentWidths(
          heads: try model.integer("num_attention_heads", in: 1...256),
          plain: try model.integer(LatentKeys.plain, in: 0...4096),
          rotated: try model.integer(LatentKeys.rotated, in: 0...4096),
          value: try model.integer(LatentKeys.value, in: 1...4096),
          latent: try model.integer(LatentKeys.latent, in: 1...4096),
          queryLatent: try model.optionalInteger(LatentKeys.queryLatent, in: 1...4096),
          bits: try latent.optionalInteger("bits", in: 1...StoredBits.limit),
          rotatedBits: try latent.optionalInteger("rotated_bits", in: 1...StoredBits.limit),
          group: try latent.optionalInteger("group", in: 1...4096)))
    case .heads:
      model = try recipe.object("model", keys: common.union(["num_key_value_heads", "head_dim"]))
      form = .heads(
        query: try model.integer("num_attention_heads", in: 1...256),
        keyValue: try model.integer("num_key_value_heads", in: 1...256),
        dimension: try model.integer("head_dim", in: 2...4096))
      for key in ["bits", "rotated_bits", "group"] where try latent.value(key) != .null {
        throw latent.invalid(key, try latent.value(key), "null under entries=heads")
      }
    }
    let (hidden, inner) = (
      try model.integer("hidden_size", in: 1...4096), try model.integer("intermediate_size", in: 1...16_384)
    )
    let (layers, stride) = (
      try model.integer("num_hidden_layers", in: 1...64), try latent.integer("stride", in: 1...64)
    )
    let tied = try model.boolean("tie_word_embeddings")
    let (epsilon, latentEpsilon, theta) = (
      try model.number("rms_norm_eps", from: 0, below: 1), try latent.number("rms_norm_eps", from: 0, below: 1),
      try model.number("rope_theta", from: 1, below: 0x1p60)
    )
    let attention: LatentParameters
    do { attention = try LatentParameters(profile: profile, stride: stride, form: form) } catch {
      throw .latent(.peer(error))
    }
    do {
      return try LatentConfiguration(
        shape: LatentShape(
          vocabularySize: vocabularySize, hiddenSize: hidden, intermediateSize: inner, layers: layers,
          tiesHead: tied, attention: attention), epsilon: epsilon, latentEpsilon: latentEpsilon, theta: theta)
    } catch { throw .model(.model(error)) }
  }
}

extension LatentRecipe {
  /// V, `<m>`, `<r>` and V' (PAR-2).
  package var vocabulary: Vocabulary {
    get throws(TrainingError) {
      do { return try arrangement.vocabulary(textSize: data.textSize, memoryLength: parameters.t) } catch {
        throw .model(.rejected(error))
      }
    }
  }

  /// The number of text tokens of a text.
  package var textLength: Int { chunks * parameters.chunkLength }

  /// The `loma` object of the finished model; nil where LoMA compresses nothing.
  var section: LoMASection? {
    guard arrangement == .loma else { return nil }
    let size = data.textSize
    return LoMASection(
      textVocabulary: size, memoryToken: size, repetitionToken: size + 1, c: parameters.c, t: parameters.t,
      profile: profile)
  }

  /// Which keys a row sees.
  package var rules: LoMARules { arrangement.rules }

  /// The rows of a text that are fed.
  func rows(_ text: [Int], _ vocabulary: Vocabulary) throws(TrainingError) -> [Row] {
    let layout: Layout
    do {
      layout = try .training(text: text, vocabulary: vocabulary, parameters: parameters, profile: profile)
    } catch { throw .model(.rejected(error)) }
    return arrangement.rows(layout.rows, parameters, profile)
  }

  /// The weights before the first step, and the random generator that goes on to draw the batches (TRN-3).
  func start() -> (trainer: LatentTrainer, numbers: SeededNumbers) {
    var numbers = SeededNumbers(seed: seed)
    var weights = ParameterSet.initial(configuration, numbers: &numbers)
    if pooling != nil, let llama = configuration.llama { weights = weights.withoutDecisions(llama) }
    return (LatentTrainer(configuration: configuration, parameters: weights), numbers)
  }
}
