// RUN-30: what is behind the wrong answers of a run, level by level: a name for each of several mistakes.

import LoMA
import LoMAVectors

/// What most likely is behind wrong answers of a run.
package struct Culprit: Sendable {
  /// The best explanation first, then those that these answers do not tell from it.
  package let suspects: [Suspect]
  /// The lowest level at which it shows.
  package let level: Level
  /// Wrong answers that it, with those named before it, explains within their bounds.
  package let explained: Int
  /// Wrong answers that were looked into.
  package let wrong: Int
  /// Right answers, to operations where others are wrong, that it would have got clearly wrong.
  package let contradicted: Int
  /// Right answers that were looked into.
  package let right: Int
}

/// All that is known of the wrong answers of a run, and what is not.
package struct Culprits: Sendable {
  /// In the order of their levels.
  package let named: [Culprit]
  /// Levels where nobody explains more than half of the wrong answers.
  package let open: [Level]
}

extension Diagnosis {
  /// So many wrong and so many right answers are looked into.
  private static let witnessLimit = 48

  /// Who explains the wrong answers of a run: the lowest level first, and at each who explains more than half of what
  /// nobody before does, unless contradicted more often than confirmed.
  ///
  /// Right answers count only for operations where others are wrong: a port may make its mistake in one and not in another.
  package func culprits(wrong: [Witness], right: [Witness], threads: Int) -> Culprits {
    let all = wrong.filter(\.isClear)
    let right = right.filter { !$0.isLong }
    // Every suspect would have to read a long text: that is asked of few, and only where nothing shorter is wrong.
    let short = all.filter { !$0.isLong }
    let wrong = short.isEmpty ? all : short
    let operations = Set(wrong.map { $0.request.operation })
    // Costs are counted from a profile, whatever a port does.
    let elsewhere = right.filter { !operations.union([.cost]).contains($0.request.operation) }
    var search = CulpritSearch(
      self, wrong: spread(wrong, limit: Self.witnessLimit),
      right: spread(right.filter { operations.contains($0.request.operation) }, limit: Self.witnessLimit),
      elsewhere: spread(elsewhere, limit: Self.witnessLimit), isLong: short.isEmpty, threads: threads)
    return search.culprits()
  }
}

extension Culprits {
  /// Who is named, how much each explains, and what to do about a profile; lines for a person.
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
