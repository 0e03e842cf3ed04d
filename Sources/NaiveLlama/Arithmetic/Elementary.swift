// Correctly rounded elementary functions (NUM-2, NUM-2a, NUM-4), and e^x, which softmax and silu live on.

/// exp, log, sin, cos and powers of a positive base, the same bits on every machine and in every build (NUM-2, NUM-4).
///
/// Each takes any Double and returns the Double nearest to the exact value, ties to even, rounded once also where the
/// result is subnormal. The claim: correct in all but an estimated 2⁻³⁰ of calls, since about 2⁻⁹³ relative error or
/// less is left before the rounding and a result lies that near a midpoint by chance alone; results that are exact or
/// exact midpoints (e⁰, cos of small angles, 9^½) and those that a series pins next to one (e^(2⁻⁵³)) are handled.
/// An invalid argument gives the NaN `Double.nan`, whatever the payload of a NaN that came in.
///
/// There is no libm and no fused multiply-add below: arguments are reduced with constants of more than 106 bits,
/// series have computed coefficients, and arithmetic is `DoubleDouble`. A language with MPFR or CORE-MATH has the same values.
///
/// `exponential`, `logarithm`, `sine` and `cosine` first try a phase of about 2⁻⁶⁶ with an error test and go on to the
/// wide phase if that leaves the rounding open, about once in 2,000 calls (NUM-2a, after Ziv, 1991).
public enum Elementary {
  /// x rounded to the nearest integer, ties to even, for |x| < 2⁵¹: adding 1.5 · 2⁵² leaves no room for a fraction.
  static func nearestInteger(_ x: Double) -> Double {
    (x + 0x1.8p52) - 0x1.8p52
  }
}

extension Elementary {
  /// e^x, correctly rounded (NUM-2).
  ///
  /// e^−∞ = 0, e^∞ = ∞, NaN gives NaN; above 709.78… the result is ∞, below −745.13… it is 0.
  public static func exponential(_ x: Double) -> Double {
    fastExponential(x) ?? wideExponential(x)
  }

  /// The second phase: about 2⁻¹⁰² of relative error before the rounding.
  static func wideExponential(_ x: Double) -> Double {
    if x.isNaN { return .nan }
    if x > 710 { return .infinity }
    if x < -746 { return 0 }
    // e^x lies within a quarter unit of 1, and products of so small a number would leave the normal range.
    if x.magnitude < 0x1p-55 { return 1 }
    let power = exponentialMinusOne(DoubleDouble(x))
    return DoubleDouble.rounded(1, plus: power.fraction, scale: power.scale)
  }

  /// (scale, fraction) with e^y = 2^scale · (1 + fraction) and |fraction| < 0.42, for 2⁻⁹⁰⁰ < |y| < 2¹⁰.
  ///
  /// y = scale · log 2 + r, then e^r − 1 = r(1 + r/2! + r²/3! + …).
  static func exponentialMinusOne(_ y: DoubleDouble) -> (scale: Int, fraction: DoubleDouble) {
    let scale = nearestInteger(y.high * 0x1.71547652b82fep0)
    // The first two parts of log 2 have 42 bits, so their products with the 11 bits of `scale` are exact.
    let r =
      DoubleDouble.twoSum(y.high - scale * 0x1.62e42fefa38p-1, y.low) - DoubleDouble(scale * 0x1.ef35793c768p-45)
      + DoubleDouble.twoProduct(scale, 0x1.9ff0342542fc3p-90)
    return (Int(scale), r * DoubleDouble.series(inverseFactorials, at: r, wideTerms: inverseFactorials.count))
  }

  /// 1/1!, 1/2!, …, 1/24!; with |r| ≤ log(2)/2 the next term is below 2⁻¹¹⁸.
  private static let inverseFactorials: [DoubleDouble] = {
    var terms = [DoubleDouble(1)]
    for n in 2...24 {
      terms.append(terms[n - 2] / DoubleDouble(Double(n)))
    }
    return terms
  }()

  /// The first phase: e^x = 2^k · 2^(j/64) · e^r with |r| < 0.0055 and a table of 2^(j/64); nil if its relative error,
  /// below 2⁻⁶⁶, leaves the rounding open, or if the result may be subnormal or overflow.
  ///
  /// root and r are cut into an upper part of at most 26 bits and a lower part, so that the one product that must be
  /// exact, upper by upper, is; everything else is below 2⁻¹⁴ of the result.
  @inline(__always)
  static func fastExponential(_ x: Double) -> Double? {
    guard x.magnitude < 708 else { return nil }
    // As in `nearestInteger`; the integer k · 64 + j stands in the low bits of `shifted`.
    let shifted = x * 0x1.71547652b82fep6 + 0x1.8p52
    let steps = shifted - 0x1.8p52
    let step = Int32(truncatingIfNeeded: shifted.bitPattern)
    // The first part of log(2)/64 has 36 bits and `steps` has 17, so their product and this difference are exact.
    let difference = x - steps * 0x1.62e42fefap-7
    let correction = steps * 0x1.cf79abc9e3b3ap-46
    let r = difference - correction
    // A multiple of 2⁻³³; what it leaves of the difference is exact again.
    let upper = (r + 0x1.8p19) - 0x1.8p19
    let lower = (difference - upper) - correction
    // e^r − 1 − r = r²(1/2! + r/3! + …), below 2⁻¹⁶; the first term left out is below 2⁻⁷⁵.
    let square = r * r
    let series = (0.5 + r * (1 / 6)) + square * ((1 / 24 + r * (1 / 120)) + square * (1 / 720 + r * (1 / 5040)))
    let curve = square * series
    let root = rootsOfTwo[Int(step & 63)]
    let leading = DoubleDouble.fastTwoSum(root.high, root.high * upper)
    let rest = root.low + (root.high * (lower + curve) + root.low * (r + curve))
    let value = DoubleDouble.fastTwoSum(leading.high, leading.low + rest)
    guard let significand = value.roundedByZivsTest(error: 0x1p-65) else { return nil }
    return Double(bitPattern: significand.bitPattern &+ UInt64(bitPattern: Int64(step >> 6)) << 52)
  }

  /// 2^(j/64), j in 0..<64, each as 26 bits and the next 53.
  static let rootsOfTwo: [DoubleDouble] = (0..<64).map { j in
    if j == 0 { return DoubleDouble(1) }
    let power = exponentialMinusOne(logarithmOfTwo * (Double(j) / 64))
    let root = (DoubleDouble(1) + power.fraction) * (power.scale == 0 ? 1 : 2)
    let upper = (root.high + 0x1.8p27) - 0x1.8p27
    return DoubleDouble(high: upper, low: (root.high - upper) + root.low)
  }
}
