// Several mistakes of one port at once: each changes what the previous ones left.

import LoMA
import LoMAReference
import LoMAVectors

extension Mutant {
  /// A port that makes this mistake and then another one.
  package func and(_ other: Mutant) -> Mutant {
    let (first, second) = comesLast && !other.comesLast ? (other.apply, apply) : (apply, other.apply)
    let both = Mutant(id + "," + other.id, family, sentence + "; " + other.sentence, on: Set(Operation.allCases)) {
      answers, request in
      guard let (changed, asked) = first(answers, request) else { return second(answers, request) }
      return second(changed, asked) ?? (changed, asked)
    }
    return comesLast || other.comesLast ? both.last() : both
  }

  /// The mutant of several ids and axis=value, joined by commas: the axes first, then each mistake in turn; nil if a
  /// word is neither, or if an axis or an id is given twice.
  static func several(_ words: String) -> Mutant? {
    let words = words.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
    let (axes, ids) = (words.filter { $0.contains("=") }, words.filter { !$0.contains("=") })
    let mistakes = ids.compactMap { single($0) }
    guard mistakes.count == ids.count, Set(ids).count == ids.count else { return nil }
    var parts = mistakes[...]
    if !axes.isEmpty {
      guard let decided = deciding(axes.joined(separator: ",")) else { return nil }
      parts = [decided] + parts
    }
    guard let first = parts.popFirst() else { return nil }
    return parts.reduce(first) { $0.and($1) }
  }
}
