// RUN-17: which fresh cases are asked for.

import LoMASuite

/// A seed and a number of cases.
struct FreshOptions {
  /// So many where nothing is said.
  private static let standard = 200

  /// What the cases are drawn from.
  let seed: UInt64
  /// How many are drawn.
  let count: Int

  /// The options `--fresh` and `--cases`; none where the cases of the vectors are asked.
  init?(_ arguments: Arguments) throws(UsageError) {
    let count = try arguments.integer("--cases")
    guard let seed = try arguments.integer("--fresh") else {
      if let count { throw UsageError(line: "option --cases goes with --fresh only, got \(count)") }
      return nil
    }
    guard seed >= 0 else { throw UsageError(line: "option --fresh takes 0 or more, not \(seed)") }
    self.seed = UInt64(seed)
    self.count = count ?? Self.standard
    guard 1...FreshCases.limit ~= self.count else {
      throw UsageError(line: "option --cases takes 1...\(FreshCases.limit), not \(self.count)")
    }
  }
}
