// Why vectors cannot be used.

import LoMAVectors

/// Why a corpus cannot be read, or a file of it not trusted; exit code 4.
package enum CorpusError: Error, Hashable, Sendable {
  /// The manifest is no manifest of version 1.
  case manifest(String)
  /// A file is missing, longer or shorter than listed, has another digest or does not hold what it must.
  case damaged(file: String, reason: String)
}

extension CorpusError: CustomStringConvertible {
  /// One line.
  package var description: String {
    switch self {
    case .manifest(let reason): "vectors damaged: manifest.json: \(reason)"
    case .damaged(let file, let reason): "vectors damaged: \(file): \(reason)"
    }
  }
}
