// MOD-1, PAR-2: what can be wrong with a model, in names and numbers.

import LoMA

/// Why a model or an input to it was rejected.
public enum ModelError: Error, Hashable, Sendable {
  /// The text, the parameters or the request break a clause of chapters 1–7.
  case rejected(InputError)
  /// A configuration value is out of range, or two of them do not fit each other.
  case invalidConfiguration(key: String, value: String, requirement: String)
  /// A configuration key is absent and has no default.
  case missingConfiguration(key: String)
  /// A configuration asks for something the reference does not model.
  case unsupportedConfiguration(key: String, value: String)
  /// A parameter the configuration implies is absent.
  case missingTensor(String)
  /// A tensor that no parameter is named after.
  case unexpectedTensor(String)
  /// A parameter has another shape than the configuration implies.
  case wrongShape(tensor: String, shape: [Int], expected: [Int])
  /// A weight is NaN or infinite; `index` counts in row-major order.
  case nonFiniteWeight(tensor: String, index: Int)
  /// A token id is not below V', the rows of the embedding.
  case tokenOutsideModel(token: Int, index: Int, vocabulary: Int)
  /// A logit of a fed row is NaN or infinite: finite weights can still leave the range of binary64. No token follows.
  case nonFiniteLogits(Place)
  /// The squares that an RMSNorm sums for a fed row leave the range of binary64, which would make the row 0 (MOD-2).
  case nonFiniteNorm(Place)
  /// The gradients of a training step, counted from 1, have no finite norm (TRN-2).
  case divergedTraining(step: Int)
  /// The bytes of a parameter could not be read.
  case unreadable(tensor: String, reason: String)
}

extension ModelError {
  /// The code of the Spec's list, where a text or a configuration is at fault; none where neither is (OPS-6).
  public var rejectionCode: String? {
    switch self {
    case .rejected(let error): error.code
    case .unsupportedConfiguration: "unsupported-configuration"  // MOD-1
    case .invalidConfiguration: "invalid-configuration"  // MOD-4
    case .missingConfiguration, .missingTensor, .unexpectedTensor, .wrongShape, .nonFiniteWeight, .tokenOutsideModel,
      .nonFiniteLogits, .nonFiniteNorm, .divergedTraining, .unreadable:
      nil
    }
  }
}

extension ModelError: CustomStringConvertible {
  /// One line that names the tensor or key and the numbers.
  public var description: String {
    switch self {
    case .rejected(let error): error.description
    case .invalidConfiguration(let key, let value, let requirement):
      "invalid-configuration: \(key) is \(value), must be \(requirement)"
    case .missingConfiguration(let key): "missing-configuration: \(key)"
    case .unsupportedConfiguration(let key, let value): "unsupported-configuration: \(key) is \(value)"
    case .missingTensor(let name): "missing-tensor: \(name)"
    case .unexpectedTensor(let name): "unexpected-tensor: \(name)"
    case .wrongShape(let name, let shape, let expected):
      "wrong-shape: \(name) is \(Self.list(shape)), must be \(Self.list(expected))"
    case .nonFiniteWeight(let name, let index): "non-finite-weight: \(name) at index \(index)"
    case .tokenOutsideModel(let token, let index, let vocabulary):
      "token-outside-model: token \(token) at row \(index) is not in 0..<\(vocabulary)"
    case .nonFiniteLogits(let place): "non-finite-logits: \(Self.name(place))"
    case .nonFiniteNorm(let place): "non-finite-norm: \(Self.name(place))"
    case .divergedTraining(let step): "diverged-training: the gradients of step \(step) have no finite norm"
    case .unreadable(let name, let reason): "unreadable-tensor: \(name): \(reason)"
    }
  }

  private static func name(_ place: Place) -> String {
    guard let chunk = place.chunk, let index = place.index else { return "\(place.zone.rawValue) row" }
    return "\(place.zone.rawValue) row \(index) of chunk \(chunk)"
  }

  private static func list(_ extents: [Int]) -> String {
    "[" + extents.map { "\($0)" }.joined(separator: ", ") + "]"
  }
}
