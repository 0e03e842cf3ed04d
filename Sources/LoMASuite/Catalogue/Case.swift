// One case of the catalogue: a request, what it hunts, and how its answer is compared.

import LoMA
import LoMAReference
import LoMAVectors

/// What the right answer to a case is.
public enum Expectation: Sendable {
  /// The reference's tensors, recorded.
  case tensors
  /// A rejection with this code.
  case rejection(String)
  /// Whatever satisfies a property.
  case property(Property)
}

/// A case: one function of the catalogue makes it, and both the recorder and the tests take it from there.
public struct Case: Sendable {
  /// `level.operation.what`, for ever.
  public let id: String
  /// The suite version that brought it.
  public let since: String
  /// What is compared, and how strictly.
  public let level: Level
  /// One sentence: the mistake it is there for.
  public let hunts: String
  /// The clauses it serves.
  public let clauses: [String]
  /// What is asked.
  public let request: Request
  /// What the right answer is.
  public let expectation: Expectation
  /// The element types a candidate's claim may be made in.
  public let dtypes: [String]

  /// How an output tensor is compared.
  public func rule(of tensor: ResultTensor) -> Rule {
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
      case .structure, .rejection: ["i64"]
      case .training: ["f64", "f32"]
      case .stage, .model, .generation, .property: ["f64", "f32", "bf16", "f16"]
      }
    return Case(
      id: id, since: since, level: level, hunts: hunts, clauses: Array(Set(clauses)).sorted(),
      request: request, expectation: .tensors, dtypes: dtypes)
  }
}

extension Case {
  /// The same, asked in these of its element types only; none where none is left.
  public func asked(in wanted: [String]) -> Case? {
    let dtypes = dtypes.filter { wanted.contains($0) }
    if dtypes.isEmpty { return nil }
    return Case(
      id: id, since: since, level: level, hunts: hunts, clauses: clauses, request: request, expectation: expectation,
      dtypes: dtypes)
  }
}
