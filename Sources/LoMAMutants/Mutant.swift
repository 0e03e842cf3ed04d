// One plausible mistake of a port, as a change of the reference's answers or of the request.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors
import NaiveLlama

/// One mistake, with its id and what its author would say of it.
package struct Mutant: Sendable {
  /// The part of a port that a mistake is in.
  package enum Family: String, CaseIterable, Sendable {
    /// Rows and their tokens.
    case layout = "Layout"
    /// What the rotary embedding is fed.
    case positions = "Positions"
    /// Which rows see which, and how keys are hidden.
    case mask = "Mask"
    /// The stages of the decoder.
    case model = "Model"
    /// Scaled rotations, biases, and norms of queries and keys.
    case families = "Families"
    /// Labels and means.
    case losses = "Losses"
    /// The gradients of parameters.
    case gradients = "Gradients"
    /// The compressed cache, and the choice of tokens.
    case generation = "Generation"
    /// The steps of AdamW.
    case optimiser = "Optimiser"
    /// The two accuracies.
    case metrics = "Metrics"
    /// Counts of pairs, entries and bytes.
    case cost = "Cost"
    /// Tiles, tables and room of a fast kernel.
    case engine = "Engine"
    /// Numbers narrower than the answer's, or beyond their range.
    case numbers = "Numbers"
    /// Bad input that is answered, or rejected for another reason.
    case rejections = "Rejections"
    /// How the memories of segments become one.
    case merge = "Merge"
    /// The low-rank update, and the rows it acts on.
    case adapter = "Adapter"
    /// Queries, latents, rotated keys, and what is read of them.
    case entries = "Entries"
    /// Which layer writes what another reads.
    case sharing = "Sharing"
    /// Codes and scales of what is stored.
    case quantiser = "Quantiser"
    /// What a method leaves of a cache: entries, channels, rows, and what they are read as.
    case policies = "Policies"
  }

  /// M and three digits, C and two and perhaps a letter for chapter 16, L and two for chapters 17 and 18, or B and two for
  /// chapter 19; never renumbered and never used again.
  package let id: String
  package let family: Family
  /// What the author of the port would say.
  package let sentence: String
  /// Applies the mistake to the answers and the request; nil if this request cannot show it.
  package let apply: @Sendable (ReferenceAnswers, Request) -> (ReferenceAnswers, Request)?
  /// Whether it wraps functions that other mutants replace, and so is applied after them.
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

  /// The same mutant, applied after all others.
  func last() -> Mutant {
    var mutant = self
    mutant.comesLast = true
    return mutant
  }

  /// A mutant that changes the answers to the same request.
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

  /// A mutant that changes layer functions.
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

  /// A mutant that changes parameters of the request; not asked if `change` returns nil.
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
  func with(parameters: [String: RequestParameter]) -> Request {
    Request(
      operation, axes: axes, parameters: parameters, model: model, input: input, captures: captures)
  }

  package func with(axes: [String: String]) -> Request {
    Request(operation, axes: axes, parameters: parameters, model: model, input: input, captures: captures)
  }
}

extension Row {
  /// The row with another token, position, place or label.
  func with(position: Int? = nil, label: Int?? = nil, place: Place? = nil) -> Row {
    Row(
      token: token, place: place ?? self.place, position: position ?? self.position, label: label ?? self.label)
  }
}
