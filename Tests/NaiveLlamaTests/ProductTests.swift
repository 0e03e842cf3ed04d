// NUM-1, NUM-4: the blocked product is the naive product, bit for bit, over all indices and over lists.

import Testing

@testable import NaiveLlama

@Suite struct ProductTests {
  /// Values of very different size and both signs, so that another order of a sum shows; some are zeros of either sign.
  private func matrix(_ rows: Int, _ columns: Int, _ numbers: inout SeededNumbers) -> Tensor {
    Tensor(
      shape: [rows, columns],
      values: (0..<rows * columns).map { _ in
        let value = numbers.deviate(mean: 0, standardDeviation: 1)
        return switch numbers.integer(below: 8) {
        case 0: 0.0
        case 1: -0.0
        case 2: value * 0x1p40
        default: value
        }
      })
  }

  private func bits(_ tensor: Tensor) -> [UInt64] { tensor.values.map { $0.bitPattern } }

  @Test func `NUM-1 the blocked product is the naive product, bit for bit`() {
    var numbers = SeededNumbers(seed: 3)
    let extents = [0, 1, 2, 3, 7, 8, 9, 16, 17, 33]
    for _ in 0..<400 {
      let (m, inner, n) = (
        extents[numbers.integer(below: 10)], extents[numbers.integer(below: 10)], extents[numbers.integer(below: 10)]
      )
      let a = matrix(m, inner, &numbers)
      let b = matrix(inner, n, &numbers)
      let expected = Tensor.naiveProduct(a, b)
      let product = Tensor.product(a, b, workers: .single)
      let stored = Tensor.product(a, transposed: b.transposed(), workers: .single)
      #expect(product.shape == expected.shape && stored.shape == expected.shape)
      #expect(bits(product) == bits(expected), "\(m) × \(inner) × \(n)")
      #expect(bits(stored) == bits(expected), "\(m) × \(inner) × \(n), stored rows")
    }
  }

  @Test func `NUM-1 the blocked product over lists is the naive product over lists, bit for bit`() {
    var numbers = SeededNumbers(seed: 5)
    let extents = [0, 1, 2, 7, 8, 9, 17]
    for _ in 0..<200 {
      let (m, inner, n) = (
        extents[numbers.integer(below: 7)], extents[numbers.integer(below: 7)], extents[numbers.integer(below: 7)]
      )
      let a = matrix(m, inner, &numbers)
      let b = matrix(inner, n, &numbers)
      let lists = (0..<m).map { _ in (0..<inner).filter { _ in numbers.integer(below: 2) == 0 } }
      let product = Tensor.product(a, b, over: lists)
      let expected = Tensor.naiveProduct(a, b, over: lists)
      #expect(product.shape == expected.shape && bits(product) == bits(expected), "\(m) × \(inner) × \(n)")
    }
  }

  @Test(arguments: [(1, 700, 800), (2, 2_000, 129), (65, 90, 100), (300, 300, 7), (300, 300, 9)])
  func `NUM-4 the blocked product is the naive product on any number of threads`(m: Int, inner: Int, n: Int) {
    var numbers = SeededNumbers(seed: 4)
    let a = matrix(m, inner, &numbers)
    let b = matrix(inner, n, &numbers)
    let expected = bits(Tensor.naiveProduct(a, b))
    for threads in 1...3 {
      let workers = Workers(threads: threads)
      #expect(bits(Tensor.product(a, b, workers: workers)) == expected, "\(threads) threads")
      #expect(bits(Tensor.product(a, transposed: b.transposed(), workers: workers)) == expected, "\(threads) threads")
    }
  }
}
