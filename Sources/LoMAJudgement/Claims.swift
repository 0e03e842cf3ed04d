// What a run shows: level × profile × element type, and the exit code.

import LoMAVectors

/// What may be said of a candidate after a run.
package struct Claims: Equatable, Sendable {
  /// How far a claim is met.
  package enum Status: String, CaseIterable, Sendable {
    /// Everything passed.
    case met
    /// Some is unsupported, the rest passed.
    case narrowed
    /// Something is wrong, known or not.
    case notMet = "not met"
    /// Something was not asked or could not be told, and nothing is wrong.
    case open
    /// Nothing of it is supported.
    case notClaimed = "not claimed"
  }

  /// One level under one profile in one element type.
  package struct Cell: Equatable, Sendable {
    /// The level.
    package let level: String
    /// The axes that differ from `base`.
    package let profile: String
    /// f64, f32, bf16, f16, or i64 where there are no numbers.
    package let dtype: String
    /// How many units have which verdict; none of those that no unit has.
    package let counts: [Verdict: Int]

    /// How many units it has.
    package var units: Int { counts.values.reduce(0, +) }

    /// How far the claim is met; what is wrong outweighs what is not known.
    package var status: Status {
      if counts.keys.contains(where: \.isWrong) { return .notMet }
      if counts[.notRun] != nil || counts[.indeterminate] != nil { return .open }
      guard let unsupported = counts[.unsupported] else { return .met }
      return unsupported == units ? .notClaimed : .narrowed
    }
  }

  /// Every cell that has a unit: by level, then `base` and the other profiles by name, then element type.
  package let cells: [Cell]
  /// Whether the run was cut short.
  package let isInterrupted: Bool
  /// What must be met for exit code 0.
  package let demands: Demands

  /// The claims that these results allow.
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

  /// How many units have a verdict.
  package func count(_ verdict: Verdict) -> Int { cells.reduce(0) { $0 + ($1.counts[verdict] ?? 0) } }

  /// How many claims have a status.
  package func count(_ status: Status) -> Int { cells.count { $0.status == status } }

  /// 130 interrupted, 5 a fault of the runner, 4 no unit, 1 not conformant or not what was demanded, 0 otherwise.
  ///
  /// A known failure alone gives 0, though its claim is not met; so does what is unsupported or open, beside a claim that is
  /// met.
  package var exitCode: Int32 {
    if isInterrupted { return 130 }
    if count(.runnerError) > 0 { return 5 }
    if cells.isEmpty { return 4 }
    let isFaultless = cells.allSatisfy {
      $0.counts.keys.allSatisfy { !$0.isWrong && $0 != .notRun || $0 == .knownFailure }
    }
    let isSomething = cells.contains { cell in
      cell.status == .met || cell.counts[.pass] != nil && cell.counts[.knownFailure] != nil
    }
    return isFaultless && isSomething && unmetDemands.isEmpty ? 0 : 1
  }

  /// What was demanded and is not met, in words.
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

/// What a run was told to show, beside that nothing is wrong (RUN-15).
package struct Demands: Equatable, Sendable {
  /// Every claim.
  package var everything = false
  /// Every claim of these levels, and that there are some.
  package var levels: [String] = []
  /// Element types that were asked for and not declared.
  package var undeclared: [String] = []

  /// None.
  package init() {}
}

extension Verdict {
  /// Whether a claim with such a unit is not met.
  package var isWrong: Bool {
    switch self {
    case .pass, .unsupported, .indeterminate, .notRun: false
    case .fail, .knownFailure, .unexpectedPass, .crash, .timeout, .protocolError, .invalidOutput, .wrongRejection,
      .memory, .runnerError:
      true
    }
  }
}
