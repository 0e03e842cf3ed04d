// LAT-1: the axes of latent attention, each with its default first, a profile as text, and the points that have names.

/// One choice on every axis; `base` is every default.
package struct LatentProfile: Hashable, Sendable {
  /// What a producer stores.
  package enum Entries: String, CaseIterable, Hashable, Sendable {
    /// A latent and one rotated key for all heads (LAT-4).
    case latent
    /// Rotated keys and values of the KV heads (LAT-8).
    case heads
  }
  /// Whose W_UK and W_UV make keys and values of a latent (LAT-5).
  package enum UpProjection: String, CaseIterable, Hashable, Sendable {
    /// The reading layer's.
    case own
    /// The producer's.
    case shared
  }
  /// Whether the latent passes an RMSNorm (LAT-4).
  package enum LatentNorm: String, CaseIterable, Hashable, Sendable {
    /// It does.
    case on
    /// It is stored as it is.
    case off
  }

  /// LAT-1: what is stored.
  package var entries = Entries.latent
  /// LAT-5: whose up-projections are read.
  package var upProjection = UpProjection.own
  /// LAT-4: whether the latent is normalised.
  package var latentNorm = LatentNorm.on
  /// QNT-1, QNT-2: which quantiser; of no effect without bits.
  package var quantiser = QuantiserForm.asymmetric
  /// QNT-3: how lo and Δ are kept; of no effect without bits.
  package var scaleRounding = ScaleRounding.none

  /// Every axis at its default: what MLA does.
  package static let base = LatentProfile()

  private init() {}

  /// The one representative of profiles that behave alike: under `entries = heads` no other axis has an effect.
  package var canonical: LatentProfile {
    guard entries == .heads else { return self }
    var profile = Self.base
    profile.entries = .heads
    return profile
  }

  /// All distinct profiles, `base` first: 17 of the 32 combinations.
  package static var all: [LatentProfile] {
    var profiles = [base]
    for axis in LatentAxis.allCases {
      profiles = profiles.flatMap { profile in axis.values.compactMap { profile.choosing(axis, $0) } }
    }
    return profiles.filter { $0.canonical == $0 }
  }
}

/// An axis by name, so that a profile can be written and read as axis=value pairs.
package enum LatentAxis: String, CaseIterable, Hashable, Sendable {
  /// `latent` or `heads`.
  case entries
  /// `own` or `shared`.
  case upProjection = "up_projection"
  /// `on` or `off`.
  case latentNorm = "latent_norm"
  /// `asymmetric` or `symmetric`.
  case quantiser
  /// `none` or `bf16`.
  case scaleRounding = "scale_rounding"

  /// The possible values as written in a profile, the default first.
  package var values: [String] {
    switch self {
    case .entries: LatentProfile.Entries.allCases.map { $0.rawValue }
    case .upProjection: LatentProfile.UpProjection.allCases.map { $0.rawValue }
    case .latentNorm: LatentProfile.LatentNorm.allCases.map { $0.rawValue }
    case .quantiser: QuantiserForm.allCases.map { $0.rawValue }
    case .scaleRounding: ScaleRounding.allCases.map { $0.rawValue }
    }
  }
}

extension LatentProfile {
  /// The profile's value on an axis, as written.
  package subscript(axis: LatentAxis) -> String {
    switch axis {
    case .entries: entries.rawValue
    case .upProjection: upProjection.rawValue
    case .latentNorm: latentNorm.rawValue
    case .quantiser: quantiser.rawValue
    case .scaleRounding: scaleRounding.rawValue
    }
  }

  /// A copy of this profile with another value on one axis; nil if the axis has no such value.
  package func choosing(_ axis: LatentAxis, _ value: String) -> LatentProfile? {
    var profile = self
    switch axis {
    case .entries:
      guard let chosen = Entries(rawValue: value) else { return nil }
      profile.entries = chosen
    case .upProjection:
      guard let chosen = UpProjection(rawValue: value) else { return nil }
      profile.upProjection = chosen
    case .latentNorm:
      guard let chosen = LatentNorm(rawValue: value) else { return nil }
      profile.latentNorm = chosen
    case .quantiser:
      guard let chosen = QuantiserForm(rawValue: value) else { return nil }
      profile.quantiser = chosen
    case .scaleRounding:
      guard let chosen = ScaleRounding(rawValue: value) else { return nil }
      profile.scaleRounding = chosen
    }
    return profile
  }

  /// Reads axis=value pairs; an axis not named keeps its value of `base`. The result is canonical.
  ///
  /// Throws `unknownAxis`, `unknownAlternative` or `repeatedAxis`.
  package init(_ pairs: [(axis: String, value: String)]) throws(PeerError) {
    var profile = LatentProfile.base
    var named: Set<LatentAxis> = []
    for (name, value) in pairs {
      guard let axis = LatentAxis(rawValue: name) else { throw .unknownAxis(name) }
      guard named.insert(axis).inserted else { throw .repeatedAxis(name) }
      guard let chosen = profile.choosing(axis, value) else { throw .unknownAlternative(axis: name, value: value) }
      profile = chosen
    }
    self = profile.canonical
  }

  /// Reads a profile in the form of `name`: `base`, or axis=value pairs joined by commas.
  package init(name: String) throws(PeerError) {
    guard name != "base" else {
      self = .base
      return
    }
    try self.init(
      name.split(separator: ",", omittingEmptySubsequences: false).map { pair in
        let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return (axis: String(halves[0]), value: halves.count == 2 ? String(halves[1]) : "")
      })
  }

  /// The profile as text: `base`, or the axes on which it differs from `base`, with its values, joined by commas.
  package var name: String {
    let pairs = LatentAxis.allCases.filter { self[$0] != LatentProfile.base[$0] }
      .map { $0.rawValue + "=" + self[$0] }
    return pairs.isEmpty ? "base" : pairs.joined(separator: ",")
  }
}

/// The points of the family that have names (LAT-1).
package enum LatentPoint: String, CaseIterable, Hashable, Sendable {
  /// Multi-head latent attention.
  case mla
  /// Cross-layer attention.
  case cla
  /// A point of this project's decisions (P-5); of the paper it is named after, only the abstract was read.
  case clla

  /// The choices of the point on the axes.
  package var profile: LatentProfile {
    switch self {
    case .mla, .clla: .base
    case .cla: LatentProfile.base.choosing(.entries, "heads") ?? .base
    }
  }

  /// s; nil if any.
  package var stride: Int? {
    switch self {
    case .mla: 1
    case .cla: nil
    case .clla: 2
    }
  }

  /// b; nil if the latent is not quantised. The rotated key is quantised in none.
  package var bits: Int? {
    switch self {
    case .mla, .cla: nil
    case .clla: 4
    }
  }
}
