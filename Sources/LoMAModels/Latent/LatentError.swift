// LAT-10: why a directory with latent attention is refused, and because of which key or tensor.

import LoMAPeers
import LoMAReference
import LoMAVectors
import NaiveLlama

/// Why a model with latent attention, or what is asked of it, is refused.
package enum LatentError: Error, Equatable, Sendable {
  /// A file, a tensor, a key of MOD-1, or a pass.
  case checkpoint(CheckpointError)
  /// A profile, a width, bits, groups, or a text.
  case peer(PeerError)
  /// A key that would change the arithmetic does not have its plain value; the reason says what it would change.
  case unsupported(key: String, value: String, reason: String)
}

extension LatentError {
  /// The code of a tensor that is missing, extra or of another shape, the last of the list.
  package static let shapeMismatch = "latent-shape-mismatch"

  /// Whether it is a width, a stride, bits or a group, which are looked at before a request's texts (LAT-16).
  package var isOfSizes: Bool {
    guard case .peer(let error) = self else { return false }
    return error.code != "invalid-configuration"
  }

  /// The code in the Spec's list of rejections; nil for a fault that no recorded request has.
  package var code: String? {
    switch self {
    case .checkpoint(.model(.missingTensor)), .checkpoint(.model(.unexpectedTensor)), .checkpoint(.model(.wrongShape)):
      Self.shapeMismatch
    case .checkpoint(let error): error.refusal?.rejectionCode
    case .peer(let error): error.code
    case .unsupported: "unsupported-configuration"
    }
  }
}

extension LatentError: CustomStringConvertible {
  /// One line: a code or what is wrong, then the key or tensor, the numbers and the reason.
  package var description: String {
    switch self {
    case .checkpoint(let error): error.description
    case .peer(let error): error.description
    case .unsupported(let key, let value, let reason): "unsupported-configuration: \(key) is \(value): \(reason)"
    }
  }
}
