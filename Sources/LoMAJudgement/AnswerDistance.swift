// TOL-1: how near an answer is to tensors other than the recorded ones, for the diagnosis.

import LoMAVectors

/// The data, read once, for comparing answers to a case with tensors other than the recorded ones.
package struct AnswerDistance: Sendable {
  private let item: StoredCase
  private let dtype: String
  private let bounds: CalibratedBounds
  private let rules: [(name: String, rule: Rule)]
  private let input: [NamedArray]
  private let recorded: [NamedArray]

  /// Nil if the case has no recorded tensors, or its files are damaged.
  package init?(_ corpus: CaseCorpus, _ item: StoredCase, dtype: String, bounds: CalibratedBounds) {
    guard case .tensors(_, let rules) = item.answer, let input = try? corpus.input(of: item),
      let recorded = try? corpus.expected(of: item)
    else { return nil }
    (self.item, self.dtype, self.bounds, self.rules) = (item, dtype, bounds, rules)
    (self.input, self.recorded) = (input, recorded)
  }

  /// The element type numbers are asked in; i64 if there are none.
  package var type: ElementType { ElementType(word: dtype) ?? .i64 }

  /// The recorded answer, rounded once to the element type.
  package var right: [NamedArray] {
    let type = ElementType(word: dtype)
    return recorded.filter { array in rules.contains { $0.name == array.name } }.map { array in
      guard array.elementType.kind == .floating, let type, let values = try? array.doubles() else { return array }
      return (try? NamedArray(array.name, type, shape: array.shape, doubles: values)) ?? array
    }
  }

  /// Whether other tensors are within the bounds of the recorded ones.
  package func isRight(_ other: [NamedArray]) -> Bool { distance(of: right, to: other).map { $0 <= 1 } ?? false }

  /// Worst error/bound of `answer` against the recorded one; nil if names or shapes differ.
  package func excess(of answer: [NamedArray]) -> Double? {
    let names = Set(answer.map(\.name))
    return Judge(
      item: item, dtype: dtype, bounds: bounds, captures: item.captures.allSatisfy { names.contains($0) }, input: input,
      expected: recorded
    ).excess(of: answer)
  }

  /// Worst error/bound of `answer` with `other` taken as expected; nil if names or shapes differ.
  ///
  /// The bounds are those of the recorded answer; derived ones are scaled to the numbers of `other`. A NaN or an
  /// infinity equals itself, and a tensor that decides no verdict is skipped.
  package func distance(of answer: [NamedArray], to other: [NamedArray]) -> Double? {
    let names = Set(answer.map(\.name))
    let compared = rules.filter { names.contains($0.name) || !item.captures.contains($0.name) }
    guard Set(other.map(\.name)).isSuperset(of: compared.map(\.name)) else { return nil }
    let units =
      rules.flatMap { name, rule in rule == .derived ? self.units(of: name, for: other) : [] }
      + recorded.filter { $0.name == "codes.margin" }
    let (got, want) = Self.withoutEqualExceptions(answer, other)
    let judge = Judge(
      item: item, dtype: dtype, bounds: bounds, captures: item.captures.allSatisfy { names.contains($0) }, input: input,
      expected: want + units)
    guard let result = try? judge.result(of: [.tensors(got)]) else { return nil }
    switch result.verdict {
    case .pass: return min(1, result.tensors.map(\.ratio).max() ?? 0)
    case .fail:
      return result.tensors.map { tensor in
        tensor.rule == Rule.derived.rawValue ? tensor.ratio / growth(tensor.name, want) : tensor.ratio
      }.max() ?? 0
    default: return nil
    }
  }

  /// The units of a derived bound (TOL-3). A cell whose recorded value is exactly 0, such as the weight of a hidden
  /// key, has no units; if the other value is not 0, it gets the largest units of any cell, relative to its value.
  private func units(of name: String, for other: [NamedArray]) -> [NamedArray] {
    let arrays = recorded.filter { $0.name == name + ".accumulation" || $0.name == name + ".rounding" }
    guard let right = try? recorded.first(where: { $0.name == name })?.doubles(),
      let wanted = try? other.first(where: { $0.name == name })?.doubles(), wanted.count == right.count
    else { return arrays }
    return arrays.map { array in
      guard var values = try? array.doubles(), values.count == right.count else { return array }
      let worst = right.indices.reduce(0) { right[$1] == 0 ? $0 : max($0, values[$1] / right[$1].magnitude) }
      for cell in right.indices where right[cell] == 0 && values[cell] == 0 && wanted[cell].isFinite {
        values[cell] = worst * wanted[cell].magnitude
      }
      return (try? NamedArray(array.name, array.elementType, shape: array.shape, doubles: values)) ?? array
    }
  }

  /// The largest magnitude of a tensor over that of the recorded one, at least 1.
  private func growth(_ name: String, _ other: [NamedArray]) -> Double {
    func largest(_ arrays: [NamedArray]) -> Double {
      let values = try? arrays.first { $0.name == name }?.doubles()
      return (values ?? []).reduce(0) { max($0, $1.magnitude) }
    }
    let (before, after) = (largest(recorded), largest(other))
    return before > 0 && after.isFinite ? max(1, after / before) : 1
  }

  /// Both arrays with 0 in place of every cell that is NaN in both, or the same infinity in both.
  private static func withoutEqualExceptions(
    _ answer: [NamedArray], _ other: [NamedArray]
  ) -> ([NamedArray], [NamedArray]) {
    var (got, want) = (answer, other)
    for (i, array) in answer.enumerated() {
      guard let j = other.firstIndex(where: { $0.name == array.name }), other[j].shape == array.shape,
        var a = try? array.doubles(), var b = try? other[j].doubles()
      else { continue }
      let both = a.indices.filter { (a[$0].isNaN && b[$0].isNaN) || (a[$0].isInfinite && a[$0] == b[$0]) }
      if both.isEmpty { continue }
      for cell in both { (a[cell], b[cell]) = (0, 0) }
      guard let x = try? NamedArray(array.name, array.elementType, shape: array.shape, doubles: a),
        let y = try? NamedArray(array.name, other[j].elementType, shape: array.shape, doubles: b)
      else { continue }
      (got[i], want[j]) = (x, y)
    }
    return (got, want)
  }
}
