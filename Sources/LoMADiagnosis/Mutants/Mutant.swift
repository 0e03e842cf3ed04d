// One plausible mistake of a port, as a change of the reference's answers or of the request they are given.

import LoMA
import LoMAReference
import LoMASuite
import LoMAVectors
import NaiveLlama

/// The reference with one mistake.
package struct Mutant: Sendable {
  /// What the mistake is about.
  package enum Family: String, CaseIterable, Sendable {
    /// Rows and their tokens.
    case layout = "Layout"
    /// What the rotation is fed.
    case positions = "Positions"
    /// Who sees whom, and what hidden means.
    case mask = "Mask"
    /// The decoder.
    case model = "Model"
    /// Labels and means.
    case losses = "Losses"
    /// What reaches a parameter.
    case gradients = "Gradients"
    /// The compressed cache, and which token is chosen.
    case generation = "Generation"
    /// AdamW.
    case optimiser = "Optimiser"
    /// The two accuracies.
    case metrics = "Metrics"
    /// Counts of pairs, entries and bytes.
    case cost = "Cost"
    /// Tiles, tables and room of a fast kernel.
    case engine = "Engine"
    /// Numbers that are narrower than the answer's, or leave their range.
    case numbers = "Numbers"
    /// Bad input that is answered, or refused for another reason.
    case rejections = "Rejections"
  }

  /// M and three digits; never renumbered, never used again.
  package let id: String
  /// What it is about.
  package let family: Family
  /// What its author would say.
  package let sentence: String
  /// The answers and the request of someone who makes the mistake; none where a request leaves no room for it.
  let apply: @Sendable (ReferenceAnswers, Request) -> (ReferenceAnswers, Request)?
  /// Whether it wraps what others replace, and so is made after them.
  private(set) var comesLast = false

  init(
    _ id: String, _ family: Family, _ sentence: String, on operations: Set<Operation>,
    _ apply: @escaping @Sendable (ReferenceAnswers, Request) -> (ReferenceAnswers, Request)?
  ) {
    self.id = id
    self.family = family
    self.sentence = sentence
    self.apply = { answers, request in operations.contains(request.operation) ? apply(answers, request) : nil }
  }

  /// The mistake as a port makes it.
  package var deviation: Deviation { Deviation(id: id, apply: apply) }

  /// The same, made after any other.
  func last() -> Mutant {
    var mutant = self
    mutant.comesLast = true
    return mutant
  }

  /// Other answers to the same request.
  static func answers(
    _ id: String, _ family: Family, _ sentence: String, on operations: Set<Operation>,
    _ change: @escaping @Sendable (inout ReferenceAnswers, Request) -> Void
  ) -> Mutant {
    Mutant(id, family, sentence, on: operations) { answers, request in
      var answers = answers
      change(&answers, request)
      return (answers, request)
    }
  }

  /// Other layer functions.
  static func functions(
    _ id: String, _ family: Family, _ sentence: String, on operations: Set<Operation>,
    _ change: @escaping @Sendable (inout LayerFunctions) -> Void
  ) -> Mutant {
    .answers(id, family, sentence, on: operations) { answers, _ in change(&answers.functions) }
  }

  /// Other rules of LoMA.
  static func rules(
    _ id: String, _ family: Family, _ sentence: String, on operations: Set<Operation>,
    _ change: @escaping @Sendable (inout LoMARules) -> Void
  ) -> Mutant {
    .answers(id, family, sentence, on: operations) { answers, _ in change(&answers.rules) }
  }

  /// Other parameters of the request; none where it leaves no room.
  static func parameters(
    _ id: String, _ family: Family, _ sentence: String, on operations: Set<Operation>,
    _ change: @escaping @Sendable ([String: RequestParameter]) -> [String: RequestParameter]?
  ) -> Mutant {
    Mutant(id, family, sentence, on: operations) { answers, request in
      change(request.parameters).map { (answers, request.with(parameters: $0)) }
    }
  }
}

extension Request {
  /// The same with other parameters.
  func with(parameters: [String: RequestParameter]) -> Request {
    Request(
      operation, axes: axes, parameters: parameters, model: model, input: input, captures: captures)
  }

  /// The same under another profile.
  func with(axes: [String: String]) -> Request {
    Request(operation, axes: axes, parameters: parameters, model: model, input: input, captures: captures)
  }
}

extension Row {
  /// The same row with another token, place, position or label.
  func with(position: Int? = nil, label: Int?? = nil, place: Place? = nil) -> Row {
    Row(
      token: token, place: place ?? self.place, position: position ?? self.position, label: label ?? self.label)
  }
}

extension Mutant {
  /// Every mutant, by id.
  package static let all: [Mutant] =
    [
      layouts, positions, maskCells, fills, models, losses, gradients, generation, optimisers, metrics, costs,
      batched, wholeMasks, tiles, limits, narrowNumbers, narrowSums, configured, captured, trained, regenerated,
      rejections,
    ].flatMap { $0 }.sorted { $0.id < $1.id }

  /// The mutant of an id, or of ids and axis=value,…: who decides so, whatever is asked, and makes every mistake.
  package static func named(_ id: String) -> Mutant? { all.first { $0.id == id } ?? several(id) }
}
