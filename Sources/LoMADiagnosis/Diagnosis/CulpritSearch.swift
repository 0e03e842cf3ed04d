// RUN-30: the search for who explains the most wrong answers and contradicts the fewest right ones, from the lowest level up.

import LoMA
import LoMAReference
import LoMASuite
import LoMAVectors
import NaiveLlama

/// One search, and who it has found so far.
struct CulpritSearch {
  /// What a suspect has for and against it.
  private struct Tally {
    let suspect: Suspect
    /// Answers of the group that it does not explain.
    var missed = 0
    /// Answers beyond the group that it does not explain.
    var missedBeyond = 0
    var contradicted = 0
    var distance = 0.0

    static func isBetter(_ a: Tally, _ b: Tally) -> Bool {
      (a.missed, a.missedBeyond, a.contradicted, a.distance) < (b.missed, b.missedBeyond, b.contradicted, b.distance)
    }

    /// Whether the answers do not tell it from a better one.
    func isLike(_ best: Tally) -> Bool {
      (missed, missedBeyond, contradicted) == (best.missed, best.missedBeyond, best.contradicted)
        && distance <= best.distance * CulpritSearch.likeness
    }
  }

  /// So many wrong answers are shown to every suspect; who misses more than half of them is none any more.
  private static let sampleSize = 6
  /// A right answer so many bounds away from a suspect's is not the suspect's.
  private static let clear = 4.0
  /// Distances that differ by less than this factor do not tell two suspects apart.
  private static let likeness = 1.25
  /// No more are named for one mistake than these.
  private static let namedLimit = 3
  /// No more mistakes are looked for.
  private static let culpritLimit = 6
  /// So many of those who explain something are tried together with another, where nobody alone explains enough.
  private static let partnerLimit = 3

  private let diagnosis: Diagnosis
  private let answers: ReferenceAnswers
  private let wrong: [Witness]
  private let right: [Witness]
  private let elsewhere: [Witness]
  private let workers: Workers
  /// Who is looked into, one axis or one mutant each.
  private var suspects = Suspect.axes + Suspect.mutants
  /// Two axes at once.
  private var pairs = Suspect.pairs
  /// The mistakes found so far, the best suspect of each.
  private var found: [Suspect] = []

  /// A search among witnesses; where the wrong ones are long, only among those whom no right one contradicts.
  init(
    _ diagnosis: Diagnosis, wrong: [Witness], right: [Witness], elsewhere: [Witness], isLong: Bool, threads: Int
  ) {
    self.diagnosis = diagnosis
    answers = diagnosis.answers
    (self.wrong, self.right, self.elsewhere) = (wrong, right, elsewhere)
    workers = Workers(threads: threads)
    guard isLong else { return }
    let everyone = suspects
    let contradictions = workers.map(everyone.count) { [self] index in
      weighed(Tally(suspect: everyone[index]), right).contradicted
    }
    suspects = zip(everyone, contradictions).filter { $1 == 0 }.map { $0.0 }
    pairs = []
  }

  /// All that can be named, the lowest level first.
  mutating func culprits() -> Culprits {
    var (named, open): ([Culprit], [Level]) = ([], [])
    for (place, level) in Level.allCases.enumerated() {
      let here = wrong.filter { $0.level == level }
      let above = wrong.filter { witness in Level.allCases[(place + 1)...].contains { $0 == witness.level } }
      var left = here.filter { !isExplained($0, within: Witness.clear) }
      while !left.isEmpty, named.count < Self.culpritLimit {
        let next = next(left, above, at: level)
        if next.isEmpty { break }
        named += next
        left = left.filter { !isExplained($0, within: Witness.clear) }
      }
      if 2 * left.count > here.count { open.append(level) }
    }
    return Culprits(named: named, open: open)
  }

  /// Who explains more than half of some answers of a level, or all to one operation, or two who do so together.
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
      let rest = left.filter { !isExplained($0, within: Witness.clear) }
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

  /// Those who explain some of the answers, those who explain the most first.
  private func partners(_ left: [Witness]) -> [Suspect] {
    let sample = diagnosis.spread(left, limit: Self.sampleSize + 2)
    let counts = workers.map(suspects.count) { index in
      sample.count { witness in distance(suspects[index], witness).map { $0 <= 1 } ?? false }
    }
    return suspects.indices.filter { counts[$0] > 1 }.sorted { (-counts[$0], $0) < (-counts[$1], $1) }
      .prefix(Self.partnerLimit).map { suspects[$0] }
  }

  /// The best suspects of a search as a culprit, whose mistake counts from now on.
  private mutating func taken(_ best: (suspects: [Suspect], contradicted: Int), at level: Level) -> Culprit {
    found += best.suspects.prefix(1)
    return Culprit(
      suspects: best.suspects, level: level, explained: wrong.count { isExplained($0, within: 1) }, wrong: wrong.count,
      contradicted: best.contradicted, right: right.count)
  }

  /// Whether what was found so far, alone or together, gives an answer.
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

  /// Error over bound of a wrong answer, compared with that of a suspect beside what was found, or alone.
  private func distance(_ suspect: Suspect, _ witness: Witness) -> Double? {
    if found.isEmpty { return far(suspect, witness) }
    // Two that do nothing here together are one alone.
    if let together = far(suspect.beside(found), witness), together <= 1,
      !suspect.answersRightly(witness.request, witness.answers(answers))
    {
      return together
    }
    return far(suspect, witness)
  }
}

extension CulpritSearch {
  /// The suspects that explain the most of a group, and miss no more than a limit; those alike behind the best.
  private func best(
    _ group: [Witness], beyond: [Witness], missing limit: Int
  ) -> (suspects: [Suspect], contradicted: Int)? {
    // One answer alone is little, unless there is no other, or others are at higher levels.
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
    // Two axes only where they explain more than anything simpler.
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

  /// What nothing else tells apart may be told by operations where nothing is wrong, if one fits them all.
  private func named(_ alike: [Tally]) -> [Suspect] {
    let contradictions = workers.map(alike.count) { index in
      weighed(Tally(suspect: alike[index].suspect), elsewhere).contradicted
    }
    let fits = zip(alike, contradictions).filter { $1 == 0 }.map { $0.0 }
    let left = (fits.isEmpty ? alike : fits).map(\.suspect)
    // A profile comes first: it can be declared.
    return Array((left.filter { $0.profile != nil } + left.filter { $0.profile == nil }).prefix(Self.namedLimit))
  }

  /// How a suspect does on a group of wrong answers; none where it misses more than some.
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

  /// The same with the wrong answers beyond.
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

  /// The same with the right answers that it would have got wrong.
  private func weighed(_ tally: Tally, _ right: [Witness]) -> Tally {
    var tally = tally
    for witness in right where !tally.suspect.answersRightly(witness.request, witness.answers(answers)) {
      let far = tally.suspect.answer(to: witness.request, witness.answers(answers)).flatMap { witness.distance($0) }
      if !(far.map { $0 <= Self.clear } ?? false) { tally.contradicted += 1 }
    }
    return tally
  }
}
