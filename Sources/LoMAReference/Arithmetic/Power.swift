// base^exponent for a positive base (NUM-2): θ^(−2i/d) of the rotary frequencies (MOD-3).

extension Elementary {
  /// base^exponent, correctly rounded (NUM-2), for finite base > 0 and finite exponent.
  ///
  /// Exact results and exact midpoints, such as 4^½, 3³⁴ or 2⁻¹⁰⁷⁵, are found with integers and rounded as such. Other
  /// arguments are the caller's mistake and trap.
  public static func power(_ base: Double, _ exponent: Double) -> Double {
    precondition(base > 0 && base < .infinity, "a power is defined here for a finite base above zero only")
    precondition(exponent.isFinite, "a power is defined here for a finite exponent only")
    if let exact = exactPower(base, exponent) { return exact }
    let logarithm = logarithmInWide(base)
    let estimate = exponent * logarithm.high
    if estimate > 710 { return .infinity }
    if estimate < -746 { return 0 }
    // Within a quarter unit of 1, and too small for exact products.
    if estimate.magnitude < 0x1p-55 { return 1 }
    let power = exponentialMinusOne(logarithm * exponent)
    return Wide.rounded(1, plus: power.fraction, scale: power.scale)
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
    return Wide.sum(upper, Double(product & 0xFFFF_FFFF)).rounded(scale: shift * times)
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
