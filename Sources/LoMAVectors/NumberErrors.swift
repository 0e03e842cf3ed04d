// TOL-1…TOL-3: numbers compared with the expected ones, cell by cell.

/// The errors of an array of numbers.
package struct NumberErrors {
  /// How far a number may be off.
  package enum Bound {
    /// By its own units of accumulation and rounding (TOL-3), and by a share of the largest expected magnitude, if any.
    case derived(Precision, accumulation: [Double], rounding: [Double], share: Double?)
    /// By a share of the largest expected magnitude.
    case share(Double)
  }

  /// Error over bound of each cell; 0 where nothing is compared.
  package let ratios: [Double]
  /// The first cell that is no finite number, otherwise the one with the largest ratio; nil if no ratio is above 0.
  package let worst: Int?
  /// The ratio of that cell, infinite if it is no finite number; 0 without one.
  package let worstRatio: Double
  /// The largest error as a share of the largest expected magnitude.
  package let error: Double
  /// Whether a number is not finite.
  package let isNonFinite: Bool

  /// Compares two arrays of as many numbers; cells of `ignored` are skipped.
  package init(_ got: [Double], expected want: [Double], ignored: [Bool]?, bound: Bound) {
    precondition(got.count == want.count && ignored.map { $0.count == want.count } ?? true, "a number per cell")
    var largest = 0.0
    for cell in want.indices where ignored?[cell] != true { largest = max(largest, want[cell].magnitude) }
    // If all expected values are 0, there is no scale for a relative error (TOL-1).
    let scale = largest == 0 ? 1 : largest

    var ratios = [Double](repeating: 0, count: want.count)
    var (worst, worstRatio, error): (Int?, Double, Double) = (nil, 0, 0)
    var isNonFinite = false
    for cell in want.indices where ignored?[cell] != true {
      let difference = (got[cell] - want[cell]).magnitude / scale
      let ratio =
        switch bound {
        case .derived(let precision, let accumulation, let rounding, let share):
          max(
            precision.ratio(
              got[cell], expected: want[cell], accumulation: accumulation[cell], rounding: rounding[cell]),
            share.map { Self.ratio(difference, bound: $0) } ?? 0)
        case .share(let share): Self.ratio(difference, bound: share)
        }
      ratios[cell] = ratio
      if !got[cell].isFinite && !isNonFinite {
        (worst, worstRatio, isNonFinite) = (cell, .infinity, true)
      } else if ratio > worstRatio {
        (worst, worstRatio) = (cell, ratio)
      }
      error = difference.isNaN ? .infinity : max(error, difference)
    }
    (self.ratios, self.worst, self.worstRatio) = (ratios, worst, worstRatio)
    (self.error, self.isNonFinite) = (error, isNonFinite)
  }

  private static func ratio(_ error: Double, bound: Double) -> Double {
    if error == 0 { return 0 }
    return error.isFinite && bound > 0 ? error / bound : .infinity
  }
}
