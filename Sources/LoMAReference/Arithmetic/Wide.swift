// Wide: an unevaluated sum of two Doubles, about 106 significant bits (NUM-2), from + − × ÷ alone (NUM-1, NUM-4).
//
// The error-free transformations are Knuth's and Dekker's (Dekker, "A floating-point technique for extending the
// available precision", 1971). They are exact while nothing overflows or falls below the normal range: factors of a
// product stay below 2⁹⁹⁶ (beyond it Veltkamp's splitter overflows) and non-zero products above 2⁻⁹⁶⁰. The functions
// reduce their arguments into that range first.

/// high + low, with |low| at most half a unit in the last place of high.
struct Wide: Equatable, Sendable {
  var high: Double
  var low: Double

  init(high: Double, low: Double) {
    self.high = high
    self.low = low
  }

  init(_ value: Double) {
    self.init(high: value, low: 0)
  }

  /// a + b without error, for any a and b (Knuth).
  static func sum(_ a: Double, _ b: Double) -> Wide {
    let high = a + b
    let partOfB = high - a
    return Wide(high: high, low: (a - (high - partOfB)) + (b - partOfB))
  }

  /// a + b without error, for |a| ≥ |b| or a = 0 (Dekker).
  static func orderedSum(_ a: Double, _ b: Double) -> Wide {
    let high = a + b
    return Wide(high: high, low: b - (high - a))
  }

  /// a · b without error (Dekker): the four products of the halves are exact, so only their sum is left to catch.
  static func product(_ a: Double, _ b: Double) -> Wide {
    let high = a * b
    let x = halves(a)
    let y = halves(b)
    return Wide(high: high, low: ((x.high * y.high - high) + x.high * y.low + x.low * y.high) + x.low * y.low)
  }

  /// a as two numbers of at most 26 bits each (Veltkamp).
  private static func halves(_ a: Double) -> Wide {
    let scaled = 0x1p27 * a + a
    let high = scaled - (scaled - a)
    return Wide(high: high, low: a - high)
  }

  static prefix func - (a: Wide) -> Wide {
    Wide(high: -a.high, low: -a.low)
  }

  /// Relative error below 2⁻¹⁰⁴, also where a and b nearly cancel.
  static func + (a: Wide, b: Wide) -> Wide {
    let high = sum(a.high, b.high)
    let low = sum(a.low, b.low)
    let carried = orderedSum(high.high, high.low + low.high)
    return orderedSum(carried.high, carried.low + low.low)
  }

  static func - (a: Wide, b: Wide) -> Wide {
    a + -b
  }

  static func * (a: Wide, b: Wide) -> Wide {
    let leading = product(a.high, b.high)
    return orderedSum(leading.high, leading.low + (a.high * b.low + a.low * b.high))
  }

  static func * (a: Wide, b: Double) -> Wide {
    let leading = product(a.high, b)
    return orderedSum(leading.high, leading.low + a.low * b)
  }

  /// Long division with three digits, each a Double.
  static func / (a: Wide, b: Wide) -> Wide {
    let first = a.high / b.high
    let afterFirst = a - b * first
    let second = afterFirst.high / b.high
    let afterSecond = afterFirst - b * second
    let third = afterSecond.high / b.high
    let digits = orderedSum(first, second)
    return orderedSum(digits.high, digits.low + third)
  }

  /// c₀ + c₁z + c₂z² + …, by Horner's rule, with |z| < 1 and falling coefficients.
  ///
  /// The first `wideTerms` terms are computed in Wide and the tail after them in Double: that number is all that tells
  /// a fast first phase from the wide one (NUM-2a).
  static func series(_ coefficients: [Wide], at z: Wide, wideTerms: Int) -> Wide {
    var tail = 0.0
    for n in (wideTerms..<coefficients.count).reversed() {
      tail = coefficients[n].high + tail * z.high
    }
    var total = Wide(tail)
    for n in (0..<wideTerms).reversed() {
      // The coefficient dominates, so the cheaper ordered sum loses nothing that matters.
      let product = total * z
      let leading = orderedSum(coefficients[n].high, product.high)
      total = orderedSum(leading.high, leading.low + (coefficients[n].low + product.low))
    }
    return total
  }
}
