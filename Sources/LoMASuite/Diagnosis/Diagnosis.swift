// What a wrong answer resembles: the reference under another profile, or with one known mistake.

import LoMA
import LoMAReference
import LoMAVectors

/// Looks for the mistake behind a wrong answer.
public struct Diagnosis: Sendable {
  /// One way to come to an answer.
  public struct Explanation: Hashable, Sendable {
    /// What is the same: `the reference under memory_attention=causal`, or `M054: I …`.
    public let words: String
    /// What is decided otherwise than asked, as axis=value joined by commas; none for a mutant.
    public let profile: String?
    /// Error over bound between the answer and this one.
    public let distance: Double
  }

  /// No more explanations than these are named.
  static let limit = 3

  private let models: [String: ModelInMemory]

  /// A diagnosis on some models.
  public init(models: StoredModels) { self.models = models.models }

  /// The forward pass behind a request, to find the stage that is wrong; none where there is none.
  public func divergence(of request: Request) -> Divergence? { Divergence(of: request, models: models) }

  /// The explanations whose answers the given one matches within its bounds, nearest first; profiles before mutants.
  ///
  /// `distance` is error over bound of the given answer against other expected tensors, none where their forms differ.
  public func explanations(
    of request: Request, distance: (_ expected: [NamedArray]) -> Double?
  ) -> [Explanation] {
    let answers = ReferenceAnswers(models: models, workers: .single)
    // A right answer needs no explanation.
    guard let right = try? Self.arrays(answers, request), !(distance(right).map { $0 <= 1 } ?? false) else { return [] }
    func match(_ words: String, _ profile: String?, _ answers: ReferenceAnswers, _ request: Request) -> Explanation? {
      // What answers as the right answer does explains nothing.
      guard let other = try? Self.arrays(answers, request), other != right, let far = distance(other), far <= 1 else {
        return nil
      }
      return Explanation(words: words, profile: profile, distance: far)
    }
    let profiles = Self.alternatives(of: request)
    for group in [profiles.filter { $0.pairs.count == 1 }, profiles.filter { $0.pairs.count == 2 }] {
      let found = group.compactMap { alternative in
        match(
          "the reference with \(alternative.words)", alternative.changes, answers,
          request.with(axes: alternative.profile.axes))
      }
      if !found.isEmpty { return Self.nearest(found + mutants(answers, request, match)) }
    }
    return Self.nearest(mutants(answers, request, match))
  }

  private func mutants(
    _ answers: ReferenceAnswers, _ request: Request,
    _ match: (String, String?, ReferenceAnswers, Request) -> Explanation?
  ) -> [Explanation] {
    Mutant.all.compactMap { mutant in
      mutant.apply(answers, request).flatMap { match("\(mutant.id): \(mutant.sentence)", nil, $0, $1) }
    }
  }

  private static func nearest(_ found: [Explanation]) -> [Explanation] {
    Array(
      found.sorted { ($0.profile == nil ? 1 : 0, $0.distance) < ($1.profile == nil ? 1 : 0, $1.distance) }.prefix(limit)
    )
  }

  private static func arrays(_ answers: ReferenceAnswers, _ request: Request) throws -> [NamedArray] {
    try answers.answer(request).filter { !$0.isBound }.map { try $0.array() }
  }

  /// A profile near a request's, and what it decides otherwise.
  private struct Alternative {
    let profile: Profile
    let pairs: [(axis: String, value: String)]

    var changes: String { pairs.map { "\($0.axis)=\($0.value)" }.joined(separator: ",") }
    var words: String { pairs.map { "\($0.axis) = \($0.value)" }.joined(separator: " and ") }
  }

  /// The profiles that differ from the request's on one axis, then on two; none where no profile matters.
  private static func alternatives(of request: Request) -> [Alternative] {
    guard request.parameters["c"] != nil, let asked = try? request.profile() else { return [] }
    return Profile.all.compactMap { profile in
      let changed = Axis.allCases.filter { profile[$0] != asked[$0] }
      guard 1...2 ~= changed.count else { return nil }
      return Alternative(profile: profile, pairs: changed.map { ($0.rawValue, profile[$0]) })
    }
  }
}

extension Diagnosis.Explanation {
  /// A line for a person.
  public var line: String {
    profile == nil ? "your output matches \(words)" : "your output equals \(words)"
  }
}
