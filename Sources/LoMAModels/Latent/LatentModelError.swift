// LAT-10: why a model with latent attention is refused, and because of which key or tensor.

import LoMAPeers
import LoMAVectors
import NaiveLlama

/// Why a directory of LAT-10 is refused.
package enum LatentModelError: Error, Equatable, Sendable {
  /// Stride, widths, bits or group.
  case sizes(PeerError)
  /// A file, or a key that every decoder has.
  case base(CheckpointError)
  /// A tensor is missing, has another shape, or is none of the model's.
  case tensors(ModelError)
}

extension LatentModelError {
  /// The code in the Spec's list of rejections; nil for a fault that no recorded request has.
  package var code: String? {
    switch self {
    case .sizes(let error): error.code
    case .base(let error): error.refusal?.rejectionCode
    case .tensors(let error):
      switch error {
      case .missingTensor, .unexpectedTensor, .wrongShape: "latent-shape-mismatch"
      case .invalidConfiguration, .missingConfiguration, .unsupportedConfiguration, .nonFiniteWeight,
        .tokenOutsideModel, .divergedTraining, .unreadable:
        nil
      }
    }
  }

  /// Whether the fault is looked for before a request's texts: that of a size (LAT-16).
  package var isOfSizes: Bool {
    if case .sizes(let error) = self { error.code != "invalid-configuration" } else { false }
  }
}

extension LatentModelError: CustomStringConvertible {
  /// One line: a code or what is wrong, then the key or tensor and the numbers.
  package var description: String {
    switch self {
    case .sizes(let error): error.description
    case .base(let error): error.description
    case .tensors(let error): (code.map { $0 + ": " } ?? "") + error.description
    }
  }
}
