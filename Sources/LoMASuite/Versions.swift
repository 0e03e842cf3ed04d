// The version numbers that a report or a bug names.

/// Versions of the specification and of the suite.
package enum Versions {
  /// The version of the text in Spec/; it grows when a clause is added or its meaning is corrected.
  package static let specification = "0.2"
  /// The version of the catalogue, and the `since` of the newest cases; it grows when cases are added.
  package static let suite = "1.1"
  /// The version that froze the first ids: `since` of every case that names no later one.
  static let frozen = "1.0"
  /// The next version: `since` of the cases that it added.
  static let second = "1.1"
  /// Whether the ids of the catalogue are frozen; the recorder then refuses to change their meaning.
  package static let isPublished = true
}
