// One case of the catalogue: a request, what it hunts, and how its answer is compared.

import LoMA
import LoMAReference
import LoMAVectors

/// What the right answer to a case is.
package enum Expectation: Sendable {
  /// The reference's tensors, recorded.
  case tensors
  /// A rejection with this code.
  case rejection(String)
  /// Whatever satisfies a property.
  case property(Property)
}

/// A case: one function of the catalogue makes it, and both the recorder and the tests take it from there.
package struct Case: Sendable {
  /// `level.operation.what`, for ever.
  package let id: String
  /// The suite version that brought it.
  package let since: String
  /// What is compared, and how strictly.
  package let level: Level
  /// One sentence: the mistake it is there for.
  package let hunts: String
  /// The clauses it serves.
  package let clauses: [String]
  /// What is asked.
  package let request: Request
  /// What the right answer is.
  package let expectation: Expectation
  /// The element types a candidate's claim may be made in.
  package let dtypes: [String]

  /// How an output tensor is compared.
  package func rule(of tensor: ResultTensor) -> Rule {
    switch tensor.content {
    case .integers, .booleans: .exact
    case .doubles: level == .stage ? .derived : .calibrated
    }
  }
}

extension Case {
  /// A case whose right answer is the reference's tensors.
  static func tensors(
    _ id: String, _ level: Level, since: String = Versions.frozen, hunts: String, clauses: [String], _ request: Request
  ) -> Case {
    let dtypes =
      switch level {
      case .structure, .rejection: [NumberType.integerWord]
      case .training: NumberType.preciseWords
      case .stage, .model, .generation, .property: NumberType.words
      }
    return Case(
      id: id, since: since, level: level, hunts: hunts, clauses: Array(Set(clauses)).sorted(),
      request: request, expectation: .tensors, dtypes: dtypes)
  }
}

extension Case {
  /// The same, asked in these of its element types only; none where none is left.
  package func asked(in wanted: [String]) -> Case? {
    let dtypes = dtypes.filter { wanted.contains($0) }
    if dtypes.isEmpty { return nil }
    return Case(
      id: id, since: since, level: level, hunts: hunts, clauses: clauses, request: request, expectation: expectation,
      dtypes: dtypes)
  }
}
