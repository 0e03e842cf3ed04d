// RUN-17: what the fresh cases of both parts have in common: a kind, a seed, a request, and smaller cases.

import LoMA
import LoMAAnswers
import LoMAVectors
import NaiveLlama

/// A case drawn from a seed; everything else about it follows from the properties that it was drawn with.
package protocol DrawnCase: Hashable, Sendable, CustomStringConvertible {
  associatedtype Fault: DrawnFault

  /// What case `index` of a seed asks; cases of every kind come in turn.
  static func kind(seed: UInt64, index: Int) -> FreshKind
  /// Case `index` of a seed; it depends on nothing else.
  static func drawn(seed: UInt64, index: Int) -> Self

  /// How often the reference is shaken to tell which cases are steady (TOL-16).
  static var shakes: Int { get }

  var kind: FreshKind { get }
  /// The seed of tokens, weights and numbers.
  var seed: UInt64 { get set }
  /// The request that follows from the drawn properties, without its faults.
  var good: Request { get }
  /// The faults of the request; empty if it is to be answered.
  var faults: [Fault] { get }
  /// The family that a candidate must list to be asked; nil: none.
  var family: CaseFamily? { get }
  /// The clauses whose mistakes its answer can show.
  var clauses: [String] { get }
  /// The element types in which it may be asked, before any number of it is known.
  var types: [String] { get }
  /// Whether a token is chosen from a row whose scores the answer does not have (REC-4).
  var hidesScores: Bool { get }
  /// Cases that are smaller in one respect, largest steps first; every chain of them ends.
  var smaller: [Self] { get }
}

/// A fault for which a request is rejected.
package protocol DrawnFault: Hashable, Sendable {
  /// The request with this fault; `lot` selects among the fault's forms.
  func spoiling(_ request: Request, lot: Int) -> Request
}

extension DrawnCase {
  /// No chapter of part II has families.
  package var family: CaseFamily? { nil }

  /// The request that follows from the drawn properties, with its faults.
  package var request: Request {
    var lots = SeededNumbers(seed: seed(6))
    return faults.reduce(good) { $1.spoiling($0, lot: lots.integer(below: 1000)) }
  }

  /// The seed for one purpose, different for each.
  package func seed(_ purpose: Int) -> UInt64 { seed &+ UInt64(purpose) &* 0x9E37_79B9_7F4A_7C15 }
}

/// What a fresh case asks.
package enum FreshKind: Hashable, Sendable {
  /// The tensors of an operation.
  case answer(Operation)
  /// A property of an operation's answers.
  case property(Property, of: Operation)
  /// The rejection of a bad request.
  case rejection(of: Operation)

  /// The kind of case `index` of a seed: the operations in turn, then one of the properties if there are any, then one
  /// of the operations with a fault, so that a few cases are enough for one of each.
  package static func inTurn(
    seed: UInt64, index: Int, answers: [Operation], properties: [(property: Property, operation: Operation)],
    rejections: [Operation]
  ) -> FreshKind {
    let count = answers.count + (properties.isEmpty ? 1 : 2)
    let (round, place) = (Int(seed % UInt64(count)) + index).quotientAndRemainder(dividingBy: count)
    func inTurn<Value>(_ values: [Value]) -> Value { values[(Int(seed % UInt64(values.count)) + round) % values.count] }
    if place < answers.count { return .answer(answers[place]) }
    guard place < count - 1 else { return .rejection(of: inTurn(rejections)) }
    let asked = inTurn(properties)
    return .property(asked.property, of: asked.operation)
  }

  package var operation: Operation {
    switch self {
    case .answer(let operation), .property(_, let operation), .rejection(let operation): operation
    }
  }

  /// Whether the request has a fault.
  package var isFaulty: Bool {
    if case .rejection = self { true } else { false }
  }

  /// The level of its comparison.
  package var level: Level {
    switch self {
    case .answer(let operation): operation.level
    case .property: .property
    case .rejection: .rejection
    }
  }

  /// The first two words of an id.
  package var words: String {
    switch self {
    case .answer, .rejection: "\(level.rawValue).\(operation.rawValue)"
    case .property(let property, _): "\(level.rawValue).\(property.rawValue)"
    }
  }
}

extension SeededNumbers {
  /// The draws of case `index` of a seed; they depend on nothing else.
  package init(case index: Int, of seed: UInt64) {
    var seeds = SeededNumbers(seed: seed)
    self.init(seed: seeds.next() ^ (UInt64(index) &* 0xD134_2543_DE82_EF95))
  }

  package mutating func one(of range: ClosedRange<Int>) -> Int { range.lowerBound + integer(below: range.count) }

  package mutating func one<Value>(of values: [Value]) -> Value { values[integer(below: values.count)] }

  package mutating func happens(oneIn count: Int) -> Bool { integer(below: count) == 0 }

  /// One of some faults, or two different ones.
  package mutating func faults<Fault: Equatable>(of possible: [Fault]) -> [Fault] {
    var drawn = [one(of: possible)]
    if happens(oneIn: 2) { drawn.append(one(of: possible)) }
    if drawn.count == 2, drawn[0] == drawn[1] { drawn.removeLast() }
    return drawn
  }
}

extension Array {
  /// One element only, or one element less.
  package var fewer: [[Element]] {
    guard count > 1 else { return [] }
    let alone = map { [$0] }
    return count == 2 ? alone : alone + indices.map { place in Array(self[..<place] + self[(place + 1)...]) }
  }
}
