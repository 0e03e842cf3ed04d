// Why vectors cannot be used.

import LoMAVectors

/// Why a corpus cannot be read or one of its files cannot be trusted; exit code 4.
package enum CorpusError: Error, Hashable, Sendable {
  /// The manifest is not a valid manifest of version 1.
  case manifest(String)
  /// A file is missing, or its size, digest or contents are not what the manifest says.
  case damaged(file: String, reason: String)
}

extension CorpusError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .manifest(let reason): "vectors damaged: manifest.json: \(reason)"
    case .damaged(let file, let reason): "vectors damaged: \(file): \(reason)"
    }
  }
}
