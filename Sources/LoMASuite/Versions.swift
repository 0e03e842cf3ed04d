// The version numbers a report or a bug needs to name.

/// Versions of the specification and of this suite.
public enum Versions {
  /// Version of the text in Spec/; it grows when a clause is added or its meaning is corrected.
  public static let specification = "0.1"
  /// Version of the catalogue of cases; ids freeze at 1.0.
  public static let suite = "0.1"
  /// Whether the ids of the catalogue are frozen; the recorder then refuses to change what they mean.
  public static let isPublished = false
}
