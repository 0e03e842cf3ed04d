// A known way to wrong answers: axes with other values than asked for, or a mutant.

import LoMA
import LoMAAnswers
import LoMAMutants
import LoMAPeers
import LoMAReference
import LoMAVectors

/// An axis and one of its values.
private typealias Choice = (axis: String, value: String)

/// A possible mistake behind wrong answers.
package struct Suspect: Sendable {
  /// Its description: `the reference with memory_attention = causal`, or `M054: I …`.
  package let words: String
  /// The axes that it sets, whatever is asked, as axis=value joined by commas; nil for a mutant.
  package let profile: String?
  private let mutant: Mutant

  private init(words: String, profile: String?, _ mutant: Mutant) {
    self.words = words
    self.profile = profile
    self.mutant = mutant
  }

  private init(_ mutant: Mutant) {
    words = "\(mutant.id): \(mutant.sentence)"
    profile = nil
    self.mutant = mutant
  }

  private init(_ choices: [Choice], _ part: Part) {
    let axes = choices.map { (axis: $0.axis, value: $0.value) }
    mutant =
      switch part {
      case .loma: .deciding(axes)
      case .peers: .decidingContext(axes)
      }
    words = "the reference with " + choices.map { "\($0.axis) = \($0.value)" }.joined(separator: " and ")
    profile = mutant.id
  }

  /// The suspects of a part.
  private struct Suspects {
    let mutants: [Suspect]
    let axes: [Suspect]
    let pairs: [Suspect]

    init(_ part: Part, _ values: [Choice]) {
      mutants = Mutant.all(of: part).map { Suspect($0) }
      axes = values.map { Suspect([$0], part) }
      pairs = values.indices.flatMap { first in
        values[(first + 1)...].filter { $0.axis != values[first].axis }.map { Suspect([values[first], $0], part) }
      }
    }
  }

  private static let ofLoMA = Suspects(
    .loma, Axis.allCases.flatMap { axis in axis.values.map { (axis: axis.rawValue, value: $0) } })
  private static let ofPeers = Suspects(
    .peers, ContextAxis.allCases.flatMap { axis in axis.values.map { (axis: axis.rawValue, value: $0) } })

  private static func all(of part: Part) -> Suspects {
    switch part {
    case .loma: ofLoMA
    case .peers: ofPeers
    }
  }

  /// The mutants of a part.
  static func mutants(of part: Part) -> [Suspect] { all(of: part).mutants }
  /// Every value of every axis of a part, one at a time; of part II those of chapter 16.
  static func axes(of part: Part) -> [Suspect] { all(of: part).axes }
  /// Every two values of two different axes of a part.
  static func pairs(of part: Part) -> [Suspect] { all(of: part).pairs }

  /// Its answer to a request; nil if that is the right one, or if it does not answer.
  func answer(to request: Request, _ right: ReferenceAnswers) -> [NamedArray]? {
    mutant.apply(right, request).flatMap { answers, request in
      try? answers.answer(request).filter { !$0.isBound }.map { try $0.array() }
    }
  }

  /// Whether it leaves the request and its answer as they are.
  func answersRightly(_ request: Request, _ right: ReferenceAnswers) -> Bool { mutant.apply(right, request) == nil }

  /// This mistake on top of others, which are made first.
  func beside(_ others: [Suspect]) -> Suspect {
    guard let first = others.first else { return self }
    let before = others.dropFirst().reduce(first.mutant) { $0.and($1.mutant) }
    return Suspect(words: words, profile: profile, before.and(mutant))
  }
}
