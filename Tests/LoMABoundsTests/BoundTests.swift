// Chapter 12: right implementations stay within the derived bounds, by how much, and wrong ones do not.

import Foundation
import LoMAReference
import LoMAVectors
import NaiveLlama
import Testing

/// Error over bound, per element; infinite where a number should be exact and is not, or is not finite.
func ratios(_ bounded: Bounded, _ values: [Double], _ precision: Precision) -> [Double] {
  values.indices.map { i in
    precision.ratio(
      values[i], expected: bounded.value.values[i], accumulation: bounded.accumulation.values[i],
      rounding: bounded.rounding.values[i])
  }
}

@Suite("12 Tolerances: derived bounds")
struct BoundTests {
  static let manners: [(Order, Manner)] = [(.rising, .plain), (.falling, .prescaled), (.pairwise, .online)]

  static func candidates<Number: SystemNumber>(
    _: Number.Type, storesAll: [Bool], _ store: @escaping @Sendable (Number) -> Number
  ) -> [RightCandidate<Number>] {
    storesAll.flatMap { all in
      manners.map { RightCandidate(order: $0, manner: $1, store: store, storesAll: all) }
    }
  }

  static func narrow(_ format: NarrowFloat) -> [RightCandidate<Float>] {
    candidates(Float.self, storesAll: [false, true]) { Float(format.widened(format.narrowed(Double($0)))) }
  }

  /// The largest and the mean ratio so far.
  struct Measured {
    private(set) var largest = 0.0
    private var sum = 0.0
    private var count = 0.0
    var mean: Double { sum / count }

    mutating func add(_ expected: [Bounded], _ values: [[Double]], _ precision: Precision) {
      for (bounded, values) in zip(expected, values) {
        for ratio in ratios(bounded, values, precision) {
          largest = max(largest, ratio)
          sum += ratio
          count += 1
        }
      }
    }
  }

  @Test func `TOL-6 right norms keep at least half of the bound`() throws { try Self.check(.rmsNorm) }

  @Test func `TOL-7 right rotations keep at least half of the bound`() throws { try Self.check(.rope) }

  @Test func `TOL-8 right attention keeps at least half of the bound`() throws { try Self.check(.attention) }

  @Test func `TOL-9 right feed-forward blocks keep at least half of the bound`() throws {
    try Self.check(.feedForward)
  }

  @Test func `TOL-10 right cross-entropies keep at least half of the bound`() throws {
    try Self.check(.crossEntropy)
  }

  @Test func `TOL-11 right layers keep at least half of the bound`() throws { try Self.check(.decoderLayer) }

  private static func check(_ stage: Stage) throws {
    let (f64, f32) = (
      Self.candidates(Double.self, storesAll: [false]) { $0 },
      Self.candidates(Float.self, storesAll: [false]) { $0 }
    )
    let (bf16, f16) = (Self.narrow(.bfloat16), Self.narrow(.float16))
    var measured = ["f64": Measured(), "f32": Measured(), "bf16": Measured(), "f16": Measured()]
    for seed in 0..<2_000 {
      let input = try StageInput(seed: UInt64(seed))
      let expected = try input.bounded(stage)
      measured["f64"]?.add(expected, try input.answer(stage, f64[seed % f64.count]), .f64)
      measured["f32"]?.add(expected, try input.answer(stage, f32[seed % f32.count]), .f32)
      measured["bf16"]?.add(expected, try input.answer(stage, bf16[seed % bf16.count]), .bf16)
      measured["f16"]?.add(expected, try input.answer(stage, f16[seed % f16.count]), .f16)
    }
    for (type, ratio) in measured {
      print("error/bound \(stage.rawValue) \(type): largest \(ratio.largest), mean \(ratio.mean)")
      #expect(ratio.largest <= 0.5, "\(type)")
      // In f64 sums of squares of short numbers are exact in any order.
      if type != "f64" { #expect(ratio.largest >= 0.001, "the bound of \(type) is not absurdly loose") }
    }
  }
}
