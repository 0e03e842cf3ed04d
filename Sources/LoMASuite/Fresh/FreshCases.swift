// RUN-17: the fresh cases of a seed, in the form of catalogue cases.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

/// Draws fresh cases and computes the reference's answers to them.
package struct FreshCases: Sendable {
  /// The most fresh cases of one run.
  package static let limit = 10_000
  /// The number of texts tried in search of one whose choices are clear in every element type.
  private static let attempts = 12

  package let seed: UInt64
  private let answers: ReferenceAnswers

  package init(seed: UInt64) throws(RecordingError) {
    self.seed = seed
    let models = try RecordedModels.seeded.get()
    var answers = ReferenceAnswers(models: models.models, workers: .single)
    answers.refusals = models.refusals
    self.answers = answers
  }

  /// Ports of the reference on the cases' models whose stages err about as much as right ports do, each port
  /// differently (TOL-16).
  package var shakenPorts: [ReferenceCandidate] { ReferenceCandidate.shaken(models: answers.models) }

  /// The reference with gradients that are off by as much as those of the worst right port, before the optimiser gets
  /// them (TOL-16).
  package var movedPort: ReferenceCandidate { ReferenceCandidate.movingGradients(models: answers.models) }

  /// Case `index` of the seed, from 0; it does not depend on how many cases are drawn.
  package func drawn(_ index: Int) -> FreshCase {
    var drawing = FreshDrawing(seed: seed, index: index)
    let kind = FreshDrawing.kind(seed: seed, index: index)
    var drawn = drawing.draw(kind.operation)
    if kind.isFaulty {
      drawing.spoil(&drawn)
      return drawn
    }
    guard drawn.level == .generation else { return drawn }
    // Texts differ in how clear their choices are: take the first that is clear in all types, otherwise the clearest.
    var (best, count) = (drawn, -1)
    for attempt in 0..<Self.attempts {
      drawn.seed = drawn.seed(attempt)
      let types = dtypes(of: drawn, all: NumberType.words).count
      if types > count { (best, count) = (drawn, types) }
      if count == 4 { break }
    }
    return best
  }

  /// A fresh case under an id; nil if its choices are not clear enough for any type.
  package func item(_ fresh: FreshCase, id: String) -> Case? {
    guard fresh.faults.isEmpty else { return rejection(fresh, id: id) }
    let whole = Case.tensors(
      id, fresh.level, hunts: "answers known by heart: \(fresh)", clauses: fresh.operation.clauses, fresh.request)
    return whole.asked(in: dtypes(of: fresh, all: whole.dtypes))
  }

  /// A case to be rejected; nil if the reference does not reject it.
  private func rejection(_ fresh: FreshCase, id: String) -> Case? {
    do {
      _ = try answers.answer(fresh.request)
      return nil
    } catch {
      guard let code = error.rejectionCode else { return nil }
      return Case(
        id: id, since: Versions.suite, level: .rejection, hunts: "rejections known by heart: \(fresh)",
        clauses: ["OPS-6"], request: fresh.request, expectation: .rejection(code), dtypes: [NumberType.integerWord])
    }
  }

  /// The id of case `index` of the seed.
  package func id(_ index: Int) -> String {
    let kind = FreshDrawing.kind(seed: seed, index: index)
    let level = kind.isFaulty ? Level.rejection : kind.operation.level
    return "\(level.rawValue).\(kind.operation.rawValue).fresh.s\(seed)-k\(index)"
  }

  /// The seed and the index in an id; nil if it is not the id of a fresh case.
  package static func named(_ id: String) -> (cases: FreshCases, index: Int)? {
    let parts = id.split(separator: ".").last?.split(separator: "-") ?? []
    guard parts.count == 2, parts[0].first == "s", parts[1].first == "k", let seed = UInt64(parts[0].dropFirst()),
      let index = Int(parts[1].dropFirst()), let cases = try? FreshCases(seed: seed), cases.id(index) == id
    else { return nil }
    return (cases, index)
  }

  /// The case with an id; nil if it is not the id of a fresh case.
  package static func item(_ id: String) -> Case? {
    named(id).flatMap { cases, index in cases.item(cases.drawn(index), id: id) }
  }

  /// Those of the seed's first `count` cases whose ids pass; cases that cannot be asked are left out.
  package func items(count: Int, threads: Int, passing: @escaping @Sendable (_ id: String) -> Bool) -> [Case] {
    Workers(threads: threads).map(count) { index in
      passing(id(index)) ? item(drawn(index), id: id(index)) : nil
    }.compactMap { $0 }
  }

  /// Cases and their answers in the form of a folder of vectors.
  package static func recording(
    of cases: [Case], threads: Int, progress: @escaping @Sendable (_ done: Int, _ of: Int) -> Void
  ) throws(RecordingError) -> Recording {
    try Recording(
      cases: cases, models: RecordedModels.seeded.get(), workers: Workers(threads: threads), retired: [],
      isPublished: false, progress: progress)
  }

  private func dtypes(of fresh: FreshCase, all: [String]) -> [String] {
    let all = fresh.isPrecise ? all.filter { NumberType.preciseWords.contains($0) } : all
    guard fresh.level == .generation else { return all }
    let request = fresh.request
    guard let answer = try? answers.answer(request) else { return all }
    let wide = ChoiceMargin.dtypes(all, withMargin: ChoiceMargin.margin(of: request, answer: answer))
    // Token 0 is then chosen from a row whose scores the answer does not have (REC-4).
    let isHidden = fresh.operation == .reconstruct && fresh.profile.repetitionLabels == .shifted
    return isHidden ? wide.filter { NumberType.preciseWords.contains($0) } : wide
  }
}
