// RUN-17: the options that ask for fresh cases.

import LoMASuite

/// A seed and a number of cases.
struct FreshOptions {
  /// The number of cases if none is given.
  private static let standard = 200

  /// The seed of the generator.
  let seed: UInt64
  let count: Int

  /// Reads `--fresh` and `--cases`; nil if `--fresh` is not given.
  init?(_ arguments: Arguments) throws(UsageError) {
    let count = try arguments.integer("--cases")
    guard let seed = try arguments.integer("--fresh") else {
      if let count { throw UsageError(line: "option --cases needs --fresh, got \(count)") }
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
