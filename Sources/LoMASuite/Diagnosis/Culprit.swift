// The one mistake behind a run: what explains the most wrong answers and contradicts the fewest right ones.

import LoMA
import LoMAReference
import LoMAVectors

/// What most likely is behind the wrong answers of a run.
public struct Culprit: Sendable {
  /// The best explanation first, then those that these answers do not tell from it.
  public let suspects: [Suspect]
  /// Wrong answers that are its own within their bounds.
  public let explained: Int
  /// Wrong answers that were looked into.
  public let wrong: Int
  /// Right answers, to operations where others are wrong, that it would have got clearly wrong.
  public let contradicted: Int
  /// Right answers that were looked into.
  public let right: Int
}

extension Diagnosis {
  /// What a suspect has for and against it.
  private struct Tally {
    let suspect: Suspect
    var missed = 0
    var contradicted = 0
    var distance = 0.0

    /// Fewer answers that it does not explain, then fewer contradicted, then nearer ones.
    static func isBetter(_ a: Tally, _ b: Tally) -> Bool {
      (a.missed, a.contradicted, a.distance) < (b.missed, b.contradicted, b.distance)
    }
  }

  /// So many wrong answers are shown to every suspect; who misses more than half of them is none any more.
  private static let sampleSize = 6
  /// So many wrong and so many right answers are shown to who is left.
  private static let witnessLimit = 48
  /// A right answer so many bounds away from a suspect's is not the suspect's.
  private static let clear = 4.0
  /// Distances that differ by less than this factor do not tell two suspects apart.
  private static let likeness = 1.25
  /// No more are named than these.
  private static let namedLimit = 3

  /// The suspect that explains most of a run's wrong answers; none where none explains more than half of them, or is
  /// contradicted more often than confirmed.
  ///
  /// Right answers count only for operations where others are wrong: a port may make its mistake in one and not in another.
  public func culprit(wrong: [Witness], right: [Witness], threads: Int) -> Culprit? {
    let operations = Set(wrong.map { $0.request.operation })
    // Costs are counted from a profile, whatever a port does.
    let elsewhere = spread(
      right.filter { !operations.union([.cost]).contains($0.request.operation) }, limit: Self.witnessLimit)
    let wrong = spread(wrong, limit: Self.witnessLimit)
    let right = spread(right.filter { operations.contains($0.request.operation) }, limit: Self.witnessLimit)
    let sample = spread(wrong, limit: Self.sampleSize)
    let workers = Workers(threads: threads)
    func tallies(_ suspects: [Suspect], missing limit: Int) -> [Tally] {
      let left = workers.map(suspects.count) {
        tally(suspects[$0], wrong: sample, allowing: min(limit, sample.count / 2))
      }
      .compactMap { $0 }
      return workers.map(left.count) { index in
        tally(left[index].suspect, wrong: wrong, allowing: limit).map { weighed($0, right) }
      }.compactMap { $0 }
    }
    guard !wrong.isEmpty else { return nil }
    var all = tallies(Suspect.axes + Suspect.mutants, missing: (wrong.count - 1) / 2)
    // Two axes only where they explain more than anything simpler.
    if let least = all.map({ $0.missed }).min(), least > 0 { all += tallies(Suspect.pairs, missing: least - 1) }
    if all.isEmpty { all = tallies(Suspect.pairs, missing: (wrong.count - 1) / 2) }
    guard let best = all.min(by: Tally.isBetter) else { return nil }
    let explained = wrong.count - best.missed
    guard best.contradicted < explained else { return nil }
    let alike = all.filter { other in
      other.missed == best.missed && other.contradicted == best.contradicted
        && other.distance <= best.distance * Self.likeness
    }
    // What nothing else tells apart may be told by operations where nothing is wrong, if one fits them all.
    let contradictions = workers.map(alike.count) { index in
      weighed(Tally(suspect: alike[index].suspect), elsewhere).contradicted
    }
    let fits = zip(alike, contradictions).filter { $1 == 0 }.map { $0.0 }
    let left = fits.isEmpty ? alike : fits
    // A profile comes first: it can be declared.
    let named = left.filter { $0.suspect.profile != nil } + left.filter { $0.suspect.profile == nil }
    return Culprit(
      suspects: named.prefix(Self.namedLimit).map { $0.suspect }, explained: explained, wrong: wrong.count,
      contradicted: best.contradicted, right: right.count)
  }

  /// How a suspect does on wrong answers; none where it misses more than some.
  private func tally(_ suspect: Suspect, wrong: [Witness], allowing limit: Int) -> Tally? {
    var tally = Tally(suspect: suspect)
    for witness in wrong {
      if let other = suspect.answer(to: witness.request, answers), let far = witness.distance(other), far <= 1 {
        tally.distance += far
      } else {
        tally.missed += 1
        if tally.missed > limit { return nil }
      }
    }
    return tally
  }

  /// The same with the right answers that it would have got wrong.
  private func weighed(_ tally: Tally, _ right: [Witness]) -> Tally {
    var tally = tally
    for witness in right where !tally.suspect.answersRightly(witness.request, answers) {
      let far = tally.suspect.answer(to: witness.request, answers).flatMap { witness.distance($0) }
      if !(far.map { $0 <= Self.clear } ?? false) { tally.contradicted += 1 }
    }
    return tally
  }
}
