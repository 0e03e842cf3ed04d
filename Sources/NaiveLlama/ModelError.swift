// MOD-1, MOD-4, TRN-2: what can be wrong with a model, in names and numbers.

/// Why a model, or a token given to it, cannot be computed.
public enum ModelError: Error, Hashable, Sendable {
  /// A configuration value is out of range, or two of them do not fit each other.
  case invalidConfiguration(key: String, value: String, requirement: String)
  /// A configuration key is absent and has no default.
  case missingConfiguration(key: String)
  /// A configuration asks for something that is not computed; `reason` says what, and may be empty.
  case unsupportedConfiguration(key: String, value: String, reason: String = "")
  /// A parameter the configuration implies is absent.
  case missingTensor(String)
  /// A tensor has a name that no parameter has.
  case unexpectedTensor(String)
  /// A parameter has another shape than the configuration implies.
  case wrongShape(tensor: String, shape: [Int], expected: [Int])
  /// A weight is NaN or infinite; `index` counts in row-major order.
  case nonFiniteWeight(tensor: String, index: Int)
  /// A token id is not below V', the rows of the embedding.
  case tokenOutsideModel(token: Int, index: Int, vocabulary: Int)
  /// A row stands at a position beyond what the model can be asked for; `key` of config.json sets the limit (MOD-8, MOD-13).
  case positionBeyondLimit(position: Int, key: String, limit: Int)
  /// The gradients of a training step, counted from 1, have no finite norm (TRN-2).
  case divergedTraining(step: Int)
  /// The bytes of a parameter could not be read.
  case unreadable(tensor: String, reason: String)
}

extension ModelError: CustomStringConvertible {
  /// One line that names the tensor or key and the numbers.
  public var description: String {
    switch self {
    case .invalidConfiguration(let key, let value, let requirement):
      "invalid-configuration: \(key) is \(value), must be \(requirement)"
    case .missingConfiguration(let key): "missing-configuration: \(key)"
    case .unsupportedConfiguration(let key, let value, let reason):
      "unsupported-configuration: \(key) is \(value)" + (reason.isEmpty ? "" : ": " + reason)
    case .missingTensor(let name): "missing-tensor: \(name)"
    case .unexpectedTensor(let name): "unexpected-tensor: \(name)"
    case .wrongShape(let name, let shape, let expected):
      "wrong-shape: \(name) is \(Self.list(shape)), must be \(Self.list(expected))"
    case .nonFiniteWeight(let name, let index): "non-finite-weight: \(name) at index \(index)"
    case .tokenOutsideModel(let token, let index, let vocabulary):
      "token-outside-model: token \(token) at row \(index) is not in 0..<\(vocabulary)"
    case .positionBeyondLimit(let position, let key, let limit):
      "unsupported-configuration: \(key) is \(limit), and a row stands at position \(position)"
    case .divergedTraining(let step): "diverged-training: the gradients of step \(step) have no finite norm"
    case .unreadable(let name, let reason): "unreadable-tensor: \(name): \(reason)"
    }
  }

  private static func list(_ extents: [Int]) -> String {
    "[" + extents.map { "\($0)" }.joined(separator: ", ") + "]"
  }
}
