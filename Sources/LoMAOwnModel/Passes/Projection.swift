// OWN-4: β, the share of an alternative's difference that is found in an answer's error; σ, how far right ports scatter.

import NaiveLlama

/// ⟨error, Δ⟩ / s² summed over rows, and ‖Δ‖² / s²; sums over tensors, layers or slices add up.
package struct Projected: Hashable, Sendable {
  /// Σ_r ⟨y_r − ref_r, Δ_r⟩ / s_r² of each y.
  package var numerators: [Double]
  /// Σ_r ‖Δ_r‖² / s_r².
  package var denominator: Double

  /// Sums of no rows for so many answers.
  package init(answers: Int) {
    numerators = Array(repeating: 0, count: answers)
    denominator = 0
  }

  /// Given sums.
  package init(numerators: [Double], denominator: Double) {
    self.numerators = numerators
    self.denominator = denominator
  }

  /// Adds the sums of another tensor.
  package mutating func add(_ other: Projected) {
    for index in numerators.indices { numerators[index] += other.numerators[index] }
    denominator += other.denominator
  }

  /// β of each answer; NaN if the alternative changes nothing.
  package var shares: [Double] { numerators.map { $0 / denominator } }

  /// σ: the root mean square of β over simulated right ports; infinite if the alternative changes nothing.
  package var scatter: Double {
    guard denominator > 0, denominator.isFinite, !numerators.isEmpty else { return .infinity }
    let sum = shares.reduce(0) { $0 + $1 * $1 }
    return sum.isNaN ? .infinity : (sum / Double(numerators.count)).squareRoot()
  }

  /// The sums of answers' rows, stacked [answers · R, columns], about a reference [R, columns].
  ///
  /// `delta` is [R, columns]. A row in which no simulated port errs has no scale, and is left out.
  init(_ answers: Tensor, reference: Tensor, delta: Tensor, spread: Spread) {
    let (rows, width) = (reference.rows, reference.columns)
    let (y, x, d) = (answers.values.span, reference.values.span, delta.values.span)
    var sums = Projected(answers: answers.rows / max(rows, 1))
    for r in 0..<rows {
      let square = spread.square(r)
      guard square > 0 else { continue }
      var size = 0.0
      for i in 0..<width {
        size += d[r * width + i] * d[r * width + i]
      }
      guard size > 0 else { continue }
      sums.denominator += size / square
      for answer in sums.numerators.indices {
        var product = 0.0
        for i in 0..<width {
          product += (y[(answer * rows + r) * width + i] - x[r * width + i]) * d[r * width + i]
        }
        sums.numerators[answer] += product / square
      }
    }
    self = sums
  }
}

/// How far an answer is from the reference, and from what an alternative computes: sums of squares in yardsticks, which add up
/// over tensors, layers and texts.
package struct Remainder: Hashable, Sendable {
  /// Σ_r ‖y_r − ref_r‖² / ŝ_r².
  package var error: Double
  /// Σ_r ‖y_r − A_r‖² / ŝ_r²: what is left of the error if the answer is the alternative.
  package var rest: Double
  /// The numbers that were compared. A right port's `error`, and the `rest` of one that is the alternative, are about as large.
  package var count: Int

  /// Given sums.
  package init(error: Double, rest: Double, count: Int) {
    self.error = error
    self.rest = rest
    self.count = count
  }

  /// Sums of no rows.
  package init() { self.init(error: 0, rest: 0, count: 0) }

  /// Adds the sums of another tensor.
  package mutating func add(_ other: Remainder) {
    error += other.error
    rest += other.rest
    count += other.count
  }

  /// The sums of an answer's rows; all are [R, columns]. A row in which no simulated port errs, while others do, counts too.
  init(_ answer: Tensor, reference: Tensor, delta: Tensor, spread: Spread) {
    let (rows, width) = (reference.rows, reference.columns)
    let (y, x, d) = (answer.values.span, reference.values.span, delta.values.span)
    let hats = spread.hats()
    self.init()
    for r in 0..<rows where hats[r] > 0 {
      var (error, rest) = (0.0, 0.0)
      for i in r * width..<(r + 1) * width {
        let difference = y[i] - x[i]
        error += difference * difference
        rest += (difference - d[i]) * (difference - d[i])
      }
      self.error += error / (hats[r] * hats[r])
      self.rest += rest / (hats[r] * hats[r])
      count += width
    }
  }
}

extension Tensor {
  /// Some columns of a matrix, in this order.
  func selecting(columns chosen: [Int]) -> Tensor {
    let width = columns
    var values: [Double] = []
    values.reserveCapacity(rows * chosen.count)
    for r in 0..<rows {
      for column in chosen { values.append(self.values[r * width + column]) }
    }
    return Tensor(shape: [rows, chosen.count], values: values)
  }

  /// The differences from another tensor of this shape.
  func differences(from other: Tensor) -> Tensor {
    Tensor(shape: shape, values: zip(values, other.values).map { $0 - $1 })
  }
}

/// Columns that β is taken over: all if they are few enough, otherwise as many as allowed, drawn and sorted (NUM-5).
func sampledColumns(_ count: Int, atMost limit: Int, seed: UInt64) -> [Int] {
  guard count > limit else { return Array(0..<count) }
  var numbers = SeededNumbers(seed: seed)
  var columns = Array(0..<count)
  for index in 0..<limit { columns.swapAt(index, index + numbers.integer(below: count - index)) }
  return columns[..<limit].sorted()
}
