// log x, the natural logarithm, and base^exponent, which rotary frequencies are (NUM-2, MOD-3).

extension Elementary {
  /// The natural logarithm of x, correctly rounded (NUM-2).
  ///
  /// log ±0 = −∞, log 1 = +0, log ∞ = ∞; a negative number and NaN give NaN.
  public static func logarithm(_ x: Double) -> Double {
    if x.isNaN || x < 0 { return .nan }
    if x == 0 { return -.infinity }
    if x == .infinity { return .infinity }
    if x == 1 { return 0 }
    if (x - 1).magnitude < nearOne { return wideLogarithm(x) }
    let value = logarithmFarFromOne(x, wideTerms: 2)
    return value.roundedByZivsTest(error: value.high.magnitude * 0x1p-66) ?? wideLogarithm(x)
  }

  /// The second phase, for finite x > 0: below 2⁻¹⁰⁰ of relative error before the rounding.
  static func wideLogarithm(_ x: Double) -> Double {
    let d = x - 1
    if d.magnitude < nearOne { return DoubleDouble.rounded(d, plus: logarithmCorrection(d), scale: 0) }
    let value = logarithmFarFromOne(x, wideTerms: inverseOdds.count)
    return DoubleDouble.rounded(value.high, plus: DoubleDouble(value.low), scale: 0)
  }

  /// log x with about 100 bits, for finite x > 0.
  static func logarithmInDoubleDouble(_ x: Double) -> DoubleDouble {
    let d = x - 1
    return d.magnitude < nearOne
      ? DoubleDouble(d) + logarithmCorrection(d) : logarithmFarFromOne(x, wideTerms: inverseOdds.count)
  }

  /// log(1 + d) − d = d²(−1/2 + d/3 − d²/4 + …), kept apart from d: log(1 − 2⁻⁵²) lies 2⁻¹⁰⁵ of itself from a midpoint.
  private static func logarithmCorrection(_ d: Double) -> DoubleDouble {
    DoubleDouble.twoProduct(d, d) * DoubleDouble.series(mercator, at: DoubleDouble(d), wideTerms: mercator.count)
  }

  /// x = 2^k · m with m in [√½, √2), s = (m − 1)/(m + 1): log x = k · log 2 + 2s(1 + s²/3 + s⁴/5 + …).
  private static func logarithmFarFromOne(_ x: Double, wideTerms: Int) -> DoubleDouble {
    // A subnormal significand is as good as any other here: `significand` is normalised in [1, 2).
    let halved = x.significand > 0x1.6a09e667f3bcdp0
    let m = halved ? x.significand / 2 : x.significand
    let k = Double(Int(x.exponent) + (halved ? 1 : 0))
    let s = DoubleDouble(m - 1) / DoubleDouble.twoSum(m, 1)
    let ofSignificand = s * DoubleDouble.series(inverseOdds, at: s * s, wideTerms: wideTerms) * 2
    return k == 0 ? ofSignificand : logarithmOfTwo * k + ofSignificand
  }

  static let logarithmOfTwo = DoubleDouble(high: 0x1.62e42fefa39efp-1, low: 0x1.abc9e3b39803fp-56)

  /// |x − 1| below which the series in d itself is used; its terms fall by 2⁻¹³, so ten reach 2⁻¹³⁰.
  private static let nearOne = 0x1p-13

  /// −1/2, 1/3, −1/4, …
  private static let mercator: [DoubleDouble] = (2...11).map { n in
    DoubleDouble(n % 2 == 0 ? -1 : 1) / DoubleDouble(Double(n))
  }

  /// 1, 1/3, 1/5, …: with s² < 0.0295 the next term is below 2⁻¹¹⁷.
  private static let inverseOdds: [DoubleDouble] = (0..<22).map { n in
    DoubleDouble(1) / DoubleDouble(Double(2 * n + 1))
  }
}

extension Elementary {
  /// base^exponent, correctly rounded (NUM-2), for finite base > 0 and finite exponent.
  ///
  /// Exact results and exact midpoints, such as 4^½, 3³⁴ or 2⁻¹⁰⁷⁵, are found with integers and rounded as such. Other
  /// arguments are the caller's mistake and trap.
  public static func power(_ base: Double, _ exponent: Double) -> Double {
    precondition(base > 0 && base < .infinity, "a power is defined here for a finite base above zero only")
    precondition(exponent.isFinite, "a power is defined here for a finite exponent only")
    if let exact = exactPower(base, exponent) { return exact }
    let logarithm = logarithmInDoubleDouble(base)
    let estimate = exponent * logarithm.high
    if estimate > 710 { return .infinity }
    if estimate < -746 { return 0 }
    // Within a quarter unit of 1, and too small for exact products.
    if estimate.magnitude < 0x1p-55 { return 1 }
    let power = exponentialMinusOne(logarithm * exponent)
    return DoubleDouble.rounded(1, plus: power.fraction, scale: power.scale)
  }

  /// base^exponent if it is an odd integer below 2⁶³ times a power of two: all powers that a Double or a midpoint
  /// between two Doubles can be.
  ///
  /// With base = a · 2^k, a odd, and exponent = p / 2^q in lowest terms, that takes q square roots of base without
  /// remainder. Since 3³² < 2⁵³ < 3⁶⁴ and |k| ≤ 1074, q ≤ 10.
  private static func exactPower(_ base: Double, _ exponent: Double) -> Double? {
    guard exponent.magnitude < 0x1p12, exponent * 1024 == nearestInteger(exponent * 1024) else { return nil }
    var root = exponent
    var (odd, shift) = oddInteger(base)
    while root != nearestInteger(root) {
      let half = squareRoot(odd)
      guard shift & 1 == 0, half &* half == odd else { return nil }
      odd = half
      shift /= 2
      root *= 2
    }
    let times = Int(root)
    guard let product = integerPower(odd, times) else { return nil }
    let upper = Double(product >> 32) * 0x1p32
    return DoubleDouble.twoSum(upper, Double(product & 0xFFFF_FFFF)).rounded(scale: shift * times)
  }

  /// x = odd · 2^shift for finite x > 0.
  private static func oddInteger(_ x: Double) -> (odd: UInt64, shift: Int) {
    let significand = x.isNormal ? x.significandBitPattern | 1 << 52 : x.significandBitPattern
    let zeros = significand.trailingZeroBitCount
    return (significand >> UInt64(zeros), Int(x.ulp.exponent) + zeros)
  }

  /// ⌊√n⌋ for n in 1..<2⁵³, by Newton's method from above.
  private static func squareRoot(_ n: UInt64) -> UInt64 {
    var root: UInt64 = 1 << 27
    while root > n / root { root = (root + n / root) / 2 }
    return root
  }

  /// odd^times if it is an integer below 2⁶³.
  private static func integerPower(_ odd: UInt64, _ times: Int) -> UInt64? {
    if odd == 1 || times == 0 { return 1 }
    guard times > 0 else { return nil }
    var product: UInt64 = 1
    for _ in 0..<times {
      // An overflow-checked product would need a runtime function on 32-bit machines.
      if Double(product) * Double(odd) >= 0x1p63 { return nil }
      product &*= odd
    }
    return product
  }
}
