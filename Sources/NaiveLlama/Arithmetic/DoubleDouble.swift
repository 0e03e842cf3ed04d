// Double-double arithmetic: about 106 significant bits from + − × ÷ alone (NUM-1, NUM-2, NUM-4), and the one rounding that
// ends every elementary function.
//
// The error-free transformations are Knuth's and Dekker's (Dekker, "A floating-point technique for extending the
// available precision", 1971). They are exact while nothing overflows or falls below the normal range: factors of a
// product stay below 2⁹⁹⁶ (beyond it Veltkamp's splitter overflows) and non-zero products above 2⁻⁹⁶⁰. The functions
// reduce their arguments into that range first.

/// A double-double number: the unevaluated sum high + low, |low| at most half a unit in the last place of high.
struct DoubleDouble: Equatable, Sendable {
  var high: Double
  var low: Double

  init(high: Double, low: Double) {
    self.high = high
    self.low = low
  }

  init(_ value: Double) {
    self.init(high: value, low: 0)
  }

  /// twoSum (Knuth): a + b without error, for any a and b.
  static func twoSum(_ a: Double, _ b: Double) -> DoubleDouble {
    let high = a + b
    let partOfB = high - a
    return DoubleDouble(high: high, low: (a - (high - partOfB)) + (b - partOfB))
  }

  /// fastTwoSum (Dekker): a + b without error, for |a| ≥ |b| or a = 0.
  static func fastTwoSum(_ a: Double, _ b: Double) -> DoubleDouble {
    let high = a + b
    return DoubleDouble(high: high, low: b - (high - a))
  }

  /// twoProduct, also called twoProd (Dekker): a · b without error. The four products of the halves are exact, so only the
  /// error of their sum has to be recovered.
  static func twoProduct(_ a: Double, _ b: Double) -> DoubleDouble {
    let high = a * b
    let x = halves(a)
    let y = halves(b)
    return DoubleDouble(high: high, low: ((x.high * y.high - high) + x.high * y.low + x.low * y.high) + x.low * y.low)
  }

  /// Veltkamp's splitting: a as the sum of two numbers of at most 26 bits each.
  private static func halves(_ a: Double) -> DoubleDouble {
    let scaled = 0x1p27 * a + a
    let high = scaled - (scaled - a)
    return DoubleDouble(high: high, low: a - high)
  }

  static prefix func - (a: DoubleDouble) -> DoubleDouble {
    DoubleDouble(high: -a.high, low: -a.low)
  }

  /// Relative error below 2⁻¹⁰⁴, also where a and b nearly cancel.
  static func + (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
    let high = twoSum(a.high, b.high)
    let low = twoSum(a.low, b.low)
    let carried = fastTwoSum(high.high, high.low + low.high)
    return fastTwoSum(carried.high, carried.low + low.low)
  }

  static func - (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
    a + -b
  }

  static func * (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
    let leading = twoProduct(a.high, b.high)
    return fastTwoSum(leading.high, leading.low + (a.high * b.low + a.low * b.high))
  }

  static func * (a: DoubleDouble, b: Double) -> DoubleDouble {
    let leading = twoProduct(a.high, b)
    return fastTwoSum(leading.high, leading.low + a.low * b)
  }

  /// Long division with three digits, each a Double.
  static func / (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
    let first = a.high / b.high
    let afterFirst = a - b * first
    let second = afterFirst.high / b.high
    let afterSecond = afterFirst - b * second
    let third = afterSecond.high / b.high
    let digits = fastTwoSum(first, second)
    return fastTwoSum(digits.high, digits.low + third)
  }

  /// c₀ + c₁z + c₂z² + …, by Horner's rule, with |z| < 1 and falling coefficients.
  ///
  /// The first `wideTerms` terms are computed in DoubleDouble and the rest in Double: only this number
  /// distinguishes a fast first phase from the wide one (NUM-2a).
  static func series(_ coefficients: [DoubleDouble], at z: DoubleDouble, wideTerms: Int) -> DoubleDouble {
    var tail = 0.0
    for n in (wideTerms..<coefficients.count).reversed() {
      tail = coefficients[n].high + tail * z.high
    }
    var total = DoubleDouble(tail)
    for n in (0..<wideTerms).reversed() {
      // The coefficient dominates, so the cheaper fastTwoSum loses nothing that matters.
      let product = total * z
      let leading = fastTwoSum(coefficients[n].high, product.high)
      total = fastTwoSum(leading.high, leading.low + (coefficients[n].low + product.low))
    }
    return total
  }
}

// The rounding that ends every elementary function (NUM-2), and the error test of its fast phase (NUM-2a).

extension DoubleDouble {
  /// (leading + correction) · 2^scale, rounded to the nearest Double once, ties to even; `leading` must not be zero
  /// unless `correction` is, and must have at least its magnitude.
  ///
  /// Three terms and not two, because results such as e^(2⁻⁵³) = 1 + 2⁻⁵³ + 2⁻¹⁰⁷ + … lie next to a midpoint by less
  /// than two Doubles can tell: the third term decides on which side.
  static func rounded(_ leading: Double, plus correction: DoubleDouble, scale: Int) -> Double {
    let first = twoSum(leading, correction.high)
    let second = twoSum(first.low, correction.low)
    let upper = fastTwoSum(first.high, second.high)
    let rest = twoSum(upper.low, second.low)
    let value = fastTwoSum(upper.high, roundedToOdd(rest))
    return scale == 0 ? value.high : value.rounded(scale: scale)
  }

  /// Rounding to odd: high, moved by one unit towards low if low is not zero and high is even, so that a later rounding
  /// meets no false tie.
  private static func roundedToOdd(_ value: DoubleDouble) -> Double {
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
    let fraction = high.bitPattern & DoubleDouble.fractionMask
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

  /// Ziv's rounding test: high + low rounded once, or nil if some number within `error` of it rounds otherwise.
  func roundedByZivsTest(error: Double) -> Double? {
    let upper = high + (low + error)
    return upper == high + (low - error) ? upper : nil
  }

  private static let fractionMask: UInt64 = (1 << 52) - 1
}
