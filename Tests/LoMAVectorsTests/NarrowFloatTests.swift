// Conversions: exhaustive over the 65,536 patterns of each 16-bit format, and around every midpoint between two.

import LoMAVectors
import Testing

@Suite struct NarrowFloatTests {
  static let formats: [NarrowFloat] = [.float16, .bfloat16]

  @Test(arguments: formats) func `every pattern widens to its definition`(format: NarrowFloat) {
    for pattern in UInt16.min ... .max {
      let sign = pattern >> 15 == 1 ? -1.0 : 1.0
      let exponent = Int(pattern & 0x7fff) >> format.fractionBits
      let fraction = Double(Int(pattern) & (1 << format.fractionBits - 1)) * power(-format.fractionBits)
      let bias = 1 << (format.exponentBits - 1) - 1
      let x = format.widened(pattern)
      if exponent == 1 << format.exponentBits - 1 {
        #expect(fraction == 0 ? x == sign * .infinity : x.isNaN && !x.isSignalingNaN)
      } else if exponent == 0 {
        #expect(x == sign * fraction * power(1 - bias))
      } else {
        #expect(x == sign * (1 + fraction) * power(exponent - bias))
      }
      #expect(x.sign == (sign < 0 ? .minus : .plus))
    }
  }

  @Test(arguments: formats) func `every pattern survives the way to Double and back`(format: NarrowFloat) {
    let quiet = UInt16(1) << (format.fractionBits - 1)
    for pattern in UInt16.min ... .max {
      let x = format.widened(pattern)
      #expect(format.narrowed(x) == (x.isNaN ? pattern | quiet : pattern))
    }
  }

  @Test(arguments: formats) func `midpoints go to even and their neighbours to their own side`(format: NarrowFloat) {
    let infinity = UInt16((1 << format.exponentBits - 1) << format.fractionBits)
    for low in 0..<infinity {
      let high = low + 1
      let a = format.widened(low)
      // What follows the largest finite value stands where one more exponent would.
      let b = high == infinity ? power(1 << (format.exponentBits - 1)) : format.widened(high)
      let middle = (a + b) / 2
      #expect(format.narrowed(middle) == (low & 1 == 0 ? low : high))
      #expect(format.narrowed(middle.nextDown) == low)
      #expect(format.narrowed(middle.nextUp) == high)
      #expect(format.narrowed(-middle) == 0x8000 | (low & 1 == 0 ? low : high))
    }
  }

  @Test(arguments: formats) func `extremes`(format: NarrowFloat) {
    let infinity = UInt16((1 << format.exponentBits - 1) << format.fractionBits)
    #expect(format.narrowed(.greatestFiniteMagnitude) == infinity)
    #expect(format.narrowed(-.infinity) == infinity | 0x8000)
    #expect(format.narrowed(.leastNonzeroMagnitude) == 0)
    #expect(format.narrowed(-.leastNormalMagnitude) == 0x8000)
    #expect(format.narrowed(-0.0) == 0x8000)
    #expect(format.widened(format.narrowed(.nan)).isNaN)
    #expect(format.widened(format.narrowed(.signalingNaN)).isNaN)
    #expect(format.widened(format.narrowed(-Double(nan: 1, signaling: false))).sign == .minus)
  }

  @Test(arguments: formats) func `rounding is narrowing and widening`(format: NarrowFloat) {
    var values: [Double] = [0, -0.0, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, .greatestFiniteMagnitude]
    for pattern in UInt16.min ... .max {
      let x = format.widened(pattern)
      let middle = (x + format.widened(pattern ^ 1)) / 2
      values += [x, x.nextUp, x.nextDown, middle, middle.nextUp, middle.nextDown]
    }
    let rounded = format.rounded(values)
    let wrong = values.indices.filter { index in
      rounded[index].bitPattern != format.widened(format.narrowed(values[index])).bitPattern
    }
    #expect(wrong.map { values[$0] } == [])
  }

  @Test func `narrowing rounds once, not through Float`() {
    let x = 1 + power(-8) + power(-40)
    #expect(NarrowFloat.bfloat16.narrowed(x) == 0x3f81)
    #expect(NarrowFloat.bfloat16.narrowed(Double(Float(x))) == 0x3f80)
    let y = 1 + power(-11) + power(-40)
    #expect(NarrowFloat.float16.narrowed(y) == 0x3c01)
    #expect(NarrowFloat.float16.narrowed(Double(Float(y))) == 0x3c00)
  }

  @Test func `widths and kinds`() {
    #expect(ElementType.allCases.map(\.rawValue) == ["I64", "F64", "F32", "I32", "BF16", "F16", "U8", "BOOL"])
    #expect(ElementType.allCases.map(\.width) == [8, 8, 4, 4, 2, 2, 1, 1])
    #expect(ElementType.allCases.filter { $0.kind == .floating } == [.f64, .f32, .bf16, .f16])
    #expect(ElementType.allCases.filter { $0.kind == .integer } == [.i64, .i32, .u8])
  }

  private func power(_ exponent: Int) -> Double {
    Double(sign: .plus, exponent: exponent, significand: 1)
  }
}
