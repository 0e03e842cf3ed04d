// Chapter 12: comparison, the table of types, sums in any order, and units small enough to count by hand.

import LoMAVectors
import NaiveLlama
import Testing

@Suite("12 Tolerances: units")
struct UnitTests {
  let layers = BoundedLayers(.llama(workers: .single))

  @Test func `TOL-1 zeros are equal, and NaN and infinity are wrong`() {
    #expect(Precision.f32.ratio(-0.0, expected: 0, accumulation: 0, rounding: 0) == 0)
    #expect(Precision.f32.ratio(0x1p-1074, expected: 0, accumulation: 0, rounding: 0) == .infinity)
    for value in [Double.nan, .infinity, -.infinity] {
      #expect(Precision.bf16.ratio(value, expected: 1, accumulation: 1e300, rounding: 1e300) == .infinity)
    }
    #expect(Precision.f32.ratio(1 + 0x1p-22, expected: 1, accumulation: 1, rounding: 1) > 1.999)
  }

  @Test func `TOL-2 every floating type has its roundoffs, and no other type`() {
    let types: [ElementType] = [.f64, .f32, .bf16, .f16]
    #expect(types.map { Precision.of($0)?.output } == [0x1p-53, 0x1p-24, 0x1p-8, 0x1p-11])
    #expect(types.map { Precision.of($0)?.accumulation } == [0x1p-53, 0x1p-24, 0x1p-24, 0x1p-24])
    #expect(types.map { Precision.of($0)?.smallestNormal } == [0x1p-1022, 0x1p-126, 0x1p-126, 0x1p-14])
    #expect(types.map { Precision.of($0)?.safety } == [2, 1, 2, 2])
    for type in [ElementType.i64, .i32, .u8, .bool] { #expect(Precision.of(type) == nil) }
  }

  @Test func `TOL-4 sums of products in any order err by at most k roundings`() {
    var numbers = SeededNumbers(seed: 4)
    for _ in 0..<2_000 {
      let k = 1 + numbers.integer(below: 60)
      let a = (0..<k).map { _ in Double(Float(numbers.unitInterval() - 0.5)) }
      let b = (0..<k).map { _ in Double(Float(numbers.unitInterval() - 0.5)) }
      let exact = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
      let size = zip(a, b).reduce(0) { $0 + ($1.0 * $1.1).magnitude }
      for order in Order.allCases {
        let candidate = RightCandidate<Float>(order: order, manner: .plain, store: { $0 }, storesAll: false)
        let sum = Double(candidate.dot(a.map { Float($0) }, b.map { Float($0) }))
        #expect((sum - exact).magnitude <= Double(k) * 0x1p-24 * size)
      }
    }
  }

  @Test func `TOL-5 units of a linear layer and of a sum of two`() {
    let x = Bounded(
      value: Tensor(shape: [1, 2], values: [3, 4]), accumulation: Tensor(shape: [1, 2], values: [1, 10]),
      rounding: Tensor(shape: [1, 2], values: [2, 20]))
    let y = layers.linear(x, Tensor(shape: [1, 2], values: [2, -1]))
    #expect(y.value.values == [2])
    // 2·1 + 1·10 + 3·(6 + 4), and 2·2 + 1·20 + |2|.
    #expect(y.accumulation.values == [42])
    #expect(y.rounding.values == [26])
    let sum = layers.add(x, Bounded(exact: Tensor(shape: [1, 2], values: [-5, 1])))
    #expect(sum.accumulation.values == [3, 15])
    #expect(sum.rounding.values == [4, 25])
  }

  @Test func `TOL-8 hidden keys have no units, and a single visible key no error of its score`() {
    let one = Tensor(shape: [2, 2], values: [1, 2, 3, 4])
    let visible = VisibleKeys(lists: [[0], [0, 1]], keyCount: 2)
    let output = layers.attend(
      Bounded(exact: one), Bounded(exact: one), Bounded(exact: one), visible: visible,
      heads: AttentionHeads(query: 1, keyValue: 1, dimension: 2))
    #expect(output.probabilities.accumulation.values[1] == 0)
    #expect(output.probabilities.rounding.values[1] == 0)
    // 2E + 2n + 1 + n + 1 with n = 1, times the value; 4 + 1 stored.
    #expect(output.context.accumulation.row(0) == [13, 26])
    #expect(output.context.rounding.row(0) == [5, 10])
  }
}
