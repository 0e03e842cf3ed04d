// TOL-12: which bounds belong to a published manifest. Docs/Vectors.md lists the same digests for ports to pin.

/// The digests of a suite as published.
package struct PublishedSuite: Equatable, Sendable {
  package let suite: String
  /// SHA-256 of manifest.json, which lists the digests of all other files except the bounds.
  package let manifest: String
  /// SHA-256 of bounds.json.
  package let bounds: String

  /// Every published suite whose bounds file records its measurements.
  package static let all = [
    PublishedSuite(
      suite: "1.1", manifest: "d1ea2be172f9b631afdcb7190f1dd7237e9ca3ff2fcfe9213b6000efc170df84",
      bounds: "e9ab89d393b4bc34032e3e9eb1811f0a2723f5bde3a146fb743b13f934b8ded0"),
    PublishedSuite(
      suite: "1.2", manifest: "c700ddee8e2039432a65cf32918108239f29e7a84bc6a282e9ad1c100587c267",
      bounds: "0ba040db048282084b840de4a19e75864cd62df2716e18fd87b194d381c6300a"),
  ]

  /// The published suite with this manifest; nil for a user's own vectors or a suite not published yet.
  package static func of(manifest digest: String) -> PublishedSuite? { all.first { $0.manifest == digest } }
}
