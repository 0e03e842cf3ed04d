// log x, the natural logarithm (NUM-2).

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
    return value.settled(error: value.high.magnitude * 0x1p-66) ?? wideLogarithm(x)
  }

  /// The second phase, for finite x > 0: below 2⁻¹⁰⁰ of relative error before the rounding.
  static func wideLogarithm(_ x: Double) -> Double {
    let d = x - 1
    if d.magnitude < nearOne { return Wide.rounded(d, plus: logarithmCorrection(d), scale: 0) }
    let value = logarithmFarFromOne(x, wideTerms: inverseOdds.count)
    return Wide.rounded(value.high, plus: Wide(value.low), scale: 0)
  }

  /// log x with about 100 bits, for finite x > 0.
  static func logarithmInWide(_ x: Double) -> Wide {
    let d = x - 1
    return d.magnitude < nearOne
      ? Wide(d) + logarithmCorrection(d) : logarithmFarFromOne(x, wideTerms: inverseOdds.count)
  }

  /// log(1 + d) − d = d²(−1/2 + d/3 − d²/4 + …), kept apart from d: log(1 − 2⁻⁵²) lies 2⁻¹⁰⁵ of itself from a midpoint.
  private static func logarithmCorrection(_ d: Double) -> Wide {
    Wide.product(d, d) * Wide.series(mercator, at: Wide(d), wideTerms: mercator.count)
  }

  /// x = 2^k · m with m in [√½, √2), s = (m − 1)/(m + 1): log x = k · log 2 + 2s(1 + s²/3 + s⁴/5 + …).
  private static func logarithmFarFromOne(_ x: Double, wideTerms: Int) -> Wide {
    // A subnormal significand is as good as any other here: `significand` is normalised in [1, 2).
    let halved = x.significand > 0x1.6a09e667f3bcdp0
    let m = halved ? x.significand / 2 : x.significand
    let k = Double(Int(x.exponent) + (halved ? 1 : 0))
    let s = Wide(m - 1) / Wide.sum(m, 1)
    let ofSignificand = s * Wide.series(inverseOdds, at: s * s, wideTerms: wideTerms) * 2
    return k == 0 ? ofSignificand : logarithmOfTwo * k + ofSignificand
  }

  static let logarithmOfTwo = Wide(high: 0x1.62e42fefa39efp-1, low: 0x1.abc9e3b39803fp-56)

  /// |x − 1| below which the series in d itself is used; its terms fall by 2⁻¹³, so ten reach 2⁻¹³⁰.
  private static let nearOne = 0x1p-13

  /// −1/2, 1/3, −1/4, …
  private static let mercator: [Wide] = (2...11).map { n in
    Wide(n % 2 == 0 ? -1 : 1) / Wide(Double(n))
  }

  /// 1, 1/3, 1/5, …: with s² < 0.0295 the next term is below 2⁻¹¹⁷.
  private static let inverseOdds: [Wide] = (0..<22).map { n in
    Wide(1) / Wide(Double(2 * n + 1))
  }
}
