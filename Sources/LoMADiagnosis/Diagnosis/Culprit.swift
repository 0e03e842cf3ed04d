// RUN-30: the mistakes behind the wrong answers of a run, found level by level.

import LoMA
import LoMAVectors

/// The likeliest mistake behind some wrong answers of a run.
package struct Culprit: Sendable {
  /// The best explanation first, then those that the answers cannot tell from it.
  package let suspects: [Suspect]
  /// The lowest level at which the mistake shows.
  package let level: Level
  /// The number of wrong answers that it explains within their bounds, together with the mistakes named before it.
  package let explained: Int
  /// The number of wrong answers examined.
  package let wrong: Int
  /// The number of right answers that it would have made clearly wrong, among operations with wrong answers.
  package let contradicted: Int
  /// The number of right answers examined.
  package let right: Int
}

/// All mistakes found in the wrong answers of a run, and the levels left unexplained.
package struct Culprits: Sendable {
  /// The mistakes, by level.
  package let named: [Culprit]
  /// Levels at which no suspect explains more than half of the wrong answers.
  package let open: [Level]
}

extension Diagnosis {
  /// The most wrong answers, and the most right answers, that are examined.
  private static let witnessLimit = 48

  /// The mistakes behind the wrong answers of a run, the lowest level first: at each level the suspect that explains
  /// more than half of what is still unexplained, unless it is contradicted more often than confirmed.
  ///
  /// Right answers count only for operations with wrong answers: a port may make its mistake in one operation only.
  package func culprits(wrong: [Witness], right: [Witness], threads: Int) -> Culprits {
    let all = wrong.filter(\.isClear)
    let right = right.filter { !$0.isLong }
    // To be judged by a long text every suspect must read it: only a few do, and only if no shorter answer is wrong.
    let short = all.filter { !$0.isLong }
    let wrong = short.isEmpty ? all : short
    let operations = Set(wrong.map { $0.request.operation })
    // The cost is computed from a profile, whatever else a port does.
    let elsewhere = right.filter { !operations.union([.cost]).contains($0.request.operation) }
    var search = CulpritSearch(
      self, wrong: spread(wrong, limit: Self.witnessLimit),
      right: spread(right.filter { operations.contains($0.request.operation) }, limit: Self.witnessLimit),
      elsewhere: spread(elsewhere, limit: Self.witnessLimit), isLong: short.isEmpty, threads: threads)
    return search.culprits()
  }
}

extension Culprits {
  /// The mistakes, how much each explains, and how to declare a profile; lines for a person.
  package var lines: [String] {
    var lines = named.enumerated().map { place, culprit in
      let names = culprit.suspects.map(\.words).joined(separator: ", or ")
      let share = "\(culprit.explained) of \(culprit.wrong) wrong answers"
      let against =
        culprit.contradicted == 0
        ? "" : ", and does not fit \(culprit.contradicted) of \(culprit.right) right ones"
      let level = named.count == 1 ? "" : ", from level \(culprit.level.rawValue) on"
      return place == 0
        ? "most likely: \(names); it explains \(share)\(level)\(against)"
        : "and most likely: \(names); with it \(share) are explained\(level)\(against)"
    }
    if named.count == 1, let only = named.first, only.explained == only.wrong,
      let profile = only.suspects.first?.profile
    {
      lines.append(
        "every wrong answer that was looked into follows the profile \(profile): declare it, or mend it")
    }
    return lines
  }
}
