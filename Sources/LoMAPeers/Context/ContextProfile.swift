// CCM-3: the axes of compressed context memory, each with its default first, and a profile as text.

import LoMA

/// One choice on every axis; `base` is every default.
package struct ContextProfile: Hashable, Sendable {
  /// What is kept of the segments compressed so far.
  package enum Memory: String, CaseIterable, Hashable, Sendable {
    /// The n entries of every segment.
    case concat
    /// n running means, one for each slot.
    case merge
  }
  /// What contexts and COMP rows see beside their own segment.
  package enum Recurrence: String, CaseIterable, Hashable, Sendable {
    /// The memory of the segments before.
    case recurrent
    /// Nothing.
    case separate
  }
  /// Whether rows that hold BOS are seen by all later rows and never dropped.
  package enum Sink: String, CaseIterable, Hashable, Sendable {
    /// They are rows like any other.
    case off
    /// They are.
    case on
  }

  /// How much a segment counts in the running means.
  package enum Rate: String, CaseIterable, Hashable, Sendable {
    /// As much as every other.
    case mean
    /// A share a, and what was before the rest.
    case exponential
  }

  /// CCM-3: what the memory is.
  package var memory = Memory.concat
  /// CCM-3: whether contexts see it.
  package var recurrence = Recurrence.recurrent
  /// CCM-16: whether BOS stays.
  package var sink = Sink.off
  /// CCM-17: how a segment enters the running means; of no effect under `memory = concat`.
  package var mergeRate = Rate.mean

  /// Every axis at its default: the paper's CCM-concat.
  package static let base = ContextProfile()

  private init() {}

  /// The one representative of profiles that behave alike: `merge_rate` matters only under `memory = merge`.
  package var canonical: ContextProfile {
    var profile = self
    if memory == .concat { profile.mergeRate = .mean }
    return profile
  }

  /// All distinct profiles, `base` first: 12 of the 16 combinations.
  package static var all: [ContextProfile] {
    var profiles = [base]
    for axis in ContextAxis.allCases {
      profiles = profiles.flatMap { profile in axis.values.compactMap { profile.choosing(axis, $0) } }
    }
    return profiles.filter { $0.canonical == $0 }
  }
}

/// An axis by name, so that a profile can be written and read as axis=value pairs.
package enum ContextAxis: String, CaseIterable, Hashable, Sendable {
  /// `concat` or `merge`.
  case memory
  /// `recurrent` or `separate`.
  case recurrence
  /// `off` or `on`.
  case sink
  /// `mean` or `exponential`.
  case mergeRate = "merge_rate"

  /// The possible values as written in a profile, the default first.
  package var values: [String] {
    switch self {
    case .memory: ContextProfile.Memory.allCases.map { $0.rawValue }
    case .recurrence: ContextProfile.Recurrence.allCases.map { $0.rawValue }
    case .sink: ContextProfile.Sink.allCases.map { $0.rawValue }
    case .mergeRate: ContextProfile.Rate.allCases.map { $0.rawValue }
    }
  }
}

extension ContextProfile {
  /// The profile's value on an axis, as written.
  package subscript(axis: ContextAxis) -> String {
    switch axis {
    case .memory: memory.rawValue
    case .recurrence: recurrence.rawValue
    case .sink: sink.rawValue
    case .mergeRate: mergeRate.rawValue
    }
  }

  /// A copy of this profile with another value on one axis; nil if the axis has no such value.
  package func choosing(_ axis: ContextAxis, _ value: String) -> ContextProfile? {
    var profile = self
    switch axis {
    case .memory:
      guard let chosen = Memory(rawValue: value) else { return nil }
      profile.memory = chosen
    case .recurrence:
      guard let chosen = Recurrence(rawValue: value) else { return nil }
      profile.recurrence = chosen
    case .sink:
      guard let chosen = Sink(rawValue: value) else { return nil }
      profile.sink = chosen
    case .mergeRate:
      guard let chosen = Rate(rawValue: value) else { return nil }
      profile.mergeRate = chosen
    }
    return profile
  }

  /// Reads axis=value pairs; an axis not named keeps its value of `base`. The result is canonical.
  ///
  /// Throws `unknownAxis`, `unknownAlternative` or `repeatedAxis`.
  package init(_ pairs: [(axis: String, value: String)]) throws(PeerError) {
    var profile = ContextProfile.base
    var named: Set<ContextAxis> = []
    for (name, value) in pairs {
      guard let axis = ContextAxis(rawValue: name) else { throw .unknownAxis(name) }
      guard named.insert(axis).inserted else { throw .repeatedAxis(name) }
      guard let chosen = profile.choosing(axis, value) else { throw .unknownAlternative(axis: name, value: value) }
      profile = chosen
    }
    self = profile.canonical
  }

  /// Reads a profile in the form of `name`: `base`, or axis=value pairs joined by commas.
  package init(name: String) throws(PeerError) {
    try self.init(Profile.pairs(inName: name))
  }

  /// The profile as text: `base`, or the axes on which it differs from `base`, with its values, joined by commas.
  package var name: String {
    let differing = ContextAxis.allCases.filter { self[$0] != ContextProfile.base[$0] }
    return Profile.name(ofPairs: differing.map { (axis: $0.rawValue, value: self[$0]) })
  }
}
