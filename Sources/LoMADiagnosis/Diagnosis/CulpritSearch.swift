// RUN-30: the search for the suspects that explain most wrong answers and contradict fewest right ones, from the lowest
// level up.

import LoMA
import LoMAAnswers
import LoMAJudgement
import LoMAReference
import LoMAVectors
import NaiveLlama

/// One search, with the mistakes found so far.
struct CulpritSearch {
  /// The evidence for and against a suspect.
  private struct Tally {
    let suspect: Suspect
    /// The number of answers of the group that it does not explain.
    var missed = 0
    /// The number of answers beyond the group that it does not explain.
    var missedBeyond = 0
    var contradicted = 0
    var distance = 0.0

    static func isBetter(_ a: Tally, _ b: Tally) -> Bool {
      (a.missed, a.missedBeyond, a.contradicted, a.distance) < (b.missed, b.missedBeyond, b.contradicted, b.distance)
    }

    /// Whether the answers cannot tell it from a better suspect.
    func isLike(_ best: Tally) -> Bool {
      (missed, missedBeyond, contradicted) == (best.missed, best.missedBeyond, best.contradicted)
        && distance <= best.distance * CulpritSearch.likeness
    }
  }

  /// Sample size of the first round; a suspect that misses more than half of it is dropped.
  private static let sampleSize = 6
  /// A right answer contradicts a suspect if it is more than this many bounds away from the suspect's.
  private static let clear = 4.0
  /// Two suspects cannot be told apart if their distances differ by less than this factor.
  private static let likeness = 1.25
  /// The most suspects named for one mistake.
  private static let namedLimit = 3
  /// The most mistakes looked for.
  private static let culpritLimit = 6
  /// The most suspects tried together with a second one, if none explains enough alone.
  private static let partnerLimit = 3

  private let diagnosis: Diagnosis
  private let answers: ReferenceAnswers
  private let wrong: [Witness]
  private let right: [Witness]
  private let elsewhere: [Witness]
  private let workers: Workers
  /// The suspects: values of axes, and mutants.
  private var suspects: [Suspect]
  /// The suspects that change two axes at once.
  private var pairs: [Suspect]
  /// The mistakes found so far, each by its best suspect.
  private var found: [Suspect] = []

  /// A search among witnesses; if the wrong ones are long, only among suspects that no right one contradicts.
  init(
    _ diagnosis: Diagnosis, wrong: [Witness], right: [Witness], elsewhere: [Witness], isLong: Bool, threads: Int
  ) {
    self.diagnosis = diagnosis
    answers = diagnosis.answers
    (self.wrong, self.right, self.elsewhere) = (wrong, right, elsewhere)
    workers = Workers(threads: threads)
    // All witnesses of a run are of one part.
    let part = wrong.first?.request.operation.part ?? .loma
    suspects = Suspect.axes(of: part) + Suspect.mutants(of: part)
    pairs = Suspect.pairs(of: part)
    guard isLong else { return }
    let everyone = suspects
    let contradictions = workers.map(everyone.count) { [self] index in
      weighed(Tally(suspect: everyone[index]), right).contradicted
    }
    suspects = zip(everyone, contradictions).filter { $1 == 0 }.map { $0.0 }
    pairs = []
  }

  /// All mistakes that can be named, the lowest level first.
  mutating func culprits() -> Culprits {
    var (named, open): ([Culprit], [Level]) = ([], [])
    for (place, level) in Level.allCases.enumerated() {
      let here = wrong.filter { $0.level == level }
      let above = wrong.filter { witness in Level.allCases[(place + 1)...].contains { $0 == witness.level } }
      var left = here.filter { !isExplained($0, within: CaseResult.clearRatio) }
      while !left.isEmpty, named.count < Self.culpritLimit {
        let next = next(left, above, at: level)
        if next.isEmpty { break }
        named += next
        left = left.filter { !isExplained($0, within: CaseResult.clearRatio) }
      }
      if 2 * left.count > here.count { open.append(level) }
    }
    return Culprits(named: named, open: open)
  }

  /// The suspect that explains more than half of a level's unexplained answers, or all to one operation; or two that do
  /// so together. Empty if there is none.
  private mutating func next(_ left: [Witness], _ above: [Witness], at level: Level) -> [Culprit] {
    let limit = (left.count - 1) / 2
    if let best = best(left, beyond: above, missing: limit) { return [taken(best, at: level)] }
    for operation in Operation.allCases {
      let group = left.filter { $0.request.operation == operation }
      let others = left.filter { $0.request.operation != operation }
      guard !others.isEmpty, group.count > 1, let best = best(group, beyond: others + above, missing: 0) else {
        continue
      }
      return [taken(best, at: level)]
    }
    for partner in partners(left) {
      let before = found
      found.append(partner)
      let first = Culprit(
        suspects: [partner], level: level, explained: wrong.count { isExplained($0, within: 1) }, wrong: wrong.count,
        contradicted: 0, right: right.count)
      let rest = left.filter { !isExplained($0, within: CaseResult.clearRatio) }
      let contradicted = weighed(Tally(suspect: partner), right).contradicted
      if !rest.isEmpty, contradicted < first.explained,
        let best = best(rest, beyond: above, missing: (rest.count - 1) / 2)
      {
        return [first, taken(best, at: level)]
      }
      found = before
    }
    return []
  }

  /// The suspects that explain some of the answers, those that explain most first.
  private func partners(_ left: [Witness]) -> [Suspect] {
    let sample = diagnosis.spread(left, limit: Self.sampleSize + 2)
    let counts = workers.map(suspects.count) { index in
      sample.count { witness in distance(suspects[index], witness).map { $0 <= 1 } ?? false }
    }
    return suspects.indices.filter { counts[$0] > 1 }.sorted { (-counts[$0], $0) < (-counts[$1], $1) }
      .prefix(Self.partnerLimit).map { suspects[$0] }
  }

  /// The best suspects of a search as a culprit; later suspects are tried beside this mistake.
  private mutating func taken(_ best: (suspects: [Suspect], contradicted: Int), at level: Level) -> Culprit {
    found += best.suspects.prefix(1)
    return Culprit(
      suspects: best.suspects, level: level, explained: wrong.count { isExplained($0, within: 1) }, wrong: wrong.count,
      contradicted: best.contradicted, right: right.count)
  }

  /// Whether the mistakes found so far, alone or together, explain an answer.
  private func isExplained(_ witness: Witness, within limit: Double) -> Bool {
    found.indices.contains { place in
      let alone = place == 0 ? [] : [found[place]]
      return (alone + [found[place].beside(Array(found[..<place]))]).contains { suspect in
        far(suspect, witness).map { $0 <= limit } ?? false
      }
    }
  }

  private func far(_ suspect: Suspect, _ witness: Witness) -> Double? {
    suspect.answer(to: witness.request, witness.answers(answers)).flatMap { witness.distance(ofSuspect: $0) }
  }

  /// Error over bound of a wrong answer, compared with a suspect's answer beside the mistakes found, or alone.
  private func distance(_ suspect: Suspect, _ witness: Witness) -> Double? {
    if found.isEmpty { return far(suspect, witness) }
    // A suspect that changes nothing here is not measured together with others.
    if let together = far(suspect.beside(found), witness), together <= 1,
      !suspect.answersRightly(witness.request, witness.answers(answers))
    {
      return together
    }
    return far(suspect, witness)
  }
}

extension CulpritSearch {
  /// The suspects that explain most of a group and miss at most `limit`: the best and those like it, profiles first.
  private func best(
    _ group: [Witness], beyond: [Witness], missing limit: Int
  ) -> (suspects: [Suspect], contradicted: Int)? {
    // One explained answer is weak evidence, unless it is the only one, or answers of higher levels are explained too.
    let enough = min(2, wrong.count)
    guard group.count - limit + beyond.count >= enough else { return nil }
    let sample = diagnosis.spread(group, limit: Self.sampleSize)
    func tallies(_ suspects: [Suspect], missing limit: Int) -> [Tally] {
      let left = workers.map(suspects.count) { index in
        tally(suspects[index], group: sample, missing: min(limit, sample.count / 2))
      }.compactMap { $0 }
      return workers.map(left.count) { tally(left[$0].suspect, group: group, missing: limit) }.compactMap { $0 }
    }
    var all = tallies(suspects, missing: limit)
    // Two axes only if they explain more than anything simpler.
    let least = all.map(\.missed).min()
    if found.isEmpty, least != 0 { all += tallies(pairs, missing: least.map { $0 - 1 } ?? limit) }
    guard let fewest = all.map(\.missed).min() else { return nil }
    let first = all.filter { $0.missed == fewest }
    all = workers.map(first.count) { weighed(looked(first[$0], beyond), right) }
    guard let best = all.min(by: Tally.isBetter) else { return nil }
    let explained = group.count + beyond.count - best.missed - best.missedBeyond
    guard explained >= enough, best.contradicted < explained else { return nil }
    return (named(all.filter { $0.isLike(best) }), best.contradicted)
  }

  /// Of suspects that are alike, those that right answers to other operations do not contradict; all if each is
  /// contradicted.
  private func named(_ alike: [Tally]) -> [Suspect] {
    let contradictions = workers.map(alike.count) { index in
      weighed(Tally(suspect: alike[index].suspect), elsewhere).contradicted
    }
    let fits = zip(alike, contradictions).filter { $1 == 0 }.map { $0.0 }
    let left = (fits.isEmpty ? alike : fits).map(\.suspect)
    // Profiles first: a port can declare one.
    return Array((left.filter { $0.profile != nil } + left.filter { $0.profile == nil }).prefix(Self.namedLimit))
  }

  /// A suspect's tally on a group of wrong answers; nil if it misses more than `limit`.
  private func tally(_ suspect: Suspect, group: [Witness], missing limit: Int) -> Tally? {
    var tally = Tally(suspect: suspect)
    for witness in group {
      if let far = distance(suspect, witness), far <= 1 {
        tally.distance += far
      } else {
        tally.missed += 1
        if tally.missed > limit { return nil }
      }
    }
    return tally
  }

  /// The tally with the wrong answers beyond the group added.
  private func looked(_ tally: Tally, _ beyond: [Witness]) -> Tally {
    var tally = tally
    for witness in beyond {
      if let far = distance(tally.suspect, witness), far <= 1 {
        tally.distance += far
      } else {
        tally.missedBeyond += 1
      }
    }
    return tally
  }

  /// The tally with the right answers added that the suspect would have made wrong.
  private func weighed(_ tally: Tally, _ right: [Witness]) -> Tally {
    var tally = tally
    for witness in right where !tally.suspect.answersRightly(witness.request, witness.answers(answers)) {
      let far = tally.suspect.answer(to: witness.request, witness.answers(answers)).flatMap { witness.distance($0) }
      if !(far.map { $0 <= CaseResult.clearRatio } ?? false) { tally.contradicted += 1 }
    }
    return tally
  }
}
