// RUN-15: numbers that are all off to the same side, which rounding alone does not do.

/// The side to which all numbers of a tensor are off that use more than half their bound.
package enum Lean: String, CaseIterable, Sendable {
  /// All are too large.
  case up
  /// All are too small.
  case down
  /// All are too far from 0.
  case away = "away from 0"
  /// All are too near to 0.
  case towards = "towards 0"

  /// Only numbers with an error/bound above this are considered.
  package static let leastRatio = 0.5
  /// Fewer numbers than this may be off to one side by chance.
  private static let leastCount = 16

  /// Nil if they are too few, or not all off to one side.
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
