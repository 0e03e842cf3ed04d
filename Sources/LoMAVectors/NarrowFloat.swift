// binary16 and bfloat16 as bit patterns: widening to Double (exact), narrowing from Double (one rounding).
//
// Not every platform has Swift's Float16, and going through Float would round twice: 1 + 2⁻⁸ + 2⁻⁴⁰ must
// become 1 + 2⁻⁷ in bfloat16, but rounded to Float first it is a tie and becomes 1.

/// A 16-bit floating-point format: a sign, an exponent and a fraction.
public struct NarrowFloat: Hashable, Sendable {
  /// The number of bits of the biased exponent.
  public let exponentBits: Int
  /// The number of bits of the fraction, without the implicit leading one.
  public let fractionBits: Int

  /// IEEE binary16.
  public static let float16 = NarrowFloat(exponentBits: 5, fractionBits: 10)
  /// bfloat16, the upper half of a binary32.
  public static let bfloat16 = NarrowFloat(exponentBits: 8, fractionBits: 7)

  private init(exponentBits: Int, fractionBits: Int) {
    self.exponentBits = exponentBits
    self.fractionBits = fractionBits
  }

  private var bias: Int { 1 << (exponentBits - 1) - 1 }
  private var infinity: Int { (1 << exponentBits - 1) << fractionBits }

  /// The value of a bit pattern, exactly; a NaN keeps its sign and payload and becomes quiet.
  public func widened(_ pattern: UInt16) -> Double {
    let sign = UInt64(pattern & 0x8000) << 48
    let magnitude = Int(pattern & 0x7fff)
    let moved = UInt64(magnitude) &<< UInt64(52 - fractionBits)
    if magnitude >= infinity {
      let quiet: UInt64 = magnitude > infinity ? 0x7ff8 : 0x7ff0
      return Double(bitPattern: sign | quiet << 48 | moved)
    }
    // Read as a Double, the shifted bits have an exponent that is too small by the difference of the biases;
    // multiplying by a power of two corrects that exactly, for a subnormal too.
    let power = Double(bitPattern: UInt64(2046 - bias) << 52)
    return Double(bitPattern: sign | (Double(bitPattern: moved) * power).bitPattern)
  }

  /// The bit pattern nearest to `x`, ties to even; overflow gives infinity, a NaN becomes a quiet NaN.
  public func narrowed(_ x: Double) -> UInt16 {
    let sign = UInt16(x.bitPattern >> 63) << 15
    let exponent = Int(x.bitPattern >> 52 & 0x7ff)
    let fraction = x.bitPattern & (1 << 52 - 1)
    if x.isNaN {
      return sign | UInt16(infinity | 1 << (fractionBits - 1)) | UInt16(fraction >> (52 - fractionBits))
    }
    if x.isInfinite { return sign | UInt16(infinity) }

    // Shift the 53-bit significand until its unit is the last place of the result, which for a subnormal result no
    // longer moves with the exponent. From a shift of 54 on less than half a unit is left; a subnormal Double is far
    // below that.
    let biased = exponent - 1023 + bias
    let shift = 52 - fractionBits + max(0, 1 - biased)
    if exponent == 0 || shift > 53 { return sign }
    let significand = fraction | 1 << 52
    let kept = Int(significand >> shift)
    let rest = significand & (1 << shift - 1)
    let half = UInt64(1) << (shift - 1)
    let up = rest > half || (rest == half && kept & 1 == 1) ? 1 : 0
    // The implicit one of `kept` adds the last unit of the exponent, and a carry raises the exponent, up to infinity.
    let magnitude = (max(biased, 1) - 1) << fractionBits + kept + up
    return sign | UInt16(min(magnitude, infinity))
  }

  /// Every value rounded to the nearest value of the format, ties to even.
  public func rounded(_ values: [Double]) -> [Double] { values.map { rounded($0) } }

  private func rounded(_ x: Double) -> Double {
    let biased = Int(x.bitPattern >> 52 & 0x7ff) - 1023 + bias
    // A normal number below the largest exponent stays normal, even if a carry raises its exponent.
    guard biased >= 1, biased < 1 << exponentBits - 2 else { return widened(narrowed(x)) }
    let shift = UInt64(52 - fractionBits)
    let odd = x.bitPattern >> shift & 1
    let up = x.bitPattern + (1 << (shift - 1) - 1) + odd
    return Double(bitPattern: up & ~(1 << shift - 1))
  }
}
