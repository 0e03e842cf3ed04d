// OWN-1: roundings, noise and simulated ports.

import Foundation
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAOwnModel

@Suite("OWN: simulated ports")
struct SimulationTests {
  /// Numbers over the whole range of a format, its subnormals and what lies beyond.
  private func numbers(_ format: NumberFormat) -> [Double] {
    var numbers = SeededNumbers(seed: 3)
    let lowest = format.smallestExponent - format.fractionBits - 3
    let highest = format.largest.exponent
    return (0..<20_000).map { _ in
      let exponent = Int(lowest) + numbers.integer(below: Int(highest) + 2 - lowest)
      let size = Double(sign: .plus, exponent: exponent, significand: 1 + numbers.unitInterval())
      return numbers.integer(below: 2) == 0 ? size : -size
    } + [0, format.largest, -format.largest, .infinity]
  }

  @Test func `OWN-1 rounding to nearest is that of the container`() {
    // Checked against Swift's Float and against NarrowFloat, which narrows through bit patterns.
    for x in numbers(.f32) { #expect(NumberFormat.f32.rounded(x, .nearest, at: 0) == Double(Float(x)), "\(x)") }
    for (format, narrow) in [(NumberFormat.bf16, NarrowFloat.bfloat16), (.f16, .float16)] {
      for x in numbers(format) {
        #expect(format.rounded(x, .nearest, at: 0) == narrow.widened(narrow.narrowed(x)), "\(x)")
      }
    }
  }

  @Test func `OWN-1 random rounding takes one of the two neighbours, the nearer more often`() {
    for format in [NumberFormat.f32, .bf16, .f16] {
      for (index, x) in numbers(format).enumerated() where x.isFinite && x.magnitude <= format.largest {
        let y = format.rounded(x, .random(Noise(seed: 5)), at: index)
        let nearest = format.rounded(x, .nearest, at: index)
        let unit = Double(
          sign: .plus, exponent: max(Int(x.exponent), format.smallestExponent) - format.fractionBits, significand: 1)
        #expect((y - x).magnitude < unit || y.isInfinite, "\(x) became \(y)")
        #expect(nearest != x || y == x, "\(x) is a value of the format")
      }
      // 1 + a quarter of a unit: up in a quarter of the cases; 4 standard deviations of 40,000 draws.
      let unit = Double(sign: .plus, exponent: -format.fractionBits, significand: 1)
      let up = (0..<40_000).count { format.rounded(1 + unit / 4, .random(Noise(seed: 5)), at: $0) > 1 }
      #expect((Double(up) - 10_000).magnitude < 4 * 87, "\(up)")
    }
  }

  @Test func `OWN-1 normal noise has mean 0 and variance 1`() {
    let draws = (0..<100_000).map { Noise(seed: 11).normal(1.5, at: $0) }
    let mean = draws.reduce(0, +) / 1e5
    let variance = draws.reduce(0) { $0 + $1 * $1 } / 1e5
    #expect(mean.magnitude < 4 / 316.0)
    #expect((variance - 1).magnitude < 4 * 1.5 / 316)
    let signs = (0..<100_000).map { Noise(seed: 11).symmetric(1.5, at: $0) }
    #expect(signs.allSatisfy { $0 >= -1 && $0 < 1 })
    #expect((signs.reduce(0) { $0 + $1 * $1 } / 1e5 - 1.0 / 3).magnitude < 0.01)
  }

  @Test func `OWN-1 the port that rounds to nearest rounds at every fine point`() throws {
    // Computed a second time by plain loops, one rounding a line, for one layer of a model; the angles are the port's own.
    let model = try OwnFixtures.model("text-c4")
    let plan = try OwnFixtures.plan("text-c4", [.bf16], .none)
    let form = try PassForm(plan, plan.texts[0], workers: .single)
    let port = try #require(SimulatedPort(.bf16, copies: 1, seed: 1))
    let functions = port.functions(workers: .single)
    let (configuration, weights) = (model.checkpoint.configuration, model.checkpoint.weights)
    let x = try functions.embedding(of: form.rows.map { $0.token }, from: weights)
    let positions = form.rows.map { $0.position }
    let transformer = Transformer(configuration: configuration, weights: weights, functions: functions)
    let trace = try transformer.forward(layer: 0, x, positions: positions, visible: form.visible)

    let angles = functions.angles(positions, configuration.rotation)
    let (heads, name) = (configuration.heads, ParameterName.layer(0))
    let (d, half) = (heads.dimension, heads.dimension / 2)
    func r(_ value: Double) -> Double { NarrowFloat.bfloat16.widened(NarrowFloat.bfloat16.narrowed(value)) }
    func norm(_ x: [[Double]], _ gain: String) throws -> [[Double]] {
      let g = try weights.tensor(gain).values
      return x.map { row in
        var sum = 0.0
        for value in row { sum += value * value }
        let root = (sum / Double(row.count) + configuration.epsilon).squareRoot()
        return row.indices.map { r(r(row[$0] / root) * g[$0]) }
      }
    }
    func linear(_ x: [[Double]], _ parameter: String) throws -> [[Double]] {
      let w = try weights.tensor(parameter)
      return x.map { row in
        (0..<w.rows).map { o in
          var sum = 0.0
          for i in row.indices { sum += row[i] * w[o, i] }
          return r(sum)
        }
      }
    }
    func rotated(_ x: [[Double]]) -> [[Double]] {
      x.enumerated().map { position, row in
        var y = row
        for h in 0..<row.count / d {
          for i in 0..<half {
            let (a, b) = (row[h * d + i], row[h * d + half + i])
            let (cosine, sine) = (angles.cosines[position, i], angles.sines[position, i])
            y[h * d + i] = r(r(a * cosine) - r(b * sine))
            y[h * d + half + i] = r(r(b * cosine) + r(a * sine))
          }
        }
        return y
      }
    }
    func sum(_ x: [[Double]], _ y: [[Double]]) -> [[Double]] {
      zip(x, y).map { zip($0, $1).map { r($0 + $1) } }
    }
    let input = (0..<x.rows).map { Array(x.row($0)) }
    let before = try norm(input, name.attentionNorm)
    let query = rotated(try linear(before, name.query))
    let key = rotated(try linear(before, name.key))
    let value = try linear(before, name.value)
    var context = query
    for (row, seen) in form.visible.lists.enumerated() {
      for h in 0..<heads.query {
        let group = heads.keyValueHead(ofQuery: h) * d
        let scores = seen.map { j in
          var dot = 0.0
          for i in 0..<d { dot += query[row][h * d + i] * key[j][group + i] }
          return r(dot * heads.scale)
        }
        let p = Attention.softmax(scores).map { r($0) }
        for i in 0..<d {
          var total = 0.0
          for (j, weight) in zip(seen, p) { total += weight * value[j][group + i] }
          context[row][h * d + i] = r(total)
        }
      }
    }
    let middle = sum(input, try linear(context, name.attentionOutput))
    let inner = try norm(middle, name.feedForwardNorm)
    let (gate, up) = (try linear(inner, name.gate), try linear(inner, name.up))
    let activation = zip(gate, up).map { zip($0, $1).map { r(r(FeedForward.silu($0)) * $1) } }
    let output = sum(middle, try linear(activation, name.down))
    #expect(trace.own.keys.values == key.flatMap { $0 })
    #expect(trace.own.values.values == value.flatMap { $0 })
    #expect(trace.attention.context.values == context.flatMap { $0 })
    #expect(trace.output.values == output.flatMap { $0 })
  }

  @Test(arguments: [ElementType.f32, .bf16, .f16])
  func `OWN-1 simulated ports have the same bits on any number of threads`(type: ElementType) throws {
    let plan = try OwnFixtures.plan("text-c4", [type], .none)
    let one = try OwnFixtures.withYardstick(plan, threads: 1) { $0.spreads }
    let four = try OwnFixtures.withYardstick(plan, threads: 4) { $0.spreads }
    #expect(one == four)
    #expect(one[type]?["logits"]?.whole ?? 0 > 0)
  }

  @Test func `OWN-1 sums in binary32 scatter as sequential sums do`() throws {
    // Checked against Float itself: rows of 512 products, added one after the other.
    var numbers = SeededNumbers(seed: 9)
    let (rows, inner, outputs) = (16, 512, 32)
    // Full binary32 numbers: products and partial sums of shorter ones would be exact for a while.
    func drawn(_ count: Int) -> [Double] {
      numbers.deviates(count, mean: 0, standardDeviation: 1).map { Double(Float($0 / 3)) }
    }
    let x = Tensor(shape: [rows, inner], values: drawn(rows * inner))
    let w = Tensor(shape: [outputs, inner], values: drawn(outputs * inner))
    let exact = Linear.forward(x, weight: w, workers: .single)
    var sequential = exact
    for r in 0..<rows {
      for o in 0..<outputs {
        var sum: Float = 0
        for i in 0..<inner { sum += Float(x[r, i]) * Float(w[o, i]) }
        sequential[r, o] = Double(sum)
      }
    }
    let port = try #require(SimulatedPort(.f32, copies: 1, seed: 1)).functions(workers: .single)
    let simulated = port.linear(x, w, .single)
    let (s, f) = (Spread(simulated, about: exact).whole, Spread(sequential, about: exact).whole)
    #expect(s / f > 0.6 && s / f < 1.6, "simulated \(s), sequential \(f)")
  }
}
