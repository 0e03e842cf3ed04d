// RUN-15: numbers that are all off to one side, which rounding does not do.

/// To which side of what is right the numbers of a tensor are that use more than half their bound.
package enum Lean: String, CaseIterable, Sendable {
  /// All are too large.
  case up
  /// All are too small.
  case down
  /// All are too far from 0.
  case away = "away from 0"
  /// All are too near to 0.
  case towards = "towards 0"

  /// Errors over bound that are looked at are larger than this.
  package static let leastRatio = 0.5
  /// Fewer numbers may be off to one side by chance.
  private static let leastCount = 16

  /// None where they are too few, or not all to one side.
  init?(_ numbers: [(got: Double, want: Double)]) {
    guard numbers.count >= Self.leastCount else { return nil }
    let found = Self.allCases.first { lean in
      numbers.allSatisfy { got, want in
        switch lean {
        case .up: got > want
        case .down: got < want
        case .away: got.magnitude > want.magnitude
        case .towards: got.magnitude < want.magnitude
        }
      }
    }
    guard let found else { return nil }
    self = found
  }
}
