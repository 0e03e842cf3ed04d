// RUN-30: the summary of all wrong answers of a run: the mistakes behind them, or what they share.

import LoMAAnswers
import LoMAConformance
import LoMAJudgement

extension ConformDiagnosis {
  /// The lines of the summary, printed before the last line of a run and in its reports.
  package func lines(_ results: [CaseResult], threads: Int) -> [String] {
    let wrong = results.filter(\.verdict.isWrong)
    if wrong.isEmpty { return [] }
    let (culprits, symptoms) = culprits(results, threads: threads)
    let shared = culprits.open.flatMap { Symptoms.shared(symptoms, at: $0) } + wrong.rejectionLines
    guard culprits.named.isEmpty, shared.isEmpty else { return culprits.lines + shared }
    let faint = wrong.compactMap { faintRatio(of: $0) }
    guard faint.count == wrong.count, let largest = faint.max() else { return [] }
    return [Self.rounding("every wrong answer is below 2 x its bound, the worst \(Self.short(largest)) x")]
  }

  /// The mistakes behind the wrong answers among some results, and the symptoms of each answer.
  func culprits(_ results: [CaseResult], threads: Int) -> (Culprits, [Symptoms]) {
    let kept = kept
    let answers = Dictionary(kept.answers.map { ($0.unit, $0) }, uniquingKeysWith: { first, _ in first })
    let items = Dictionary(uniqueKeysWithValues: corpus.cases.map { ($0.id, $0) })
    var (wrong, right, seen): ([Witness], [(StoredCase, CaseResult)], [Symptoms]) = ([], [], [])
    // In the order of the run, not of the processes; of each case only the first, and most exact, type that says
    // something.
    var told: Set<String> = []
    for result in results {
      guard let answer = answers[result.unit], result.verdict.isWrong, !told.contains(result.id),
        let (witness, symptoms) = evidence(answer, result, kept)
      else { continue }
      told.insert(result.id)
      wrong.append(witness)
      seen.append(symptoms)
    }
    let doubted = Set(results.filter(\.verdict.isWrong).map(\.id))
    for result in results where result.verdict == .pass && !doubted.contains(result.id) {
      guard let item = items[result.id], case .tensors = item.answer, told.insert(result.id).inserted else { continue }
      right.append((item, result))
    }
    let known = wrong.isEmpty ? [] : right.compactMap { recorded($0.0, $0.1.dtype) }
    return (diagnosis.culprits(wrong: wrong, right: known, threads: threads), seen)
  }

  /// A wrong answer as a witness, with its symptoms; nil if a rounding may be behind it.
  private func evidence(_ answer: WrongAnswer, _ result: CaseResult, _ kept: Kept) -> (Witness, Symptoms)? {
    guard let request = try? Request(answer.question),
      let likeness = AnswerDistance(corpus, answer.item, dtype: answer.dtype, bounds: bounds)
    else { return nil }
    let witness = Witness(request, answer, likeness)
    guard witness.isClear else { return nil }
    var symptoms = Symptoms(
      id: result.id, level: witness.level, request: request, answer: answer.answer, right: likeness.right,
      tensors: result.tensors.map { ($0.name, $0.ratio > 1) }, place: result.finding?.tensor, bound: bound(answer))
    if let stage = kept.stages[answer.unit] { symptoms.trace(stage) }
    return (witness, symptoms)
  }

  /// Error over bound of a wrong result; nil if it is too large for a rounding.
  private func faintRatio(of result: CaseResult) -> Double? {
    guard result.verdict == .fail, result.finding != nil else { return nil }
    let answer = kept.answers.first { $0.unit == result.unit }
    let likeness = answer.flatMap { AnswerDistance(corpus, $0.item, dtype: $0.dtype, bounds: bounds) }
    let excess = answer.flatMap { answer in likeness?.excess(of: answer.answer) }
    let ratio = excess ?? result.tensors.map(\.ratio).max() ?? 0
    return ratio < CaseResult.clearRatio ? ratio : nil
  }

  /// A right answer as a witness: the recorded one stands for it.
  private func recorded(_ item: StoredCase, _ dtype: String) -> Witness? {
    guard let question = try? corpus.questions(of: item, dtype: dtype).first, let request = try? Request(question),
      let likeness = AnswerDistance(corpus, item, dtype: dtype, bounds: bounds)
    else { return nil }
    return Witness(request, right: item, likeness)
  }
}
