// CCM-3: the axes of compressed context memory, each with its default first, and a profile as text.

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

  /// CCM-3: what the memory is.
  package var memory = Memory.concat
  /// CCM-3: whether contexts see it.
  package var recurrence = Recurrence.recurrent
  /// CCM-16: whether BOS stays.
  package var sink = Sink.off
  /// CCM-17: how a segment enters the running means; of no effect under `memory = concat`.
  package var mergeRate = MergeRate.mean

  /// Every axis at its default: the paper's CCM-concat.
  package static let base = ContextProfile()

  private init() {}

  /// The one representative of profiles that behave alike: `merge_rate` matters only under `memory = merge`.
  package var canonical: ContextProfile {
    var profile = self
    if memory == .concat { profile.mergeRate = .mean }
    return profile
  }

  /// All distinct profiles whose merge rate is one of these, `base` first.
  package static func all(mergeRates: [MergeRate]) -> [ContextProfile] {
    var profiles: [ContextProfile] = []
    for memory in Memory.allCases {
      for recurrence in Recurrence.allCases {
        for sink in Sink.allCases {
          for rate in mergeRates {
            var profile = base
            (profile.memory, profile.recurrence, profile.sink) = (memory, recurrence, sink)
            profile.mergeRate = rate
            if profile.canonical == profile { profiles.append(profile) }
          }
        }
      }
    }
    return profiles
  }
}

/// How the entries h_t of segment t enter the running mean M_t (CCM-3).
package enum MergeRate: Hashable, Sendable {
  /// M_t = (1 − 1/t)·M_{t−1} + h_t/t, the mean of all.
  case mean
  /// M_t = (1 − a)·M_{t−1} + a·h_t with M₁ = h₁.
  case exponential(DecimalShare)

  /// As written in a profile.
  package var name: String {
    switch self {
    case .mean: "mean"
    case .exponential(let share): "exponential(" + share.text + ")"
    }
  }

  /// Reads `mean` or `exponential(0.5)`; nil if it is neither.
  package init?(name: String) {
    guard name != "mean" else {
      self = .mean
      return
    }
    let (head, tail) = ("exponential(", ")")
    guard name.hasPrefix(head), name.hasSuffix(tail) else { return nil }
    guard let share = DecimalShare(text: String(name.dropFirst(head.count).dropLast(tail.count))) else { return nil }
    self = .exponential(share)
  }
}

/// A number a with 0 < a < 1 and at most nine decimals, held as integers so that it is written as it was read.
package struct DecimalShare: Hashable, Sendable {
  /// a·10^decimals.
  package let numerator: Int
  /// 10^decimals.
  package let denominator: Int
  /// `0.` and the decimals, the last of which is not 0.
  package let text: String

  /// Reads `0.5`; nil unless the text is `0.`, then one to nine digits of which the last is not 0.
  package init?(text: String) {
    let digits = Array(text.utf8.dropFirst(2))
    let (zero, nine) = (UInt8(ascii: "0"), UInt8(ascii: "9"))
    guard text.hasPrefix("0."), (1...9).contains(digits.count), digits.last != zero else { return nil }
    var (numerator, denominator) = (0, 1)
    for digit in digits {
      guard digit >= zero, digit <= nine else { return nil }
      numerator = numerator * 10 + Int(digit - zero)
      denominator *= 10
    }
    self.numerator = numerator
    self.denominator = denominator
    self.text = text
  }

  /// a, rounded once.
  package var value: Double { Double(numerator) / Double(denominator) }
}

/// An axis by name, so that a profile can be written and read as axis=value pairs.
package enum ContextAxis: String, CaseIterable, Hashable, Sendable {
  /// `concat` or `merge`.
  case memory
  /// `recurrent` or `separate`.
  case recurrence
  /// `off` or `on`.
  case sink
  /// `mean` or `exponential(a)`.
  case mergeRate = "merge_rate"

  /// The possible values as written in a profile, the default first; a stands for a number.
  package var values: [String] {
    switch self {
    case .memory: ContextProfile.Memory.allCases.map { $0.rawValue }
    case .recurrence: ContextProfile.Recurrence.allCases.map { $0.rawValue }
    case .sink: ContextProfile.Sink.allCases.map { $0.rawValue }
    case .mergeRate: ["mean", "exponential(a)"]
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
    case .mergeRate: mergeRate.name
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
      guard let chosen = MergeRate(name: value) else { return nil }
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
    let pairs = ContextAxis.allCases.filter { self[$0] != ContextProfile.base[$0] }
      .map { $0.rawValue + "=" + self[$0] }
    return pairs.isEmpty ? "base" : pairs.joined(separator: ",")
  }
}
