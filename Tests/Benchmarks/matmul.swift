// The product of the reference beside the same sums as C loops: equal bits, and the ratio of their times.
//
// Compiled by Tests/Benchmarks/matmul with the sources of the product and with matmul-loops.c.

import Foundation

/// One shape and how often a measurement repeats it.
struct Shape {
  let m: Int
  let inner: Int
  let n: Int

  /// About 30 ms of work.
  var repetitions: Int { max(1, 100_000_000 / (2 * m * inner * n)) }
}

func compiled(_ a: Tensor, _ b: Tensor) -> Tensor {
  var y = Tensor(zeros: [a.rows, b.columns])
  matmul_loops(a.values, b.values, &y.values, a.rows, a.columns, b.columns)
  return y
}

func bits(_ tensor: Tensor) -> [UInt64] { tensor.values.map(\.bitPattern) }

/// Values of both signs that differ in their last places, from a linear congruential generator.
func values(_ count: Int, state: inout UInt64) -> [Double] {
  (0..<count).map { _ in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Double(Int64(bitPattern: state) >> 11) * 0x1p-52
  }
}

func seconds(_ repetitions: Int, _ body: () -> Tensor) -> Double {
  let time = ContinuousClock().measure { for _ in 0..<repetitions { _ = body() } }
  return (Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18) / Double(repetitions)
}

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

@main
struct Benchmark {
  static func main() {
    let shapes = [
      (256, 512, 512), (256, 512, 1376), (256, 1376, 512), (64, 64, 256), (50, 64, 64), (36, 64, 34), (1, 512, 1376),
    ].map { Shape(m: $0.0, inner: $0.1, n: $0.2) }
    var state: UInt64 = 1
    var least = Double.infinity
    for shape in shapes {
      let a = Tensor(shape: [shape.m, shape.inner], values: values(shape.m * shape.inner, state: &state))
      let b = Tensor(shape: [shape.inner, shape.n], values: values(shape.inner * shape.n, state: &state))
      let turned = b.transposed()
      let expected = bits(Tensor.naiveProduct(a, b))
      precondition(bits(compiled(a, b)) == expected, "the C loops give other bits")
      precondition(bits(Tensor.product(a, b, workers: .single)) == expected, "the product gives other bits")
      precondition(bits(Tensor.product(a, transposed: turned, workers: .single)) == expected, "a·bᵀ gives other bits")
      var times: (c: [Double], swift: [Double], stored: [Double]) = ([], [], [])
      for _ in 0..<7 {
        times.c.append(seconds(shape.repetitions) { compiled(a, b) })
        times.swift.append(seconds(shape.repetitions) { Tensor.product(a, b, workers: .single) })
        times.stored.append(seconds(shape.repetitions) { Tensor.product(a, transposed: turned, workers: .single) })
      }
      let (c, swift, stored) = (median(times.c), median(times.swift), median(times.stored))
      // The model meets a single row only times stored rows; there the kernel reads what C reads, in another layout.
      if shape.m > 1 { least = min(least, c / swift) }
      let ratios = shape.m > 1 ? "\(rounded(c / swift)) and \(rounded(c / stored))" : "– and \(rounded(c / stored))"
      print("\(shape.m) × \(shape.inner) × \(shape.n): speed of a·b and a·bᵀ relative to C \(ratios)")
    }
    print("equal bits in all shapes; least relative speed of a·b \(rounded(least)), wanted 0.9")
    if least < 0.8 { exit(1) }
  }

  static func rounded(_ x: Double) -> Double { (x * 100).rounded() / 100 }
}
