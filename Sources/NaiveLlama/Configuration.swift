// MOD-1, MOD-4, MOD-10, MOD-11: the shape of a Llama decoder and the names of its parameters, as in a Hugging Face checkpoint.

/// The numbers that shape a decoder, under the names of config.json; checked against each other once, here.
public struct Configuration: Hashable, Sendable {
  /// `vocab_size`, V'.
  public let vocabularySize: Int
  /// `hidden_size`.
  public let hiddenSize: Int
  /// `intermediate_size`.
  public let intermediateSize: Int
  /// `num_hidden_layers`.
  public let layers: Int
  /// `num_attention_heads` H, `num_key_value_heads` H_kv and `head_dim` d.
  public let heads: AttentionHeads
  /// `rms_norm_eps`, ε.
  public let epsilon: Double
  /// θ, and how its frequencies are scaled (MOD-3, MOD-8, MOD-9).
  public let rotation: Rotation
  /// `tie_word_embeddings`: the head is the embedding table.
  public let tiesHead: Bool
  /// `model_type`.
  public let family: ModelFamily
  /// The linear layers that have a bias (MOD-10); none in a plain Llama.
  public let biases: Biases
  /// Whether queries and keys are normalised before the rotation (MOD-11).
  public let normalisesQueriesAndKeys: Bool
  /// `max_position_embeddings`; nil if config.json does not say it. It matters where the rotation is scaled (MOD-8).
  public let maximumPositions: Int?
  /// `sliding_window` where layers have one; nil otherwise (MOD-13).
  public let slidingWindow: Int?

  /// `rope_theta`, θ.
  public var theta: Double { rotation.theta }

  /// Checks ranges, that H_kv divides H and that d is even; d is hidden/H if it is nil (MOD-4). What another family adds
  /// has the plain Llama's value unless it is given (MOD-8 to MOD-13).
  public init(
    vocabularySize: Int, hiddenSize: Int, intermediateSize: Int, layers: Int, queryHeads: Int, keyValueHeads: Int,
    headDimension: Int?, epsilon: Double, theta: Double, tiesHead: Bool, family: ModelFamily = .llama,
    scaling: RotationScaling = .none, biases: Biases = [], normalisesQueriesAndKeys: Bool = false,
    maximumPositions: Int? = nil, slidingWindow: Int? = nil
  ) throws(ModelError) {
    for (key, value) in [
      ("vocab_size", vocabularySize), ("hidden_size", hiddenSize), ("intermediate_size", intermediateSize),
      ("num_hidden_layers", layers), ("num_attention_heads", queryHeads), ("num_key_value_heads", keyValueHeads),
      ("head_dim", headDimension ?? 1),
    ] where value < 1 || value > Self.largestExtent {
      throw .invalidConfiguration(key: key, value: "\(value)", requirement: "in 1...\(Self.largestExtent)")
    }
    guard queryHeads % keyValueHeads == 0 else {
      throw .invalidConfiguration(
        key: "num_key_value_heads", value: "\(keyValueHeads)", requirement: "a divisor of \(queryHeads) heads")
    }
    guard headDimension != nil || hiddenSize % queryHeads == 0 else {
      throw .invalidConfiguration(
        key: "num_attention_heads", value: "\(queryHeads)", requirement: "a divisor of hidden_size \(hiddenSize)")
    }
    let dimension = headDimension ?? hiddenSize / queryHeads
    guard dimension % 2 == 0 else {
      throw .invalidConfiguration(key: "head_dim", value: "\(dimension)", requirement: "even")
    }
    guard epsilon >= 0, epsilon.isFinite else {
      throw .invalidConfiguration(key: "rms_norm_eps", value: Self.text(epsilon), requirement: "finite and at least 0")
    }
    guard theta > 0, theta.isFinite else {
      throw .invalidConfiguration(key: "rope_theta", value: Self.text(theta), requirement: "finite and above 0")
    }
    self.vocabularySize = vocabularySize
    self.hiddenSize = hiddenSize
    self.intermediateSize = intermediateSize
    self.layers = layers
    self.heads = AttentionHeads(query: queryHeads, keyValue: keyValueHeads, dimension: dimension)
    self.epsilon = epsilon
    for (key, value) in [("max_position_embeddings", maximumPositions), ("sliding_window", slidingWindow)] {
      guard let value, value < 1 else { continue }
      throw .invalidConfiguration(key: key, value: "\(value)", requirement: "at least 1")
    }
    try scaling.check(theta: theta)
    self.rotation = Rotation(headDimension: dimension, theta: theta, scaling: scaling)
    self.tiesHead = tiesHead
    self.family = family
    self.biases = biases
    self.normalisesQueriesAndKeys = normalisesQueriesAndKeys
    self.maximumPositions = maximumPositions
    self.slidingWindow = slidingWindow
  }

  /// The same model with another number of ids or layers; throws if it is out of range.
  public func with(vocabularySize: Int? = nil, layers: Int? = nil) throws(ModelError) -> Configuration {
    try Configuration(
      vocabularySize: vocabularySize ?? self.vocabularySize, hiddenSize: hiddenSize,
      intermediateSize: intermediateSize, layers: layers ?? self.layers, queryHeads: heads.query,
      keyValueHeads: heads.keyValue, headDimension: heads.dimension, epsilon: epsilon, theta: theta,
      tiesHead: tiesHead, family: family, scaling: rotation.scaling, biases: biases,
      normalisesQueriesAndKeys: normalisesQueriesAndKeys, maximumPositions: maximumPositions,
      slidingWindow: slidingWindow)
  }

  /// The largest extent allowed: 2²⁴, or 2¹⁵ if an `Int` has 32 bits; a product of two then fits an `Int`.
  public static let largestExtent = 1 << min(24, Int.bitWidth / 2 - 1)

  /// Every parameter with its shape, in the order of the forward pass (MOD-1).
  public var parameters: [(name: String, shape: [Int])] {
    let queryWidth = heads.query * heads.dimension
    let keyValueWidth = heads.keyValue * heads.dimension
    var list: [(name: String, shape: [Int])] = [(ParameterName.embedding, [vocabularySize, hiddenSize])]
    for layer in 0..<layers {
      let name = ParameterName.layer(layer)
      /// A linear layer's weight, and its bias if it has one.
      func linear(_ weight: String, _ outputs: Int, _ inputs: Int, _ bias: Biases, _ biasName: String) {
        list.append((weight, [outputs, inputs]))
        if biases.contains(bias) { list.append((biasName, [outputs])) }
      }
      list.append((name.attentionNorm, [hiddenSize]))
      linear(name.query, queryWidth, hiddenSize, .query, name.queryBias)
      linear(name.key, keyValueWidth, hiddenSize, .key, name.keyBias)
      linear(name.value, keyValueWidth, hiddenSize, .value, name.valueBias)
      if normalisesQueriesAndKeys {
        list += [(name.queryNorm, [heads.dimension]), (name.keyNorm, [heads.dimension])]
      }
      linear(name.attentionOutput, hiddenSize, queryWidth, .attentionOutput, name.attentionOutputBias)
      list.append((name.feedForwardNorm, [hiddenSize]))
      linear(name.gate, intermediateSize, hiddenSize, .gate, name.gateBias)
      linear(name.up, intermediateSize, hiddenSize, .up, name.upBias)
      linear(name.down, hiddenSize, intermediateSize, .down, name.downBias)
    }
    list.append((ParameterName.finalNorm, [hiddenSize]))
    if !tiesHead { list.append((ParameterName.head, [vocabularySize, hiddenSize])) }
    return list
  }

  /// The parameter the head multiplies with: its own, or the embedding table when tied (MOD-6).
  public var headName: String { tiesHead ? ParameterName.embedding : ParameterName.head }

  static func text(_ value: Double) -> String {
    #if hasFeature(Embedded)
      value.isNaN ? "NaN" : "out of range"
    #else
      "\(value)"
    #endif
  }
}

/// The parameters of a Llama decoder under the names that `save_pretrained` writes.
public enum ParameterName {
  /// The embedding table: [V', hidden].
  public static let embedding = "model.embed_tokens.weight"
  /// The gain of the last RMSNorm: [hidden].
  public static let finalNorm = "model.norm.weight"
  /// The output projection: [V', hidden]; absent when tied.
  public static let head = "lm_head.weight"

  /// Whether a parameter is a bias (MOD-10).
  public static func isBias(_ name: String) -> Bool { name.utf8.suffix(5).elementsEqual(".bias".utf8) }

  /// The names of the parameters of layer `index`.
  public static func layer(_ index: Int) -> LayerParameterNames { LayerParameterNames(index: index) }
}

/// The nine parameters of a decoder layer, and those that another family adds (MOD-10, MOD-11).
public struct LayerParameterNames: Hashable, Sendable {
  /// The layer's number, counted from 0.
  public let index: Int

  private var prefix: String { "model.layers.\(index)." }

  /// The gain of the RMSNorm before attention: [hidden].
  public var attentionNorm: String { prefix + "input_layernorm.weight" }
  /// Wq: [H·d, hidden].
  public var query: String { prefix + "self_attn.q_proj.weight" }
  /// Wk: [H_kv·d, hidden].
  public var key: String { prefix + "self_attn.k_proj.weight" }
  /// Wv: [H_kv·d, hidden].
  public var value: String { prefix + "self_attn.v_proj.weight" }
  /// Wo: [hidden, H·d].
  public var attentionOutput: String { prefix + "self_attn.o_proj.weight" }
  /// The gain of the RMSNorm before the feed-forward block: [hidden].
  public var feedForwardNorm: String { prefix + "post_attention_layernorm.weight" }
  /// Wgate: [intermediate, hidden].
  public var gate: String { prefix + "mlp.gate_proj.weight" }
  /// Wup: [intermediate, hidden].
  public var up: String { prefix + "mlp.up_proj.weight" }
  /// Wdown: [hidden, intermediate].
  public var down: String { prefix + "mlp.down_proj.weight" }
  /// The gain of the RMSNorm over each query head: [d].
  public var queryNorm: String { prefix + "self_attn.q_norm.weight" }
  /// The gain of the RMSNorm over each key head: [d].
  public var keyNorm: String { prefix + "self_attn.k_norm.weight" }

  /// Biases, named after the weight they follow: [out].
  public var queryBias: String { prefix + "self_attn.q_proj.bias" }
  /// [H_kv·d].
  public var keyBias: String { prefix + "self_attn.k_proj.bias" }
  /// [H_kv·d].
  public var valueBias: String { prefix + "self_attn.v_proj.bias" }
  /// [hidden].
  public var attentionOutputBias: String { prefix + "self_attn.o_proj.bias" }
  /// [intermediate].
  public var gateBias: String { prefix + "mlp.gate_proj.bias" }
  /// [intermediate].
  public var upBias: String { prefix + "mlp.up_proj.bias" }
  /// [hidden].
  public var downBias: String { prefix + "mlp.down_proj.bias" }
}
