// Correctly rounded elementary functions (NUM-2, NUM-2a, NUM-4).

/// exp, log, sin, cos and powers of a positive base, the same bits on every machine and in every build (NUM-2, NUM-4).
///
/// Each takes any Double and returns the Double nearest to the exact value, ties to even, rounded once also where the
/// result is subnormal. The claim: correct in all but an estimated 2⁻³⁰ of calls, since about 2⁻⁹³ relative error or
/// less is left before the rounding and a result lies that near a midpoint by chance alone; results that are exact or
/// exact midpoints (e⁰, cos of small angles, 9^½) and those that a series pins next to one (e^(2⁻⁵³)) are handled.
/// An invalid argument gives the NaN `Double.nan`, whatever the payload of a NaN that came in.
///
/// There is no libm and no fused multiply-add below: arguments are reduced with constants of more than 106 bits,
/// series have computed coefficients, and arithmetic is `Wide`. A language with MPFR or CORE-MATH has the same values.
///
/// `exponential`, `logarithm`, `sine` and `cosine` first try a phase of about 2⁻⁶⁶ with an error test and go on to the
/// wide phase where it leaves the rounding open, about once in 2,000 calls (NUM-2a, after Ziv, 1991).
public enum Elementary {
  /// x rounded to the nearest integer, ties to even, for |x| < 2⁵¹: adding 1.5 · 2⁵² leaves no room for a fraction.
  static func nearestInteger(_ x: Double) -> Double {
    (x + 0x1.8p52) - 0x1.8p52
  }
}
