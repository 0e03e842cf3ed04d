// TOL-1: how near an answer to a case is to another than the recorded one, for a diagnosis.

import LoMAVectors

/// What comparing an answer to a case with other tensors than the recorded ones needs, read once.
package struct Likeness: Sendable {
  private let item: StoredCase
  private let dtype: String
  private let bounds: CalibratedBounds
  private let rules: [(name: String, rule: Rule)]
  private let input: [NamedArray]
  private let recorded: [NamedArray]

  /// None where a case has no recorded tensors, or its files are damaged.
  package init?(_ corpus: CaseCorpus, _ item: StoredCase, dtype: String, bounds: CalibratedBounds) {
    guard case .tensors(_, let rules) = item.answer, let input = try? corpus.input(of: item),
      let recorded = try? corpus.expected(of: item)
    else { return nil }
    (self.item, self.dtype, self.bounds, self.rules) = (item, dtype, bounds, rules)
    (self.input, self.recorded) = (input, recorded)
  }

  /// The type of numbers that is asked for; i64 where there are none.
  package var type: ElementType { ElementType(word: dtype) ?? .i64 }

  /// The recorded answer, rounded once to the type that was asked for.
  package var right: [NamedArray] {
    let type = ElementType(word: dtype)
    return recorded.filter { array in rules.contains { $0.name == array.name } }.map { array in
      guard array.elementType.kind == .floating, let type, let values = try? array.doubles() else { return array }
      return (try? NamedArray(array.name, type, shape: array.shape, doubles: values)) ?? array
    }
  }

  /// Whether other tensors than the recorded ones are within their bounds of them.
  package func isRight(_ other: [NamedArray]) -> Bool { distance(of: right, to: other).map { $0 <= 1 } ?? false }

  /// Error over bound of an answer at its worst, compared with the recorded one; none where names or forms differ.
  package func excess(of answer: [NamedArray]) -> Double? {
    let names = Set(answer.map(\.name))
    return Judge(
      item: item, dtype: dtype, bounds: bounds, captures: item.captures.allSatisfy { names.contains($0) }, input: input,
      expected: recorded
    ).excess(of: answer)
  }

  /// Error over bound of an answer, compared with other tensors as with the recorded ones; none where names or forms
  /// differ.
  ///
  /// Bounds are those of the recorded answer. Derived ones grow with the numbers of the other; a NaN or an infinity is
  /// equal to itself, and a tensor that decides no verdict decides nothing here.
  package func distance(of answer: [NamedArray], to other: [NamedArray]) -> Double? {
    let names = Set(answer.map(\.name))
    let compared = rules.filter { names.contains($0.name) || !item.captures.contains($0.name) }
    guard Set(other.map(\.name)).isSuperset(of: compared.map(\.name)) else { return nil }
    let units = rules.flatMap { name, rule in rule == .derived ? self.units(of: name, for: other) : [] }
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

  /// The units of a derived bound (TOL-3). A cell that is exactly 0 where right, as the weight of a hidden key, has none;
  /// where the other is not 0, it gets as many as the worst cell has, relative to its number.
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

  /// How many times larger the largest number of a tensor is than the recorded one's, at least 1.
  private func growth(_ name: String, _ other: [NamedArray]) -> Double {
    func largest(_ arrays: [NamedArray]) -> Double {
      let values = try? arrays.first { $0.name == name }?.doubles()
      return (values ?? []).reduce(0) { max($0, $1.magnitude) }
    }
    let (before, after) = (largest(recorded), largest(other))
    return before > 0 && after.isFinite ? max(1, after / before) : 1
  }

  /// Both with 0 for every number that is a NaN, or the same infinity, in both.
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
