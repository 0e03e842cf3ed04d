// sin x and cos x (NUM-2), which rotary positions are made of (MOD-3), and the exact reduction of their argument.

extension Elementary {
  /// The sine of x radians, correctly rounded (NUM-2) for every finite x, however large.
  ///
  /// sin ±0 = ±0; an infinity and NaN give NaN.
  public static func sine(_ x: Double) -> Double {
    wave(x, quarterTurns: 0)
  }

  /// The cosine of x radians, correctly rounded (NUM-2) for every finite x, however large.
  ///
  /// cos 0 = 1; an infinity and NaN give NaN.
  public static func cosine(_ x: Double) -> Double {
    wave(x, quarterTurns: 1)
  }

  /// sin(x + quarterTurns · π/2): the fast phase, then the wide one.
  static func wave(_ x: Double, quarterTurns: Int) -> Double {
    guard x.isFinite else { return .nan }
    // Here x³/6 is under a quarter unit of x, and x²/2 under a quarter unit of 1: x and 1 are the rounded results.
    if x.magnitude < 0x1p-27 { return quarterTurns == 0 ? x : 1 }
    let angle = Angle(x)
    let value = wave(angle, quarterTurns: quarterTurns, wideTerms: 3)
    let near = DoubleDouble.twoSum(value.leading, value.correction.high)
    let fast = DoubleDouble(high: near.high, low: near.low + value.correction.low)
    return fast.roundedByZivsTest(error: near.high.magnitude * 0x1p-66)
      ?? wideWave(angle, quarterTurns: quarterTurns)
  }

  /// The second phase: below 2⁻¹⁰⁰ of relative error before the rounding.
  static func wideWave(_ angle: Angle, quarterTurns: Int) -> Double {
    let value = wave(angle, quarterTurns: quarterTurns, wideTerms: sineTerms.count)
    return DoubleDouble.rounded(value.leading, plus: value.correction, scale: 0)
  }

  /// sin r = r + r³(−1/3! + r²/5! − …) or cos r = 1 + r²(−1/2! + r²/4! − …) by the quadrant, |r| ≤ π/4.
  private static func wave(
    _ angle: Angle, quarterTurns: Int, wideTerms: Int
  ) -> (leading: Double, correction: DoubleDouble) {
    let quadrant = (angle.quadrant + quarterTurns) & 3
    let r = angle.remainder
    let square = r * r
    let isSine = quadrant & 1 == 0
    let leading = isSine ? r.high : 1
    let series = square * DoubleDouble.series(isSine ? sineTerms : cosineTerms, at: square, wideTerms: wideTerms)
    let correction = isSine ? r * series + DoubleDouble(r.low) : series
    return quadrant & 2 == 0 ? (leading, correction) : (-leading, -correction)
  }

  /// −1/3!, 1/5!, −1/7!, …: with r² < 0.617 the next term is below 2⁻¹¹⁸.
  private static let sineTerms = alternatingFactorials(first: 3)

  /// −1/2!, 1/4!, −1/6!, …
  private static let cosineTerms = alternatingFactorials(first: 2)

  private static func alternatingFactorials(first: Int) -> [DoubleDouble] {
    var term = DoubleDouble(-1) / DoubleDouble(first == 2 ? 2 : 6)
    var terms = [term]
    for n in 1..<15 {
      let next = first + 2 * n
      term = -term / DoubleDouble(Double(next * (next - 1)))
      terms.append(term)
    }
    return terms
  }
}

/// x = quadrant · π/2 + remainder (modulo 2π), |remainder| ≤ π/4; exact for every Double, after Payne and Hanek (1983).
///
/// With x = m · 2^e and m a 53-bit integer, the bits of 2/π of weight 2^(2 − e) and above contribute multiples of four
/// quarter turns, so they are left out. The next 256, times m, are right to 201 bits behind the point; the Double
/// nearest to a multiple of π/2 cancels 62 of them, and more than 106 are left.
struct Angle: Equatable, Sendable {
  /// 0, 1, 2 or 3.
  let quadrant: Int
  /// About 103 bits.
  let remainder: DoubleDouble

  /// For finite x with |x| ≥ 2⁻²⁷.
  init(_ x: Double) {
    if x.magnitude < 0x1.921fb54442d18p-1 {
      quadrant = 0
      remainder = DoubleDouble(x)
      return
    }
    let exponent = Int(x.exponent) - 52
    let m = x.significandBitPattern | 1 << 52
    // m · (256 bits of 2/π), modulo 2²⁵⁶: two bits of quarter turns, then 254 bits of fraction.
    let first = Angle.word(at: exponent - 2) &* m
    let second = Angle.product(Angle.word(at: exponent + 62), m)
    let third = Angle.product(Angle.word(at: exponent + 126), m)
    let fourth = Angle.product(Angle.word(at: exponent + 190), m)
    let (word2, carry2) = third.low.addingReportingOverflow(fourth.high)
    let (sum1, carry1) = second.low.addingReportingOverflow(third.high)
    let (word1, carry1More) = sum1.addingReportingOverflow(carry2 ? 1 : 0)
    let word0 = first &+ second.high &+ (carry1 ? 1 : 0) &+ (carry1More ? 1 : 0)

    // To the nearest quarter turn: the fraction's top bit says whether the next one is nearer.
    let roundsUp = word0 >> 61 & 1 == 1
    let turns = Int(word0 >> 62) + (roundsUp ? 1 : 0)
    var fraction = (word0 << 2 | word1 >> 62, word1 << 2 | word2 >> 62, word2 << 2 | fourth.low >> 62)
    if roundsUp { fraction = (~fraction.0, ~fraction.1, ~fraction.2) }
    let magnitude = Angle.doubleDouble(fraction) * Angle.quarterTurn
    quadrant = (x < 0 ? -turns : turns) & 3
    remainder = roundsUp == (x < 0) ? magnitude : -magnitude
  }

  /// All 128 bits of a · m for m < 2⁵³, from halves: the library's own needs a runtime function on 32-bit machines.
  private static func product(_ a: UInt64, _ m: UInt64) -> (high: UInt64, low: UInt64) {
    let (upper, lower) = (m >> 32, m & 0xFFFF_FFFF)
    let (aUpper, aLower) = (a >> 32, a & 0xFFFF_FFFF)
    let middle = ((aLower * lower) >> 32) + aUpper * lower
    let other = (middle & 0xFFFF_FFFF) + aLower * upper
    return (aUpper * upper + (middle >> 32) + (other >> 32), a &* m)
  }

  /// A binary fraction of 192 bits below 1/2, with at most 63 leading zeros, as a DoubleDouble.
  private static func doubleDouble(_ words: (UInt64, UInt64, UInt64)) -> DoubleDouble {
    let zeros = words.0.leadingZeroBitCount
    let first = words.0 << UInt64(zeros) | words.1 >> UInt64(64 - zeros)
    let second = words.1 << UInt64(zeros) | words.2 >> UInt64(64 - zeros)
    // 53 bits, the next 53 bits, each exact as a Double, then scaled by an exact power of two (2⁻⁵³⁻ᶻᵉʳᵒˢ).
    let unit = Double(bitPattern: UInt64(970 - zeros) << 52)
    let next = (first & 0x7FF) << 42 | second >> 22
    return DoubleDouble.fastTwoSum(Double(first >> 11) * unit, Double(next) * (unit * 0x1p-53))
  }

  /// 64 bits of 2/π, of which the first has the weight 2^(−1 − position); before the point there are zeros.
  private static func word(at position: Int) -> UInt64 {
    let index = (position + 64) >> 6
    let shift = UInt64((position + 64) & 63)
    return twoOverPi[index] << shift | twoOverPi[index + 1] >> (64 - shift)
  }

  private static let quarterTurn = DoubleDouble(high: 0x1.921fb54442d18p0, low: 0x1.1a62633145c07p-54)

  /// 64 zero bits, then 2/π = 0.A2F983…₁₆ to 1,344 bits: enough for the exponent of the largest Double.
  private static let twoOverPi: [UInt64] = [
    0,
    0xA2F9_836E_4E44_1529, 0xFC27_57D1_F534_DDC0, 0xDB62_9599_3C43_9041, 0xFE51_63AB_DEBB_C561,
    0xB724_6E3A_424D_D2E0, 0x0649_2EEA_09D1_921C, 0xFE1D_EB1C_B129_A73E, 0xE882_35F5_2EBB_4484,
    0xE99C_7026_B45F_7E41, 0x3991_D639_8353_39F4, 0x9C84_5F8B_BDF9_283B, 0x1FF8_97FF_DE05_980F,
    0xEF2F_118B_5A0A_6D1F, 0x6D36_7ECF_27CB_09B7, 0x4F46_3F66_9E5F_EA2D, 0x7527_BAC7_EBE5_F17B,
    0x3D07_39F7_8A52_92EA, 0x6BFB_5FB1_1F8D_5D08, 0x5603_3046_FC7B_6BAB, 0xF0CF_BC20_9AF4_361D,
    0xA9E3_9161_5EE6_1B08,
  ]
}
