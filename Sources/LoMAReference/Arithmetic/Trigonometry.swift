// sin x and cos x (NUM-2), which rotary positions are made of (MOD-3).

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
    let near = Wide.sum(value.leading, value.correction.high)
    let fast = Wide(high: near.high, low: near.low + value.correction.low)
    return fast.settled(error: near.high.magnitude * 0x1p-66)
      ?? wideWave(angle, quarterTurns: quarterTurns)
  }

  /// The second phase: below 2⁻¹⁰⁰ of relative error before the rounding.
  static func wideWave(_ angle: Angle, quarterTurns: Int) -> Double {
    let value = wave(angle, quarterTurns: quarterTurns, wideTerms: sineTerms.count)
    return Wide.rounded(value.leading, plus: value.correction, scale: 0)
  }

  /// sin r = r + r³(−1/3! + r²/5! − …) or cos r = 1 + r²(−1/2! + r²/4! − …) by the quadrant, |r| ≤ π/4.
  private static func wave(
    _ angle: Angle, quarterTurns: Int, wideTerms: Int
  ) -> (leading: Double, correction: Wide) {
    let quadrant = (angle.quadrant + quarterTurns) & 3
    let r = angle.remainder
    let square = r * r
    let isSine = quadrant & 1 == 0
    let leading = isSine ? r.high : 1
    let series = square * Wide.series(isSine ? sineTerms : cosineTerms, at: square, wideTerms: wideTerms)
    let correction = isSine ? r * series + Wide(r.low) : series
    return quadrant & 2 == 0 ? (leading, correction) : (-leading, -correction)
  }

  /// −1/3!, 1/5!, −1/7!, …: with r² < 0.617 the next term is below 2⁻¹¹⁸.
  private static let sineTerms = alternatingFactorials(first: 3)

  /// −1/2!, 1/4!, −1/6!, …
  private static let cosineTerms = alternatingFactorials(first: 2)

  private static func alternatingFactorials(first: Int) -> [Wide] {
    var term = Wide(-1) / Wide(first == 2 ? 2 : 6)
    var terms = [term]
    for n in 1..<15 {
      let next = first + 2 * n
      term = -term / Wide(Double(next * (next - 1)))
      terms.append(term)
    }
    return terms
  }
}
