// The version numbers that a report or a bug names.

import LoMAVectors

/// Versions of the specification and of the suite.
package enum Versions {
  /// The version of the text in Spec/; it grows when a clause is added or its meaning is corrected.
  package static let specification = "0.2"
  /// The version of the catalogue, and the `since` of the newest cases; it grows when cases are added.
  package static let suite = "1.2"
  /// The version of a part's catalogue.
  package static func suite(of part: Part) -> String {
    switch part {
    case .loma: suite
    case .peers: peers
    }
  }
  /// The version that froze the first ids: `since` of every case that names no later one.
  package static let frozen = "1.0"
  /// The next version: `since` of the cases that it added.
  package static let second = "1.1"
  /// The one after: `since` of the cases of other families.
  package static let third = "1.2"
  /// The version of the catalogue of part II, which has a manifest of its own.
  package static let peers = "1.0"
  /// Whether the ids of part II are frozen.
  package static let peersArePublished = false
  /// Whether the ids of the catalogue are frozen; the recorder then refuses to change their meaning.
  package static let isPublished = true
}
