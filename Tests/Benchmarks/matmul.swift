// The product of the reference beside the same sums as C loops: equal bits, and the speed relative to C in runs in turn.
//
// The C loops of a·b run along the columns of b, those of stored rows along each row; a·bᵀ is compared with both.
//
// Compiled by Tests/Benchmarks/matmul with the sources of the product and with matmul-loops.c.

import Foundation

/// One shape and how often a measurement repeats it.
struct Shape {
  let m: Int
  let inner: Int
  let n: Int

  /// About 10 ms of work.
  var repetitions: Int { max(1, 30_000_000 / (2 * m * inner * n)) }
}

func compiled(_ a: Tensor, _ b: Tensor) -> Tensor {
  var y = Tensor(zeros: [a.rows, b.columns])
  matmul_loops(a.values, b.values, &y.values, a.rows, a.columns, b.columns)
  return y
}

func compiled(_ a: Tensor, stored b: Tensor) -> Tensor {
  var y = Tensor(zeros: [a.rows, b.rows])
  matmul_stored_loops(a.values, b.values, &y.values, a.rows, a.columns, b.rows)
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
      precondition(bits(compiled(a, stored: turned)) == expected, "the C loops on stored rows give other bits")
      precondition(bits(Tensor.product(a, b, workers: .single)) == expected, "the product gives other bits")
      precondition(bits(Tensor.product(a, transposed: turned, workers: .single)) == expected, "a·bᵀ gives other bits")
      var ratios: (plain: [Double], turned: [Double], stored: [Double]) = ([], [], [])
      for _ in 0..<21 {
        let c = seconds(shape.repetitions) { compiled(a, b) }
        let cStored = seconds(shape.repetitions) { compiled(a, stored: turned) }
        let plain = seconds(shape.repetitions) { Tensor.product(a, b, workers: .single) }
        let stored = seconds(shape.repetitions) { Tensor.product(a, transposed: turned, workers: .single) }
        ratios.plain.append(c / plain)
        ratios.turned.append(c / stored)
        ratios.stored.append(cStored / stored)
      }
      let (plain, turnedLoops, storedLoops) = (median(ratios.plain), median(ratios.turned), median(ratios.stored))
      // The model meets a single row only times stored rows: C has the same rows to read.
      least = min(least, shape.m > 1 ? min(plain, turnedLoops) : storedLoops)
      print(
        "\(shape.m) × \(shape.inner) × \(shape.n): a·b", shape.m > 1 ? "\(rounded(plain))," : "–,",
        "a·bᵀ \(rounded(turnedLoops)), beside C on the same stored rows \(rounded(storedLoops))")
    }
    print("equal bits in all shapes; least relative speed \(rounded(least)), wanted 0.9")
    if least < 0.9 { exit(1) }
  }

  static func rounded(_ x: Double) -> Double { (x * 100).rounded() / 100 }
}
