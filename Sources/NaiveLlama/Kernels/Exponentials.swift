// Same bits as `Elementary.exponential`; skip on a first reading.
//
// NUM-2, NUM-2a: e^x of many numbers, eight at a time. ExponentialsTests compares it with the one at a time.

extension Elementary {
  /// e^x of every value, correctly rounded: `exponential` of each.
  static func exponentials(_ values: [Double]) -> [Double] {
    #if hasFeature(Embedded)  // WebAssembly has no eight lanes, and a page that loads should be small
      return values.map(exponential)
    #else
      var results = values
      let (from, roots) = (values.span, rootsOfTwo.span)
      for start in stride(from: 0, to: values.count - values.count % 8, by: 8) {
        let x = from.extracting(start..<start + 8)
        let (bits, isSettled) = eight(SIMD8(x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7]), roots)
        for lane in 0..<8 { results[start + lane] = Double(bitPattern: bits[lane]) }
        if !isSettled {
          for lane in 0..<8 { results[start + lane] = exponential(x[lane]) }
        }
      }
      for index in values.count - values.count % 8..<values.count { results[index] = exponential(values[index]) }
      return results
    #endif
  }

  #if !hasFeature(Embedded)
    /// `fastExponential` in eight lanes; not settled if one lane of it would be nil.
    @inline(__always)
    private static func eight(_ x: SIMD8<Double>, _ roots: Span<DoubleDouble>) -> (bits: SIMD8<UInt64>, isSettled: Bool)
    {
      let shifted = x * 0x1.71547652b82fep6 + 0x1.8p52
      let steps = shifted - 0x1.8p52
      let step = bits(shifted)
      let difference = x - steps * 0x1.62e42fefap-7
      let correction = steps * 0x1.cf79abc9e3b3ap-46
      let r = difference - correction
      let upper = (r + 0x1.8p19) - 0x1.8p19
      let lower = (difference - upper) - correction
      let square = r * r
      // As there: 1/2!, 1/3!, … are rounded constants.
      let (third, fourth, fifth) = (1.0 / 6, 1.0 / 24, 1.0 / 120)
      let (sixth, seventh) = (1.0 / 720, 1.0 / 5040)
      let series = (0.5 + r * third) + square * ((fourth + r * fifth) + square * (sixth + r * seventh))
      let curve = square * series
      func root(_ lane: Int) -> DoubleDouble { roots[Int(truncatingIfNeeded: step[lane] & 63)] }
      let (a, b, c, d) = (root(0), root(1), root(2), root(3))
      let (e, f, g, h) = (root(4), root(5), root(6), root(7))
      let high = SIMD8(a.high, b.high, c.high, d.high, e.high, f.high, g.high, h.high)
      let low = SIMD8(a.low, b.low, c.low, d.low, e.low, f.low, g.low, h.low)
      // Twice fastTwoSum.
      let first = high * upper
      let leading = high + first
      let rest = (first - (leading - high)) + (low + (high * (lower + curve) + low * (r + curve)))
      let sum = leading + rest
      let left = rest - (sum - leading)
      // Ziv's test, and the range of the first phase; a NaN fails both.
      let rounded = sum + (left + 0x1p-65)
      let isSettled = (rounded .== sum + (left - 0x1p-65)) .& (x .< 708) .& (x .> -708)
      // The scale k stands above the six bits of the table's index; as 32 bits it has a sign.
      func scale(_ lane: Int) -> UInt64 {
        UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: step[lane]) >> 6)) &<< 52
      }
      let scales = SIMD8(scale(0), scale(1), scale(2), scale(3), scale(4), scale(5), scale(6), scale(7))
      return (bits(rounded) &+ scales, all(isSettled))
    }

    @inline(__always)
    private static func bits(_ x: SIMD8<Double>) -> SIMD8<UInt64> {
      SIMD8(
        x[0].bitPattern, x[1].bitPattern, x[2].bitPattern, x[3].bitPattern, x[4].bitPattern, x[5].bitPattern,
        x[6].bitPattern, x[7].bitPattern)
    }
  #endif
}
