// The elementary functions against MPFR's values, their two phases against each other, and their edges (NUM-2, NUM-4).

import Testing

@testable import NaiveLlama

@Suite struct ElementaryTests {
  @Test func `NUM-2 exponential agrees with MPFR`() {
    expectAgreement(ElementaryTable.exponential) { x, _ in Elementary.exponential(x) }
  }

  @Test func `NUM-2 logarithm agrees with MPFR`() {
    expectAgreement(ElementaryTable.logarithm) { x, _ in Elementary.logarithm(x) }
  }

  @Test func `NUM-2 sine agrees with MPFR`() {
    expectAgreement(ElementaryTable.sine) { x, _ in Elementary.sine(x) }
  }

  @Test func `NUM-2 cosine agrees with MPFR`() {
    expectAgreement(ElementaryTable.cosine) { x, _ in Elementary.cosine(x) }
  }

  @Test func `NUM-2 power agrees with MPFR`() {
    expectAgreement(ElementaryTable.power) { base, exponent in Elementary.power(base, exponent) }
  }

  func expectAgreement(_ table: [(UInt64, UInt64, UInt64)], _ function: (Double, Double) -> Double) {
    #expect(table.count > 30)
    for (first, second, value) in table {
      let x = Double(bitPattern: first)
      let answer = function(x, Double(bitPattern: second))
      #expect(answer.bitPattern == value, "at \(x), \(Double(bitPattern: second))")
    }
  }

  @Test func `NUM-2 exponential at its edges`() {
    #expect(Elementary.exponential(.nan).isNaN)
    #expect(Elementary.exponential(.infinity) == .infinity)
    #expect(Elementary.exponential(-.infinity).bitPattern == 0)
    #expect(Elementary.exponential(-0.0) == 1)
    #expect(Elementary.exponential(0x1.62e42fefa39efp9) == 0x1.fffffffffff2ap1023)
    #expect(Elementary.exponential(0x1.62e42fefa39fp9) == .infinity)
  }

  @Test func `NUM-2 exponential beside one looks past the midpoint`() {
    // e^(2⁻⁵³) = 1 + 2⁻⁵³ + 2⁻¹⁰⁷ + …: a tie but for the third term.
    #expect(Elementary.exponential(0x1p-53) == 1.0.nextUp)
    #expect(Elementary.exponential(0x1.fffffffffffffp-54) == 1)
    #expect(Elementary.exponential(-0x1p-54) == 1)
    #expect(Elementary.exponential(-0x1.8p-53) == 1.0.nextDown)
  }

  @Test func `NUM-2 exponential of subnormal results is rounded once`() {
    #expect(Elementary.exponential(-0x1.74910d52d3051p9) == 0x1p-1074)
    #expect(Elementary.exponential(-0x1.74910d52d3052p9) == 0)
    // 1.5 − 2⁻⁶⁰ units of the subnormal grid round to one, although 1.5 exactly would round to two.
    #expect(DoubleDouble(high: 1.5, low: -0x1p-60).rounded(scale: -1074) == 0x1p-1074)
    #expect(DoubleDouble(high: 1.5, low: 0).rounded(scale: -1074) == 0x1p-1073)
    #expect(DoubleDouble(high: 2.5, low: 0).rounded(scale: -1074) == 0x1p-1073)
    #expect(DoubleDouble(high: -2.5, low: -0x1p-60).rounded(scale: -1074) == -3 * .leastNonzeroMagnitude)
  }

  @Test func `NUM-2 logarithm at its edges`() {
    #expect(Elementary.logarithm(0) == -.infinity)
    #expect(Elementary.logarithm(-0.0) == -.infinity)
    #expect(Elementary.logarithm(-1).bitPattern == Double.nan.bitPattern)
    #expect(Elementary.logarithm(-.nan).bitPattern == Double.nan.bitPattern)
    #expect(Elementary.logarithm(.infinity) == .infinity)
    #expect(Elementary.logarithm(1).bitPattern == 0)
    // log(1 − 2⁻⁵²) lies beyond a midpoint by 2⁻¹⁰⁵ of itself.
    #expect(Elementary.logarithm(0x1.ffffffffffffep-1) == -0x1.0000000000001p-52)
  }

  @Test func `NUM-2 sine and cosine at their edges`() {
    for x in [Double.infinity, -.infinity, .nan] {
      #expect(Elementary.sine(x).bitPattern == Double.nan.bitPattern)
      #expect(Elementary.cosine(x).bitPattern == Double.nan.bitPattern)
    }
    #expect(Elementary.sine(-0.0).bitPattern == (-0.0).bitPattern)
    #expect(Elementary.sine(.leastNonzeroMagnitude) == .leastNonzeroMagnitude)
    #expect(Elementary.cosine(0) == 1)
    // The Doubles nearest to π and to a multiple of π/2: what remains is π's own rounding error.
    #expect(Elementary.sine(0x1.921fb54442d18p1) == 0x1.1a62633145c07p-53)
    #expect(Elementary.cosine(0x1.6ac5b262ca1ffp849).magnitude == 0x1.14ae72e6ba22fp-61)
  }

  @Test func `NUM-2 sine is odd and cosine is even`() {
    var numbers = SeededNumbers(seed: 2)
    for _ in 0..<1000 {
      let x = Double(bitPattern: numbers.next() >> 1)
      guard x.isFinite else { continue }
      #expect(Elementary.sine(-x) == -Elementary.sine(x))
      #expect(Elementary.cosine(-x) == Elementary.cosine(x))
    }
  }

  @Test func `NUM-2 power finds exact results and midpoints`() {
    #expect(Elementary.power(4, 0.5) == 2)
    #expect(Elementary.power(9, -0.5) == 1 / 3.0)
    #expect(Elementary.power(10000, 0.25) == 10)
    #expect(Elementary.power(2, -1074) == 0x1p-1074)
    #expect(Elementary.power(2, -1075) == 0)
    #expect(Elementary.power(2, 1024) == .infinity)
    // 3⁵ · 2⁻¹⁰⁷⁵ is 121½ units of the subnormal grid.
    #expect(Elementary.power(0x1.8p-214, 5) == 122 * .leastNonzeroMagnitude)
    // 3³⁴ has 54 bits: a midpoint between two Doubles, rounded to the even one.
    #expect(Elementary.power(3, 34) == 16_677_181_699_666_568)
    #expect(Elementary.power(.leastNonzeroMagnitude, 0.5) == 0x1p-537)
    #expect(Elementary.power(1, 1e300) == 1)
    #expect(Elementary.power(7.5, 0) == 1)
    #expect(Elementary.power(1.0.nextUp, 0.5) == 1)
    #expect(Elementary.power(1.0.nextDown, 0.5) == 1.0.nextDown)
  }
}
