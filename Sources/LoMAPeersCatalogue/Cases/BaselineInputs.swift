// BAS-19, BAS-20: the numbers of requests of chapter 19, all from seeds: softmax weights that are sums of 2⁻⁸, unit atoms,
// and the requests that hold them.

import LoMAAnswers
import LoMACatalogue
import LoMAPeers
import LoMAVectors
import NaiveLlama

/// Inputs of stages.
enum BaselineInputs {
  /// Softmax weights [heads, rows, rows] that are multiples of 2⁻⁸ and sum to 1, 0 where hidden: their sums are exact.
  ///
  /// `peak` is the power by which the draws of a row differ: 1 is flat, 4 uneven.
  static func probabilities(heads: Int, rows: Int, peak: Int = 3, seed: UInt64) -> [Double] {
    var numbers = SeededNumbers(seed: seed)
    var cells: [Double] = []
    for _ in 0..<heads {
      for row in 0..<rows {
        let draws = (0...row).map { _ in
          let unit = numbers.unitInterval() + 0x1p-6
          return (1..<max(1, peak)).reduce(unit) { product, _ in product * unit }
        }
        cells += shares(draws) + Array(repeating: 0, count: rows - row - 1)
      }
    }
    return cells
  }

  /// Multiples of 2⁻⁸ that sum to 1, in the proportion of some numbers: what is left over goes to the first.
  private static func shares(_ draws: [Double]) -> [Double] {
    let sum = draws.reduce(0, +)
    var parts = draws.map { (256 * $0 / sum).rounded(.down) }
    parts[0] += 256 - parts.reduce(0, +)
    return parts.map { $0 / 256 }
  }

  static func tensor(_ name: String, _ shape: [Int], _ values: [Double]) -> NamedArray {
    CaseInputs.numbers(name, shape: shape, values)
  }

  static func normal(
    _ name: String, _ shape: [Int], seed: UInt64, deviation: Double = 1, mean: Double = 0
  ) -> NamedArray {
    CaseInputs.normal(name, shape: shape, deviation: deviation, mean: mean, seed: seed)
  }

  /// Directions of length 1 as nearly as eight bits allow: [count, width].
  static func atoms(_ name: String = "atoms", count: Int, width: Int, seed: UInt64) -> NamedArray {
    tensor(name, [count, width], unitRows(count: count, width: width, seed: seed))
  }

  static func unitRows(count: Int, width: Int, seed: UInt64) -> [Double] {
    var numbers = SeededNumbers(seed: seed)
    return (0..<count).flatMap { _ in
      let row = numbers.deviates(width, mean: 0, standardDeviation: 1)
      let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return row.map { SeededNumbers.roundedToEightBits($0 / length) }
    }
  }

  /// The unit matrix: an orthonormal dictionary.
  static func basis(_ width: Int) -> NamedArray {
    tensor("atoms", [width, width], (0..<width * width).map { $0 / width == $0 % width ? 1 : 0 })
  }

  static func choice(_ lines: [[Int]]) -> NamedArray {
    CaseInputs.make { () throws(ContainerError) in
      try NamedArray("forced_choice", .i64, shape: [lines.count, lines[0].count], integers: lines.flatMap { $0 })
    }
  }

  /// A request of a stage.
  static func request(
    _ operation: PeerOperation, _ baseline: Baseline, _ parameters: KeyValuePairs<String, Int>,
    reals: [String: Double] = [:], _ arrays: [NamedArray]
  ) -> Request {
    var all = Dictionary(uniqueKeysWithValues: parameters.map { ($0.key, RequestParameter.integer($0.value)) })
    for (name, value) in reals { all[name] = .real(value) }
    return Request(
      .peer(operation), axes: baseline.axes, parameters: all, model: nil, input: CaseInputs.file(arrays), captures: [])
  }
}
