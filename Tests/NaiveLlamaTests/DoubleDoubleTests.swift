// DoubleDouble arithmetic against exact integers, and the rounding of three terms (NUM-1, NUM-2).

import Testing

@testable import NaiveLlama

@Suite struct DoubleDoubleTests {
  @Test func `NUM-2 products and sums of Doubles are exact`() {
    var numbers = SeededNumbers(seed: 8)
    for _ in 0..<10_000 {
      let a = Int128(numbers.next() >> 11) - (1 << 52)
      let b = Int128(numbers.next() >> UInt64(11 + numbers.integer(below: 40)))
      let product = DoubleDouble.twoProduct(Double(a), Double(b))
      #expect(Int128(product.high) + Int128(product.low) == a * b)
      #expect(product.high == Double(a) * Double(b))
      let sum = DoubleDouble.twoSum(Double(a), Double(b))
      #expect(Int128(sum.high) + Int128(sum.low) == a + b)
    }
  }

  @Test func `NUM-2 products stay exact at the edge of the range`() {
    let large = 0x1.fffffffffffffp995
    #expect(
      DoubleDouble.twoProduct(large, 0x1.fffffffffffffp-1) == DoubleDouble(high: 0x1.ffffffffffffep995, low: 0x1p890))
  }

  @Test func `NUM-2 quotients have a hundred bits`() {
    var numbers = SeededNumbers(seed: 9)
    for _ in 0..<10_000 {
      let a = DoubleDouble(high: 1 + numbers.unitInterval(), low: numbers.unitInterval() * 0x1p-54)
      let b = DoubleDouble(high: 1 + numbers.unitInterval(), low: numbers.unitInterval() * 0x1p-54)
      let error = a / b * b - a
      #expect(error.high.magnitude < 0x1p-101)
    }
  }

  @Test func `NUM-2 a sum that nearly cancels keeps its relative error`() {
    let third = DoubleDouble(1) / DoubleDouble(3)
    #expect(third - DoubleDouble(third.high) == DoubleDouble(third.low))
  }

  @Test func `NUM-2 the third term decides a tie of the first two`() {
    let half = 0x1p-53
    #expect(DoubleDouble.rounded(1, plus: DoubleDouble(high: half, low: 0), scale: 0) == 1)
    #expect(DoubleDouble.rounded(1, plus: DoubleDouble(high: half, low: 0x1p-200), scale: 0) == 1.0.nextUp)
    #expect(DoubleDouble.rounded(1, plus: DoubleDouble(high: half, low: -0x1p-200), scale: 0) == 1)
    #expect(DoubleDouble.rounded(-1, plus: DoubleDouble(high: -half, low: -0x1p-200), scale: 0) == -1.0.nextUp)
    let odd = 1.0.nextUp
    #expect(DoubleDouble.rounded(odd, plus: DoubleDouble(high: half, low: 0), scale: 0) == odd.nextUp)
    #expect(DoubleDouble.rounded(odd, plus: DoubleDouble(high: half, low: -0x1p-200), scale: 0) == odd)
    #expect(DoubleDouble.rounded(odd, plus: DoubleDouble(high: half.nextDown, low: 0x1p-108), scale: 0) == odd)
  }

  @Test func `NUM-2a Ziv's test rounds only what is certain`() {
    #expect(DoubleDouble(high: 1, low: 0x1p-60).roundedByZivsTest(error: 0x1p-65) == 1)
    #expect(DoubleDouble(high: 1, low: 0x1p-53).roundedByZivsTest(error: 0x1p-65) == nil)
    #expect(DoubleDouble(high: 1, low: 0x1.001p-53).roundedByZivsTest(error: 0x1p-65) == nil)
    #expect(DoubleDouble(high: 1, low: 0x1.002p-53).roundedByZivsTest(error: 0x1p-65) == 1.0.nextUp)
  }

  @Test func `NUM-2 an angle is reduced to the nearest quarter turn`() {
    #expect(Angle(0.5) == Angle(-0.5).mirrored)
    for quarters in 1...1000 {
      let angle = Angle(Double(quarters) * 0x1.921fb54442d18p0)
      #expect(angle.quadrant == quarters & 3)
      #expect(angle.remainder.high.magnitude < 0x1p-40)
    }
  }
}

extension Angle {
  fileprivate var mirrored: Angle { Angle(-remainder.high) }
}
