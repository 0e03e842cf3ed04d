// The one rounding that ends every elementary function (NUM-2), and the error test of the fast phases (NUM-2a).

extension Wide {
  /// (leading + correction) · 2^scale, rounded to the nearest Double once, ties to even; `leading` must not be zero
  /// unless `correction` is, and must have at least its magnitude.
  ///
  /// Three terms and not two, because results such as e^(2⁻⁵³) = 1 + 2⁻⁵³ + 2⁻¹⁰⁷ + … lie next to a midpoint by less
  /// than two Doubles can tell: the third term decides on which side.
  static func rounded(_ leading: Double, plus correction: Wide, scale: Int) -> Double {
    let first = sum(leading, correction.high)
    let second = sum(first.low, correction.low)
    let upper = orderedSum(first.high, second.high)
    let rest = sum(upper.low, second.low)
    let value = orderedSum(upper.high, roundedToOdd(rest))
    return scale == 0 ? value.high : value.rounded(scale: scale)
  }

  /// high, moved by one unit towards low where low is not zero and high is even: what is then lost can no longer turn
  /// a later rounding into a false tie.
  private static func roundedToOdd(_ value: Wide) -> Double {
    let bits = value.high.bitPattern
    if value.low == 0 || bits & 1 == 1 { return value.high }
    return Double(bitPattern: (value.low < 0) == (value.high < 0) ? bits + 1 : bits - 1)
  }

  /// (high + low) · 2^scale, rounded once: into the subnormal grid directly where the result falls there.
  func rounded(scale: Int) -> Double {
    if high == 0 { return high }
    let exponent = Int(high.exponent) + scale
    if exponent > 1023 { return high < 0 ? -.infinity : .infinity }
    let sign = high.bitPattern & (1 << 63)
    let fraction = high.bitPattern & Wide.fractionMask
    if exponent >= -1022 {
      return Double(bitPattern: sign | UInt64(exponent + 1023) << 52 | fraction)
    }
    // The unit of the subnormal grid is 2⁻¹⁰⁷⁴, so this many bits of the significand fall away.
    let dropped = -1022 - exponent
    if dropped > 53 { return high < 0 ? -0.0 : 0.0 }
    let significand = fraction | 1 << 52
    let half: UInt64 = 1 << UInt64(dropped - 1)
    let remainder = significand & (2 * half - 1)
    var kept = significand >> UInt64(dropped)
    // Seen from zero outwards: is low a little more or a little less?
    let outwards = high < 0 ? -low : low
    if remainder > half || (remainder == half && (outwards > 0 || (outwards == 0 && kept & 1 == 1))) {
      kept += 1
    }
    return Double(bitPattern: sign | kept)
  }

  /// The rounding of high + low if every number within `error` of it rounds alike, else nothing (Ziv's test).
  func settled(error: Double) -> Double? {
    let upper = high + (low + error)
    return upper == high + (low - error) ? upper : nil
  }

  private static let fractionMask: UInt64 = (1 << 52) - 1
}
