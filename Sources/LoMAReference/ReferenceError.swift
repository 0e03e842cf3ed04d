// PAR-2, GEN-2…GEN-5, REC-1, OPS-6: why a text, a request or a model is refused, in names and numbers.

import LoMA
import NaiveLlama

/// Why a text was not read, written or reconstructed.
public enum ReferenceError: Error, Hashable, Sendable {
  /// The text, the parameters or the request break a clause of chapters 1–7.
  case rejected(InputError)
  /// The model is not one that can be computed, or a token or a weight does not fit it.
  case model(ModelError)
  /// A logit of a fed row is NaN or infinite: finite weights can still leave the range of binary64. No token follows.
  case nonFiniteLogits(Place)
  /// The squares that an RMSNorm sums for a fed row leave the range of binary64, which would make the row 0 (MOD-2).
  case nonFiniteNorm(Place)
}

extension ReferenceError: CustomStringConvertible {
  /// One line: the code of the error, then the row, the tensor or the key and its numbers.
  public var description: String {
    switch self {
    case .rejected(let error): error.description
    case .model(let error): error.description
    case .nonFiniteLogits(let place): "non-finite-logits: \(Self.name(place))"
    case .nonFiniteNorm(let place): "non-finite-norm: \(Self.name(place))"
    }
  }

  private static func name(_ place: Place) -> String {
    guard let chunk = place.chunk, let index = place.index else { return "\(place.zone.rawValue) row" }
    return "\(place.zone.rawValue) row \(index) of chunk \(chunk)"
  }
}

extension ReferenceError {
  /// The code in the Spec's list of rejections; nil if neither the text nor the configuration is at fault (OPS-6).
  public var rejectionCode: String? {
    switch self {
    case .rejected(let error): error.code
    case .model(let error): error.rejectionCode
    case .nonFiniteLogits, .nonFiniteNorm: nil
    }
  }
}

extension ModelError {
  /// The code in the Spec's list of rejections; nil if the configuration is not at fault (OPS-6).
  public var rejectionCode: String? {
    switch self {
    case .unsupportedConfiguration, .positionBeyondLimit: "unsupported-configuration"  // MOD-1, MOD-8, MOD-13
    case .invalidConfiguration: "invalid-configuration"  // MOD-4
    case .missingConfiguration, .missingTensor, .unexpectedTensor, .wrongShape, .nonFiniteWeight, .tokenOutsideModel,
      .divergedTraining, .unreadable:
      nil
    }
  }
}

/// The value of an expression of the integer core, its error as a `ReferenceError`.
public func rejecting<Value>(_ check: @autoclosure () throws(InputError) -> Value) throws(ReferenceError) -> Value {
  do { return try check() } catch { throw .rejected(error) }
}

/// The value of an expression of the model, its error as a `ReferenceError`.
public func computing<Value>(_ pass: @autoclosure () throws(ModelError) -> Value) throws(ReferenceError) -> Value {
  do { return try pass() } catch { throw .model(error) }
}
