// One case of the catalogue: a request, the mistake it hunts, and how its answer is compared.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors

/// The right answer to a case.
package enum Expectation: Sendable {
  /// The tensors of the reference, recorded.
  case tensors
  /// A rejection with this code.
  case rejection(String)
  /// Any answer with this property.
  case property(Property)
}

/// A case; the recorder and the tests take it from the same function of the catalogue.
package struct Case: Sendable {
  /// `level.operation.what`; never changed once published.
  package let id: String
  /// The suite version that added it.
  package let since: String
  package let level: Level
  /// One sentence: the mistake that it is meant to find.
  package let hunts: String
  /// The clauses whose mistakes it can show.
  package let clauses: [String]
  package let request: Request
  package let expectation: Expectation
  /// The element types in which a candidate can be asked.
  package let dtypes: [String]
  /// What its model needs beyond the plain Llama; nil: nothing.
  package var family: CaseFamily?

  package init(
    id: String, since: String, level: Level, hunts: String, clauses: [String], request: Request,
    expectation: Expectation, dtypes: [String], family: CaseFamily? = nil
  ) {
    self.id = id
    self.since = since
    self.level = level
    self.hunts = hunts
    self.clauses = clauses
    self.request = request
    self.expectation = expectation
    self.dtypes = dtypes
    self.family = family
  }

  /// The rule by which an output tensor is compared.
  package func rule(of tensor: ResultTensor) -> Rule {
    switch tensor.content {
    case .integers, .booleans: .exact
    case .doubles: level == .stage ? .derived : .calibrated
    }
  }
}

extension Case {
  /// A case whose right answer is the tensors of the reference.
  package static func tensors(
    _ id: String, _ level: Level, since: String = Versions.frozen, hunts: String, clauses: [String], _ request: Request
  ) -> Case {
    Case(
      id: id, since: since, level: level, hunts: hunts, clauses: Array(Set(clauses)).sorted(),
      request: request, expectation: .tensors, dtypes: types(of: level))
  }

  /// The element types in which cases of a level are asked.
  package static func types(of level: Level) -> [String] {
    switch level {
    case .structure, .rejection: [NumberType.integerWord]
    case .training: NumberType.preciseWords
    case .stage, .model, .generation, .property: NumberType.words
    }
  }
}

extension Case {
  /// A copy limited to these element types, or nil if none remains.
  package func asked(in wanted: [String]) -> Case? {
    let dtypes = dtypes.filter { wanted.contains($0) }
    if dtypes.isEmpty { return nil }
    return Case(
      id: id, since: since, level: level, hunts: hunts, clauses: clauses, request: request, expectation: expectation,
      dtypes: dtypes, family: family)
  }
}
