// The version numbers a report or a bug needs to name.

/// Versions of the specification and of this suite.
package enum Versions {
  /// Version of the text in Spec/; it grows when a clause is added or its meaning is corrected.
  package static let specification = "0.2"
  /// Version of the catalogue of cases; it grows when cases are added, and is the `since` of these.
  package static let suite = "1.1"
  /// The version that froze the ids it had: `since` of every case that names no later one.
  static let frozen = "1.0"
  /// The version after it: `since` of the cases that it adds.
  static let second = "1.1"
  /// Whether the ids of the catalogue are frozen; the recorder then refuses to change what they mean.
  package static let isPublished = true
}
