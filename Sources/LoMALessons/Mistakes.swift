// The mistake that gives exactly a wrong answer: one of the catalogue, an axis of the profile, or a table turned round.

import LoMA
import LoMAAnswers
import LoMAMutants
import LoMAReference
import LoMAVectors

extension LessonReference {
  /// Who answers so, after the words "this is what one gets"; nil if no known mistake does.
  func mistake(giving answer: LessonAnswer, to ask: Ask) -> String? {
    if let name = turned(answer, ask) { return name }
    for profile in Profile.singleAlternatives where profile != self.profile {
      var other = self
      other.profile = profile
      if other.gives(answer, to: ask) { return "under the profile \(profile.name)" }
    }
    for mutant in Mutant.all where LessonReference.families.contains(mutant.family) {
      guard let other = making(mutant, asked: ask), other.gives(answer, to: ask) else { continue }
      return "who says \"\(mutant.sentence)\" (\(mutant.id))"
    }
    return nil
  }

  /// The families whose mistakes a lesson can show.
  private static let families: Set<Mutant.Family> = [.layout, .positions, .mask, .model, .losses, .generation]

  /// One who makes a mistake where this request asks; nil if the request cannot show it.
  func making(_ mutant: Mutant, asked ask: Ask) -> LessonReference? {
    guard let input = try? ArrayFile([], metadata: [:]) else { return nil }
    let request = Request(ask.operation, axes: [:], parameters: [:], model: nil, input: input, captures: [])
    guard let changed = mutant.deviation.apply(answers, request)?.0 else { return nil }
    var other = self
    other.answers = changed
    return other
  }

  private func gives(_ answer: LessonAnswer, to ask: Ask) -> Bool {
    guard let mine = try? self.answer(ask) else { return false }
    switch (mine, answer) {
    case (.words(let a), .words(let b)): return a == b
    case (.numbers(let a, _), .numbers(let b, _)): return LessonAnswer.agree(a, b)
    default: return false
    }
  }

  /// A mask with keys before queries, or with 1 for hidden.
  private func turned(_ answer: LessonAnswer, _ ask: Ask) -> String? {
    guard case .mask = ask, case .words(let given) = answer, case .words(let right)? = try? self.answer(ask) else {
      return nil
    }
    let count = Int(Double(right.count).squareRoot())
    if given == right.map({ $0 == "1" ? "0" : "1" }) { return "where 1 means hidden" }
    if given == right.indices.map({ right[$0 % count * count + $0 / count] }) {
      return "where a line is a key and a column a query"
    }
    return nil
  }
}

extension Ask {
  /// The operation of the suite that asks for the same.
  var operation: Operation {
    switch self {
    case .rows, .positions, .labels: .layout
    case .mask, .find: .mask
    case .norm, .query, .weights, .layer, .onePass, .looks: .forward
    case .losses: .loss
    case .cache: .schedule
    case .next: .generate
    case .recite: .reconstruct
    case .entries, .cost: .cost
    }
  }
}
