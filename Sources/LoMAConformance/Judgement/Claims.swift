// What a run shows: level × profile × element type, and the exit code.

/// What may be said of a candidate after a run.
public struct Claims: Equatable, Sendable {
  /// How far a claim is met.
  public enum Status: String, CaseIterable, Sendable {
    /// Everything passed, or is indeterminate.
    case met
    /// Some is unsupported, the rest passed.
    case narrowed
    /// Something is wrong, known or not.
    case notMet = "not met"
    /// Something was not asked, and nothing is wrong.
    case incomplete
    /// Nothing of it is supported.
    case notClaimed = "not claimed"
  }

  /// One level under one profile in one element type.
  public struct Cell: Equatable, Sendable {
    /// The level.
    public let level: String
    /// The axes that differ from `base`.
    public let profile: String
    /// f64, f32, bf16, f16, or i64 where there are no numbers.
    public let dtype: String
    /// How many units have which verdict; none of those that no unit has.
    public let counts: [Verdict: Int]

    /// How many units it has.
    public var units: Int { counts.values.reduce(0, +) }

    /// How far the claim is met; what is wrong outweighs what was not asked.
    public var status: Status {
      if counts.keys.contains(where: \.isWrong) { return .notMet }
      if counts[.notRun] != nil { return .incomplete }
      guard let unsupported = counts[.unsupported] else { return .met }
      return unsupported == units ? .notClaimed : .narrowed
    }
  }

  /// Every cell that has a unit: by level, then `base` and the other profiles by name, then element type.
  public let cells: [Cell]
  /// Whether the run was cut short.
  public let isInterrupted: Bool

  /// The claims that these results allow.
  public init(_ results: [CaseResult], isInterrupted: Bool = false) {
    struct Key: Hashable {
      let level: Int
      let profile: String
      let dtype: Int
    }
    var counts: [Key: [Verdict: Int]] = [:]
    let (levels, dtypes) = (StoredCase.levels, StoredCase.dtypes)
    for result in results {
      let key = Key(
        level: levels.firstIndex(of: result.level) ?? levels.count, profile: result.profile,
        dtype: dtypes.firstIndex(of: result.dtype) ?? dtypes.count)
      counts[key, default: [:]][result.verdict, default: 0] += 1
    }
    let keys = counts.keys.sorted {
      ($0.level, $0.profile == "base" ? 0 : 1, $0.profile, $0.dtype)
        < ($1.level, $1.profile == "base" ? 0 : 1, $1.profile, $1.dtype)
    }
    cells = keys.map { key in
      Cell(
        level: key.level < levels.count ? levels[key.level] : "other", profile: key.profile,
        dtype: key.dtype < dtypes.count ? dtypes[key.dtype] : "other", counts: counts[key] ?? [:])
    }
    self.isInterrupted = isInterrupted
  }

  /// How many units have a verdict.
  public func count(_ verdict: Verdict) -> Int { cells.reduce(0) { $0 + ($1.counts[verdict] ?? 0) } }

  /// 130 interrupted, 5 a fault of the runner, 4 no unit, 1 not conformant, 0 conformant as far as claimed.
  ///
  /// A known failure alone gives 0, though its cell is not met; so does what is unsupported, beside something that passed.
  public var exitCode: Int32 {
    if isInterrupted { return 130 }
    if count(.runnerError) > 0 { return 5 }
    if cells.isEmpty { return 4 }
    let isFaultless = cells.allSatisfy {
      $0.counts.keys.allSatisfy { !$0.isWrong && $0 != .notRun || $0 == .knownFailure }
    }
    return isFaultless && count(.pass) > 0 ? 0 : 1
  }
}

extension Verdict {
  /// Whether a claim with such a unit is not met.
  public var isWrong: Bool {
    switch self {
    case .pass, .unsupported, .indeterminate, .notRun: false
    case .fail, .knownFailure, .unexpectedPass, .crash, .timeout, .protocolError, .invalidOutput, .wrongRejection,
      .memory, .runnerError:
      true
    }
  }
}
