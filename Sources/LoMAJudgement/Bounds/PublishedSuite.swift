// TOL-12: which bounds belong to a published manifest. Docs/Vectors.md names the same digests, for a port to pin.

/// The vectors of a suite as they were published.
package struct PublishedSuite: Equatable, Sendable {
  /// Its version.
  package let suite: String
  /// SHA-256 of manifest.json, which names every other file but the bounds.
  package let manifest: String
  /// SHA-256 of bounds.json.
  package let bounds: String

  /// Every suite whose bounds record what they were made of.
  package static let all = [
    PublishedSuite(
      suite: "1.1", manifest: "d1ea2be172f9b631afdcb7190f1dd7237e9ca3ff2fcfe9213b6000efc170df84",
      bounds: "e9ab89d393b4bc34032e3e9eb1811f0a2723f5bde3a146fb743b13f934b8ded0")
  ]

  /// The suite of a manifest; none of vectors of one's own, or of a suite that is not published yet.
  package static func of(manifest digest: String) -> PublishedSuite? { all.first { $0.manifest == digest } }
}
