// TOL-1: how near an answer is to another than the recorded one, for a diagnosis.

import LoMAVectors

extension CaseCorpus {
  /// Error over bound of an answer to a case's question, compared with other tensors as with the recorded ones; none where
  /// names or forms differ.
  public func distance(
    of answer: [NamedArray], to other: [NamedArray], _ item: StoredCase, dtype: String, bounds: CalibratedBounds
  ) -> Double? {
    guard case .tensors(_, let rules) = item.answer, Set(other.map(\.name)) == Set(rules.map(\.name)),
      let input = try? input(of: item), let recorded = try? expected(of: item)
    else { return nil }
    let units = recorded.filter { array in !rules.contains { $0.name == array.name } }
    let names = Set(answer.map(\.name))
    let judge = Judge(
      item: item, dtype: dtype, bounds: bounds, captures: item.captures.allSatisfy { names.contains($0) }, input: input,
      expected: other + units)
    guard let result = try? judge.result(of: [.tensors(answer)]), result.verdict == .pass || result.verdict == .fail
    else { return nil }
    return result.tensors.map(\.ratio).max() ?? 0
  }
}
