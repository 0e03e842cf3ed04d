// The claims a run supports, by level, profile and element type, and the exit code.

import LoMAVectors

/// The claims that a run supports.
package struct Claims: Equatable, Sendable {
  /// How far a claim is met.
  package enum Status: String, CaseIterable, Sendable {
    /// Everything passed.
    case met
    /// Something is unsupported, and the rest passed.
    case narrowed
    /// Something is wrong, as a known failure or not.
    case notMet = "not met"
    /// Something was not asked or is indeterminate, and nothing is wrong.
    case open
    /// All of it is unsupported.
    case notClaimed = "not claimed"
  }

  /// One level under one profile in one element type.
  package struct Cell: Equatable, Sendable {
    package let level: String
    /// The axes that differ from `base`.
    package let profile: String
    /// f64, f32, bf16, f16; i64 without numbers.
    package let dtype: String
    /// The number of units with each verdict; verdicts that no unit has are absent.
    package let counts: [Verdict: Int]

    /// The number of units.
    package var units: Int { counts.values.reduce(0, +) }

    /// The status of the claim; a wrong unit outweighs an open one.
    package var status: Status {
      if counts.keys.contains(where: \.isWrong) { return .notMet }
      if counts[.notRun] != nil || counts[.indeterminate] != nil || counts[.suspect] != nil { return .open }
      guard let unsupported = counts[.unsupported] else { return .met }
      return unsupported == units ? .notClaimed : .narrowed
    }
  }

  /// The claims that have a unit: by level, then `base` and the other profiles by name, then element type.
  package let cells: [Cell]
  /// Whether the run was cut short.
  package let isInterrupted: Bool
  /// What exit code 0 requires.
  package let demands: Demands

  /// The claims that these results support.
  package init(_ results: [CaseResult], demands: Demands = Demands(), isInterrupted: Bool = false) {
    struct Key: Hashable {
      let level: Int
      let profile: String
      let dtype: Int
    }
    var counts: [Key: [Verdict: Int]] = [:]
    let (levels, dtypes) = (Level.allCases.map(\.rawValue), NumberType.allWords)
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
    self.demands = demands
  }

  /// The number of units with a verdict.
  package func count(_ verdict: Verdict) -> Int { cells.reduce(0) { $0 + ($1.counts[verdict] ?? 0) } }

  /// The number of claims with a status.
  package func count(_ status: Status) -> Int { cells.count { $0.status == status } }

  /// 130 if interrupted, 5 for a fault of the runner, 4 without a unit, 1 if not conformant or a demand is not met,
  /// else 0.
  ///
  /// A known failure alone gives 0 although its claim is not met; so do unsupported or open units beside a claim that
  /// is met.
  package var exitCode: Int32 {
    if isInterrupted { return 130 }
    if count(.runnerError) > 0 { return 5 }
    if cells.isEmpty { return 4 }
    let isFaultless = cells.allSatisfy {
      $0.counts.keys.allSatisfy { !$0.isWrong && $0 != .notRun && $0 != .suspect || $0 == .knownFailure }
    }
    let isSomething = cells.contains { cell in
      cell.status == .met || cell.counts[.pass] != nil && cell.counts[.knownFailure] != nil
    }
    return isFaultless && isSomething && unmetDemands.isEmpty ? 0 : 1
  }

  /// The demands that are not met, in words.
  package var unmetDemands: [String] {
    var lines: [String] = []
    let unmet = cells.count { $0.status != .met }
    if demands.everything, unmet > 0 { lines.append("--require-all: \(unmet) of \(cells.count) claims are not met") }
    for level in demands.levels {
      let claims = cells.filter { $0.level == level }
      let unmet = claims.count { $0.status != .met }
      if claims.isEmpty { lines.append("--require \(level): no unit of it was selected") }
      if unmet > 0 { lines.append("--require \(level): \(unmet) of \(claims.count) claims are not met") }
    }
    return lines + demands.undeclared.map { "--dtype \($0): the candidate does not declare it" }
  }
}

/// What a run must show, besides that nothing is wrong (RUN-15).
package struct Demands: Equatable, Sendable {
  /// All claims must be met.
  package var everything = false
  /// All claims of these levels must be met, and each level must have a claim.
  package var levels: [String] = []
  /// Element types that were asked for but not declared.
  package var undeclared: [String] = []

  package init() {}
}

extension Verdict {
  /// Whether a unit with this verdict makes its claim not met.
  package var isWrong: Bool {
    switch self {
    case .pass, .unsupported, .indeterminate, .suspect, .notRun: false
    case .fail, .knownFailure, .unexpectedPass, .crash, .timeout, .protocolError, .invalidOutput, .wrongRejection,
      .memory, .runnerError:
      true
    }
  }
}
