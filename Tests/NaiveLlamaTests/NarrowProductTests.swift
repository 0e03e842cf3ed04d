// MOD-1, NUM-1, NUM-4: a product that widens its weights as it multiplies is the naive product of the widened weights, bit for
// bit. The bits are widened here by arithmetic on their fields, not by the kernel's shifts.

import Testing

@testable import NaiveLlama

@Suite struct NarrowProductTests {
  private static let types = [NarrowType.bf16, .f16, .f32]

  /// The value that IEEE 754 gives to a pattern: sign, exponent field, fraction field.
  private func value(_ bits: UInt32, _ type: NarrowType) -> Double {
    let (exponentBits, fractionBits) = type == .f32 ? (8, 23) : type == .bf16 ? (8, 7) : (5, 10)
    let fraction = Double(bits & (1 << UInt32(fractionBits) - 1))
    let exponent = Int(bits >> UInt32(fractionBits)) & (1 << exponentBits - 1)
    let bias = 1 << (exponentBits - 1) - 1
    let sign = bits >> UInt32(exponentBits + fractionBits) == 0 ? 1.0 : -1.0
    if exponent == 1 << exponentBits - 1 { return fraction == 0 ? sign * .infinity : .nan }
    let power = { (e: Int) in Double(sign: .plus, exponent: e, significand: 1) }
    if exponent == 0 { return sign * fraction * power(1 - bias - fractionBits) }
    return sign * (fraction * power(-fractionBits) + 1) * power(exponent - bias)
  }

  /// All exponents and both signs, zeros and subnormal numbers among them; nothing infinite.
  private func pattern(_ type: NarrowType, _ numbers: inout SeededNumbers) -> UInt32 {
    while true {
      let bits = UInt32(truncatingIfNeeded: numbers.integer(below: 1 << (8 * type.width)))
      let chosen =
        switch numbers.integer(below: 8) {
        case 0: bits & (type == .f32 ? 0x8000_0000 : 0x8000)
        case 1: bits & (type == .f32 ? 0x807f_ffff : type == .bf16 ? 0x807f : 0x83ff)
        default: bits
        }
      if value(chosen, type).isFinite { return chosen }
    }
  }

  private func matrix(_ patterns: [UInt32], _ type: NarrowType, rows: Int, columns: Int) -> NarrowMatrix {
    let bytes = patterns.flatMap { bits in (0..<type.width).map { UInt8(bits >> UInt32(8 * $0) & 0xff) } }
    return NarrowMatrix(type: type, rows: rows, columns: columns) { range, body in
      let width = columns * type.width
      return body(bytes.span.extracting(range.lowerBound * width..<range.upperBound * width))
    }
  }

  private func rows(_ height: Int, _ columns: Int, _ numbers: inout SeededNumbers) -> Tensor {
    Tensor(
      shape: [height, columns],
      values: (0..<height * columns).map { index in
        index % 7 == 3 ? 0 : numbers.deviate(mean: 0, standardDeviation: 1)
      })
  }

  private func weights(_ matrix: NarrowMatrix) -> Weights {
    Weights(
      load: { (name) throws(ModelError) in throw .missingTensor(name) },
      loadRows: { (name, _) throws(ModelError) in throw .missingTensor(name) },
      find: { (_) throws(ModelError) in matrix })
  }

  private func bits(_ tensor: Tensor) -> [UInt64] { tensor.values.map { $0.bitPattern } }

  @Test(arguments: types) func `MOD-1 each pattern of a narrow type widens to its value`(type: NarrowType) throws {
    var numbers = SeededNumbers(seed: 21)
    let patterns = type == .f32 ? (0..<65_536).map { _ in pattern(type, &numbers) } : (0..<65_536).map { UInt32($0) }
    let narrow = matrix(patterns, type, rows: 65_536, columns: 1)
    for height in [1, 5] {
      let ones = [Double](repeating: 1, count: height)
      let products = narrow.multiplied(by: ones, height: height, outputs: 0..<65_536)
      for (index, bits) in patterns.enumerated() {
        // A sum starts at +0.0, which −0.0 does not change.
        let (product, expected) = (products[index], 0 + value(bits, type))
        let same = expected.isNaN ? product.isNaN : product.bitPattern == expected.bitPattern
        #expect(same, "\(type) 0x\(String(bits, radix: 16)): \(product), not \(expected)")
      }
    }
  }

  @Test(arguments: types)
  func `NUM-1 a product with narrow weights is the naive product, bit for bit`(type: NarrowType) throws {
    var numbers = SeededNumbers(seed: 22)
    let extents = [1, 2, 3, 7, 8, 9, 15, 16, 17, 24, 33, 41]
    for _ in 0..<150 {
      let (height, inner, outputs) = (
        1 + numbers.integer(below: 9), extents[numbers.integer(below: extents.count)],
        extents[numbers.integer(below: extents.count)]
      )
      let patterns = (0..<outputs * inner).map { _ in pattern(type, &numbers) }
      let x = rows(height, inner, &numbers)
      let wide = Tensor(shape: [outputs, inner], values: patterns.map { value($0, type) })
      let narrow = matrix(patterns, type, rows: outputs, columns: inner)
      let y = try LayerFunctions.llama(workers: .single).linear(
        x, parameter: "w", outputs: outputs, from: weights(narrow))
      let expected = Tensor.naiveProduct(x, wide.transposed())
      #expect(y.shape == [height, outputs])
      #expect(bits(y) == bits(expected), "\(type): \(height) × \(inner) × \(outputs)")
    }
  }

  @Test(arguments: types, [1, 6])
  func `NUM-4 a product with narrow weights does not depend on the number of threads`(
    type: NarrowType, height: Int
  ) throws {
    var numbers = SeededNumbers(seed: 23)
    // Several blocks of 256 rows, and a last one of 3.
    let (inner, outputs) = (1_021, 515)
    let patterns = (0..<outputs * inner).map { _ in pattern(type, &numbers) }
    let x = rows(height, inner, &numbers)
    let narrow = matrix(patterns, type, rows: outputs, columns: inner)
    let wide = Tensor(shape: [outputs, inner], values: patterns.map { value($0, type) })
    let expected = bits(Tensor.naiveProduct(x, wide.transposed()))
    for threads in 1...3 {
      let y = try LayerFunctions.llama(workers: Workers(threads: threads)).linear(
        x, parameter: "w", outputs: outputs, from: weights(narrow))
      #expect(bits(y) == expected, "\(threads) threads")
    }
  }

  @Test(arguments: types) func `MOD-1 the first weight that is not finite is named`(type: NarrowType) throws {
    var numbers = SeededNumbers(seed: 24)
    let (inner, outputs) = (1_021, 515)
    let patterns = (0..<outputs * inner).map { _ in pattern(type, &numbers) }
    let (infinity, nan): (UInt32, UInt32) =
      switch type {
      case .bf16: (0xff80, 0x7f81)
      case .f16: (0xfc00, 0x7c01)
      case .f32: (0xff80_0000, 0x7f80_0001)
      }
    let cases = [
      (0, 9, infinity, nan, 1), (inner - 1, inner, nan, infinity, 5), (300 * inner + 5, 514 * inner, nan, nan, 1),
      (outputs * inner - 1, nil, infinity, nan, 5),
    ]
    for (place, later, first, second, height) in cases {
      var spoilt = patterns
      spoilt[place] = first
      if let later { spoilt[later] = second }
      let narrow = matrix(spoilt, type, rows: outputs, columns: inner)
      // 0 times infinity is no number either.
      let x = Tensor(zeros: [height, inner])
      #expect(throws: ModelError.nonFiniteWeight(tensor: "w", index: place)) {
        try LayerFunctions.llama(workers: Workers(threads: 2)).linear(
          x, parameter: "w", outputs: outputs, from: weights(narrow))
      }
    }
  }

  @Test func `MOD-1 an infinite sum of finite weights is no error`() throws {
    let narrow = matrix([0x7f7f, 0x7f7f, 0x3f80, 0], .bf16, rows: 2, columns: 2)
    let x = Tensor(shape: [1, 2], values: [.greatestFiniteMagnitude, 1])
    let y = try LayerFunctions.llama(workers: .single).linear(x, parameter: "w", outputs: 2, from: weights(narrow))
    #expect(y.values == [.infinity, .greatestFiniteMagnitude])
  }

  @Test func `MOD-1 another linear layer reads weights as numbers`() throws {
    var functions = LayerFunctions.llama(workers: .single)
    functions.linear = { x, weight, workers in
      Linear.forward(x, weight: Tensor(shape: weight.shape, values: weight.values.map { -$0 }), workers: workers)
    }
    let narrow = matrix([0x3f80, 0x4000], .bf16, rows: 1, columns: 2)
    let stored = Weights(
      load: { (_) throws(ModelError) in Tensor(shape: [1, 2], values: [1, 2]) },
      loadRows: { (name, _) throws(ModelError) in throw .missingTensor(name) },
      find: { (_) throws(ModelError) in narrow })
    let x = Tensor(shape: [1, 2], values: [3, 5])
    #expect(try functions.linear(x, parameter: "w", outputs: 1, from: stored).values == [-13])
    functions = .llama(workers: .single)
    functions.round = { Tensor(shape: $0.shape, values: $0.values.map { $0 / 2 }) }
    #expect(try functions.linear(x, parameter: "w", outputs: 1, from: stored).values == [6.5])
  }
}
