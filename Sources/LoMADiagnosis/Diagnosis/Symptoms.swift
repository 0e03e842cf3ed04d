// RUN-30: what one wrong answer shows without any suspect, and what many of them share.

import LoMA
import LoMAAnswers
import LoMAVectors

/// What one wrong answer shows by itself.
package struct Symptoms: Sendable {
  package let id: String
  package let level: Level
  package let operation: Operation
  /// Its tensors in order, and whether each is wrong.
  package let tensors: [(name: String, isWrong: Bool)]
  /// The tensor where the error begins: for gradients the last wrong one in forward order, otherwise the first wrong
  /// one.
  package let place: String?
  /// Whether its forward pass was asked for.
  package private(set) var isTraced = false
  private var stage: DivergingStage?
  private var pairs: [WrongPair]
  private var multiple: Multiple?
  private let narrow: NarrowTensors?
  private let entry: FirstWrongEntry?
  /// The first tensor that is missing or has a wrong shape.
  private let misshapen: String?

  /// What a wrong answer shows beside the right one; `bound` gives each tensor's bound.
  package init(
    id: String, level: Level, request: Request, answer: [NamedArray], right: [NamedArray],
    tensors: [(name: String, isWrong: Bool)], place: String?, bound: (_ tensor: String) -> Double
  ) {
    (self.id, self.level, operation) = (id, level, request.operation)
    (self.tensors, self.place) = (tensors, place)
    pairs = WrongPair.all(in: answer, to: request)
    multiple = Multiple(of: answer, right: right, bound: bound)
    narrow = NarrowTensors(of: answer, right: right, wrong: Set(tensors.filter(\.isWrong).map(\.name)))
    entry = FirstWrongEntry(in: answer, right: right, to: request, bound: bound)
    misshapen = right.first { array in answer.first { $0.name == array.name }?.shape != array.shape }?.name
  }

  /// Adds the first stage of the forward pass that diverges; nil if all stages are right.
  package mutating func trace(_ stage: DivergingStage?) {
    isTraced = true
    self.stage = stage
    pairs += stage?.pairs ?? []
  }
}

extension Symptoms {
  /// What the wrong answers of a level share, in lines; if nothing else, the tensors that are wrong in all of them.
  package static func shared(_ all: [Symptoms], at level: Level) -> [String] {
    var seen: Set<String> = []
    let here = all.filter { $0.level == level && seen.insert($0.id).inserted }
    var lines = [pair(here), stage(here)].compactMap { $0 }
    for operation in Operation.allCases {
      let some = here.filter { $0.operation == operation }
      lines += [multiple(some) ?? lastGradient(some)].compactMap { $0.map { "\(operation.rawValue): \($0)" } }
    }
    if lines.isEmpty {
      for operation in Operation.allCases {
        let some = here.filter { $0.operation == operation }
        let all = [misshapen(some) ?? tensors(some), narrow(some) ?? entry(some)]
        lines += all.compactMap { $0.map { "\(operation.rawValue): \($0)" } }
      }
    }
    return lines.map { "\(level.rawValue): \($0)" }
  }

  /// The pair of rows that all wrong masks share, or else the clause that they share.
  private static func pair(_ all: [Symptoms]) -> String? {
    let wrong = all.filter { !$0.pairs.isEmpty }
    guard let first = wrong.first else { return nil }
    let share = "in \(wrong.count) of \(wrong.count) wrong masks "
    let sets = wrong.map { Set($0.pairs) }
    if let pair = first.pairs.first(where: { pair in sets.allSatisfy { $0.contains(pair) } }) {
      return share + pair.line
    }
    struct Kind: Hashable {
      let zone: String
      let rule: MaskRule
    }
    let kinds = wrong.map { Set($0.pairs.map { Kind(zone: $0.zone, rule: $0.rule) }) }
    guard
      let pair = first.pairs.first(where: { pair in
        kinds.allSatisfy { $0.contains(Kind(zone: pair.zone, rule: pair.rule)) }
      })
    else { return nil }
    let what =
      pair.rule.isVisible
      ? "does not see a row that \(pair.rule.clause) shows it"
      : "sees a row that "
        + "\(pair.rule.clause) hides from it"
    return share + "a \(pair.zone) row \(what); in \(first.id) \(pair.query) and \(pair.key)"
  }

  /// The stage that diverges first in most of the forward passes asked for.
  private static func stage(_ all: [Symptoms]) -> String? {
    let traced = all.filter(\.isTraced)
    guard let (stage, count) = most(traced.map { $0.stage?.name }), 2 * count > traced.count else { return nil }
    let share = "in \(count) of \(traced.count) cases"
    guard let stage else { return "every stage of the forward pass is right \(share): what is wrong comes behind it" }
    return "the first stage that diverges is \(stage) \(share)"
  }

  /// The factor, if most answers are multiples of the right ones.
  private static func multiple(_ all: [Symptoms]) -> String? {
    let found = all.compactMap { symptoms in symptoms.multiple.map { (symptoms.id, $0) } }
    guard let (id, first) = found.first, 2 * found.count > all.count else { return nil }
    let isOne = Set(found.map { Multiple.short($0.1.factor) }).count == 1
    let share = "in \(found.count) of \(all.count) cases"
    return isOne
      ? "\(first.line) \(share)" : "\(first.line) in \(id), and likewise by other numbers; \(share)"
  }

  /// Where most backward passes first go wrong; if the forward pass is wrong, where that one does.
  private static func lastGradient(_ all: [Symptoms]) -> String? {
    guard all.first?.operation == .gradients, 2 * all.count(where: { $0.stage != nil }) <= all.count,
      let (place, count) = most(all.map(\.place)), let place,
      2 * count > all.count
    else { return nil }
    return "the last wrong one in the order of the forward pass is \(name(place)) in \(count) of \(all.count) cases"
  }

  /// The tensor that is missing or has a wrong shape in most answers.
  private static func misshapen(_ all: [Symptoms]) -> String? {
    guard let (name, count) = most(all.map(\.misshapen)), let name, 2 * count > all.count else { return nil }
    return "\(name) is missing or has another shape in \(count) of \(all.count) cases"
  }

  /// The narrower type to which the wrong tensors of most answers were rounded.
  private static func narrow(_ all: [Symptoms]) -> String? {
    guard let (narrow, count) = most(all.map(\.narrow)), let narrow, 2 * count > all.count else { return nil }
    let share = "in \(count) of \(all.count) cases"
    let all = "every number of \(listed(narrow.names)) is one of \(narrow.type.rawValue) "
    return all + share + ": they are kept in that type"
  }

  /// What is wrong about the first wrong entry in most generations, and its row if it is the same in all of them.
  private static func entry(_ all: [Symptoms]) -> String? {
    guard let (part, count) = most(all.map { $0.entry?.part }), let part, 2 * count > all.count else { return nil }
    let some = all.filter { $0.entry?.part == part }
    guard let (row, same) = most(some.map { $0.entry?.row }), let row else { return nil }
    let place = same == count ? row : "\(some[0].entry?.row ?? row) in \(some[0].id)"
    return "the first thing wrong is \(part.rawValue), in \(count) of \(all.count) cases; the row is \(place)"
  }

  /// The tensors that are wrong in every answer, and those that are right in every answer.
  private static func tensors(_ all: [Symptoms]) -> String? {
    guard let first = all.first, !first.tensors.isEmpty else { return nil }
    func shared(_ isWrong: Bool) -> [String] {
      first.tensors.map(\.name).filter { name in
        all.allSatisfy { $0.tensors.contains { $0.name == name && $0.isWrong == isWrong } }
      }
    }
    let (wrong, right) = (shared(true), shared(false))
    if wrong.isEmpty { return nil }
    let rest = right.isEmpty ? "" : "; right in all: \(listed(right))"
    return "wrong in \(all.count) of \(all.count) cases: \(listed(wrong))\(rest)"
  }

  private static func listed(_ names: [String]) -> String {
    names.prefix(4).joined(separator: ", ") + (names.count > 4 ? " and \(names.count - 4) more" : "")
  }

  /// A parameter's name without the parts that all names share.
  private static func name(_ tensor: String) -> String {
    var words = tensor.split(separator: ".")
    if words.first == "gradients" { words.removeFirst() }
    if words.first == "model" { words.removeFirst() }
    if words.last == "weight" { words.removeLast() }
    return words.joined(separator: ".")
  }

  /// The most frequent value; of equally frequent ones the first.
  private static func most<Value: Hashable>(_ values: [Value]) -> (value: Value, count: Int)? {
    var counts: [Value: Int] = [:]
    for value in values { counts[value, default: 0] += 1 }
    guard let largest = counts.values.max(), let value = values.first(where: { counts[$0] == largest }) else {
      return nil
    }
    return (value, largest)
  }
}
