// MOD-10…MOD-13: what a checkpoint of another family has beside the plain Llama's parameters.

/// The families that are read; each is a `model_type` of config.json.
public enum ModelFamily: String, CaseIterable, Hashable, Sendable {
  /// Llama: biases only where config.json says so.
  case llama
  /// Mistral: a Llama that may have a sliding window.
  case mistral
  /// Qwen2: q, k and v have biases, whatever config.json says.
  case qwen2
  /// Qwen3: queries and keys are normalised.
  case qwen3
}

/// The linear layers of a decoder layer that have a bias (MOD-10).
public struct Biases: OptionSet, Hashable, Sendable {
  /// One bit per linear layer.
  public let rawValue: UInt8

  /// A set of these bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// `q_proj`.
  public static let query = Biases(rawValue: 1)
  /// `k_proj`.
  public static let key = Biases(rawValue: 2)
  /// `v_proj`.
  public static let value = Biases(rawValue: 4)
  /// `o_proj`.
  public static let attentionOutput = Biases(rawValue: 8)
  /// `gate_proj`.
  public static let gate = Biases(rawValue: 16)
  /// `up_proj`.
  public static let up = Biases(rawValue: 32)
  /// `down_proj`.
  public static let down = Biases(rawValue: 64)
  /// Those of q, k and v, as every Qwen2 has them.
  public static let inputs: Biases = [.query, .key, .value]
  /// `attention_bias`: those of q, k, v and o.
  public static let attention: Biases = [.query, .key, .value, .attentionOutput]
  /// `mlp_bias`: those of gate, up and down.
  public static let feedForward: Biases = [.gate, .up, .down]
}

/// The positions a model can be asked for: all below a number that config.json gives (MOD-8, MOD-13).
public struct PositionLimit: Hashable, Sendable {
  /// The key of config.json that sets it.
  public let key: String
  /// The first position that is refused.
  public let count: Int

  /// A limit that a key sets.
  public init(key: String, count: Int) {
    self.key = key
    self.count = count
  }
}

extension Configuration {
  /// Whether this is the Llama of MOD-1 to MOD-6, with nothing that another family adds.
  public var isPlain: Bool {
    rotation.scaling == .none && biases.isEmpty && !normalisesQueriesAndKeys && slidingWindow == nil
  }

  /// The positions that can be asked for; nil: all. Dynamic frequencies are plain below `max_position_embeddings`, and a
  /// window hides nothing from rows whose positions are all below its width.
  public var positionLimit: PositionLimit? {
    var limit = slidingWindow.map { PositionLimit(key: "sliding_window", count: $0) }
    if case .dynamic = rotation.scaling, let count = maximumPositions, count < limit?.count ?? .max {
      limit = PositionLimit(key: "max_position_embeddings", count: count)
    }
    return limit
  }

  /// Throws `positionBeyondLimit` for the first position that the model cannot be asked for.
  public func check(positions: [Int]) throws(ModelError) {
    guard let limit = positionLimit else { return }
    for position in positions where position >= limit.count {
      throw .positionBeyondLimit(position: position, key: limit.key, limit: limit.count)
    }
  }
}
