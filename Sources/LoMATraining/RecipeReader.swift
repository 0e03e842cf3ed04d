// TRN-5: reading a recipe, strictly: every key is required, and no other is allowed.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

extension Recipe {
  /// Reads a recipe file of at most 64 KiB.
  package init(file path: String) throws(TrainingError) {
    let text: [UInt8]
    do { text = try Files.contents(of: path, byteLimit: 1 << 16) } catch { throw .file(error) }
    try self.init(parsing: text)
  }

  /// Parses the text of a recipe.
  package init(parsing text: [UInt8]) throws(TrainingError) {
    let value: JSONValue
    do { value = try StrictJSON.parse(text, sizeLimit: 1 << 16, depthLimit: 8) } catch {
      throw .json(file: "recipe", error)
    }
    let recipe = try RecipeObject(
      value, prefix: "",
      keys: ["model", "loma", "data", "training", "optimiser", "element_type"])
    let loma = try recipe.object("loma", keys: ["compression_ratio", "memory_length", "profile"])
    parameters = try Self.parameters(loma)
    profile = try Self.profile(loma)
    data = try Self.data(recipe)
    configuration = try Self.configuration(recipe, vocabularySize: data.textSize + 2)
    let training = try recipe.object(
      "training", keys: ["losses", "chunks", "batch", "steps", "seed", "checkpoint_every"])
    chunks = try training.integer("chunks", in: 1...1024)
    batch = try training.integer("batch", in: 1...65_536)
    seed = UInt64(try training.integer("seed", in: 0...Int.max))
    checkpointEvery = try training.integer("checkpoint_every", in: 1...Int.max)
    settings = try Self.settings(recipe, training)
    elementType = try Self.elementType(recipe)
    digest = SHA256.hexDigest(of: text)
  }
}

extension Recipe {
  /// c, t and L.
  static func parameters(_ loma: RecipeObject) throws(TrainingError) -> Parameters {
    // These ranges limit the work for one text far below what `Parameters` allows.
    let c = try loma.integer("compression_ratio", in: 1...4096)
    let t = try loma.integer("memory_length", in: 1...4096)
    do { return try Parameters(c: c, t: t) } catch { throw .model(.rejected(error)) }
  }

  /// LoMA's decisions.
  static func profile(_ loma: RecipeObject) throws(TrainingError) -> Profile {
    let name = try loma.string("profile")
    do { return try Profile(name: name) } catch { throw .model(.rejected(error)) }
  }

  /// Where texts come from.
  static func data(_ recipe: RecipeObject) throws(TrainingError) -> TrainingData {
    let value = try recipe.value("data")
    if value.objectValue?["alphabet"] != nil {
      let data = try recipe.object("data", keys: ["alphabet"])
      return .random(alphabet: try data.integer("alphabet", in: 2...65_536))
    }
    let data = try recipe.object("data", keys: ["file", "sha256", "held_out_bytes"])
    let file = try data.string("file")
    guard !file.isEmpty, !file.contains("/"), !file.hasPrefix(".") else {
      throw data.invalid("file", .string(file), "the name of a file beside the recipe")
    }
    return .bytes(
      file: file, digest: try data.string("sha256"), heldOut: try data.integer("held_out_bytes", in: 0...1 << 24))
  }

  /// The type in which the finished model is stored.
  static func elementType(_ recipe: RecipeObject) throws(TrainingError) -> ElementType {
    let name = try recipe.string("element_type")
    guard let type = [ElementType.f64, .f32, .bf16].first(where: { $0.rawValue == name }) else {
      throw recipe.invalid("element_type", .string(name), "one of F64, F32, BF16")
    }
    return type
  }

  /// The shape of `model`.
  static func configuration(_ recipe: RecipeObject, vocabularySize: Int) throws(TrainingError) -> Configuration {
    let model = try recipe.object(
      "model",
      keys: [
        "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
        "rms_norm_eps", "rope_theta", "tie_word_embeddings",
      ])
    let (hidden, inner) = (
      try model.integer("hidden_size", in: 1...4096), try model.integer("intermediate_size", in: 1...16_384)
    )
    let (layers, heads, keyValueHeads) = (
      try model.integer("num_hidden_layers", in: 1...64), try model.integer("num_attention_heads", in: 1...256),
      try model.integer("num_key_value_heads", in: 1...256)
    )
    let (epsilon, theta) = (
      try model.number("rms_norm_eps", from: 0, below: 1), try model.number("rope_theta", from: 1, below: 0x1p60)
    )
    let tied = try model.boolean("tie_word_embeddings")
    do throws(ModelError) {
      return try Configuration(
        vocabularySize: vocabularySize, hiddenSize: hidden, intermediateSize: inner, layers: layers, queryHeads: heads,
        keyValueHeads: keyValueHeads, headDimension: nil, epsilon: epsilon, theta: theta, tiesHead: tied)
    } catch { throw .model(.model(error)) }
  }

  /// Optimiser, schedule, clipping and loss terms.
  static func settings(_ recipe: RecipeObject, _ training: RecipeObject) throws(TrainingError)
    -> TrainerSettings
  {
    let (rate, adamW, largestNorm) = try optimiser(recipe, steps: try training.integer("steps", in: 1...1 << 30))
    return TrainerSettings(
      learningRate: rate, optimiser: adamW, largestNorm: largestNorm,
      objective: try training.choice("losses", of: Objective.self))
  }

  /// η of every step, AdamW's other numbers, and the norm that gradients are clipped to.
  static func optimiser(
    _ recipe: RecipeObject, steps: Int
  ) throws(TrainingError) -> (rate: LearningRate, adamW: AdamWSettings, largestNorm: Double) {
    let optimiser = try recipe.object(
      "optimiser",
      keys: ["learning_rate", "warm_up", "decay", "beta1", "beta2", "epsilon", "weight_decay", "largest_norm"])
    let rate = LearningRate(
      peak: try optimiser.number("learning_rate", from: 0, below: 1),
      warmUp: try optimiser.integer("warm_up", in: 0...steps - 1), steps: steps,
      decay: try optimiser.choice("decay", of: Decay.self))
    let adamW = AdamWSettings(
      learningRate: rate.peak, beta1: try optimiser.number("beta1", from: 0, below: 1),
      beta2: try optimiser.number("beta2", from: 0, below: 1),
      epsilon: try optimiser.number("epsilon", from: 0x1p-100, below: 1),
      weightDecay: try optimiser.number("weight_decay", from: 0, below: 1))
    return (rate, adamW, try optimiser.number("largest_norm", from: 0x1p-100, below: 0x1p100))
  }
}
