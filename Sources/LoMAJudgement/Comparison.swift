// TOL-1…TOL-3: one tensor of an answer compared with the expected one.

import LoMAVectors

/// The comparison of one tensor.
struct Comparison {
  /// The error of the tensor.
  let result: TensorResult
  /// The worst cell, or the first that is not a number; nil if the tensor is right.
  let finding: Finding?
  /// Where the tensor is wrong; nil if it is right.
  let divergence: Divergence?
  /// Whether it has a NaN or an infinity in place of a number.
  let isNonFinite: Bool

  private init(
    _ result: TensorResult, finding: Finding? = nil, divergence: Divergence? = nil, isNonFinite: Bool = false
  ) {
    self.result = result
    self.finding = finding
    self.divergence = divergence
    self.isNonFinite = isNonFinite
  }

  /// How numbers are compared.
  enum Bound {
    /// Per element, with the units of accumulation and rounding; also per tensor if a bound was measured (TOL-11).
    case derived(Precision, accumulation: [Double], rounding: [Double], measured: CalibratedBounds.Allowed?)
    /// Per tensor.
    case calibrated(CalibratedBounds.Allowed)

    /// How far each cell may be off.
    var ofCells: NumberErrors.Bound {
      switch self {
      case .derived(let precision, let accumulation, let rounding, let measured):
        let share = measured.flatMap { $0.gates ? $0.bound : nil }
        return .derived(precision, accumulation: accumulation, rounding: rounding, share: share)
      case .calibrated(let allowed): return .share(allowed.bound)
      }
    }
  }

  /// Compares integers or booleans as text, cell by cell; cells of `ignored` are skipped.
  static func exact(
    _ name: String, _ got: [String], _ want: [String], shape: [Int], ignored: [Bool]?, words: ([Int]) -> String
  ) -> Comparison {
    func isRight(_ cell: Int) -> Bool { got[cell] == want[cell] || ignored?[cell] == true }
    guard let cell = want.indices.first(where: { !isRight($0) }) else {
      return Comparison(TensorResult(name: name, rule: Rule.exact.rawValue, error: nil, ratio: 0))
    }
    let index = Self.index(of: cell, shape)
    let finding = Finding(
      tensor: name, index: index, place: words(index), got: got[cell], want: want[cell], ratio: .infinity)
    return Comparison(
      TensorResult(name: name, rule: Rule.exact.rawValue, error: nil, ratio: .infinity), finding: finding,
      divergence: Divergence(tensor: name, shape: shape, isWrong: want.indices.map { !isRight($0) }))
  }

  /// Compares numbers within a bound; cells of `ignored` are skipped.
  static func numbers(
    _ name: String, _ got: [Double], _ want: [Double], shape: [Int], ignored: [Bool]? = nil, bound: Bound,
    words: ([Int]) -> String
  ) -> Comparison {
    let errors = NumberErrors(got, expected: want, ignored: ignored, bound: bound.ofCells)
    let (worstRatio, isNonFinite) = (errors.worstRatio, errors.isNonFinite)
    let (rule, gates) =
      switch bound {
      case .derived: (Rule.derived, true)
      case .calibrated(let allowed): (.calibrated, allowed.gates)
      }
    var result = TensorResult(name: name, rule: rule.rawValue, error: errors.error, ratio: worstRatio)
    if worstRatio > Lean.leastRatio {
      let leaning = want.indices.filter { errors.ratios[$0] > Lean.leastRatio }
      result.lean = Lean(leaning.map { (got[$0], want[$0]) })
    }
    // A tensor that is only reported (TOL-14) still fails if it is unrelated to the expected one.
    guard let worst = errors.worst, isNonFinite || worstRatio > 1 && (gates || !(errors.error < 1)) else {
      return Comparison(result)
    }
    let index = Self.index(of: worst, shape)
    let finding = Finding(
      tensor: name, index: index, place: words(index), got: Self.text(got[worst]), want: Self.text(want[worst]),
      ratio: worstRatio)
    return Comparison(
      result, finding: finding, divergence: Divergence(tensor: name, shape: shape, ratios: errors.ratios),
      isNonFinite: isNonFinite)
  }

  /// The index of a cell, one number per dimension.
  static func index(of cell: Int, _ shape: [Int]) -> [Int] {
    var rest = cell
    var index: [Int] = []
    for size in shape.reversed() {
      index.append(rest % max(1, size))
      rest /= max(1, size)
    }
    return index.reversed()
  }

  /// A number in decimal and in hexadecimal.
  static func text(_ value: Double) -> String {
    value.isFinite ? "\(value) (\(HexFloat.text(value)))" : "\(value)"
  }
}

extension NamedArray {
  /// The cells of an array of integers or booleans as text.
  var words: [String] {
    if let integers = try? integers() { return integers.map { String($0) } }
    return ((try? booleans()) ?? []).map { $0 ? "true" : "false" }
  }
}
