// RUN-17: the fresh cases of a seed, in the form of catalogue cases.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

/// Draws fresh cases of a part and computes the reference's answers to them.
package struct FreshCases: Sendable {
  /// The most fresh cases of one run.
  package static let limit = 10_000
  /// The number of texts tried in search of one whose choices are clear in every element type.
  private static let attempts = 12

  package let seed: UInt64
  let part: Part
  private let models: RecordedModels
  private let answers: ReferenceAnswers

  package init(seed: UInt64, of part: Part) throws(RecordingError) {
    self.seed = seed
    self.part = part
    switch part {
    case .loma: models = try RecordedModels.seeded.get()
    case .peers: models = try RecordedModels.peers.get()
    }
    answers = models.answers
  }

  /// How the part's cases are drawn.
  private var drawing: any DrawnCase.Type {
    switch part {
    case .loma: FreshCase.self
    case .peers: FreshContextCase.self
    }
  }

  /// A port of the reference on the cases' models, in every type, that rounds after each stage.
  package var port: ReferenceCandidate {
    ReferenceCandidate(port: nil, types: [.f64, .f32, .bf16, .f16], models: answers.models)
      .knowing(answers.peers)
  }

  /// Ports of the reference on the cases' models whose stages err about as much as right ports do, each port
  /// differently (TOL-16).
  package var shakenPorts: [ReferenceCandidate] {
    ReferenceCandidate.shaken(models: answers.models, times: drawing.shakes).map { $0.knowing(answers.peers) }
  }

  /// The reference with gradients that are off by as much as those of the worst right port, before the optimiser gets
  /// them (TOL-16).
  package var movedPort: ReferenceCandidate { ReferenceCandidate.movingGradients(models: answers.models) }

  /// Case `index` of the seed, from 0; it does not depend on how many cases are drawn.
  package func drawn(_ index: Int) -> any DrawnCase { clearest(drawing.drawn(seed: seed, index: index)) }

  /// The same case on the first texts whose choices are clear in all types, otherwise on the clearest.
  private func clearest<Drawn: DrawnCase>(_ drawn: Drawn) -> Drawn {
    guard drawn.kind.level == .generation else { return drawn }
    var drawn = drawn
    var (best, count) = (drawn, -1)
    for attempt in 0..<Self.attempts {
      drawn.seed = drawn.seed(attempt)
      let types = clearTypes(of: drawn).count
      if types > count { (best, count) = (drawn, types) }
      if count == 4 { break }
    }
    return best
  }

  /// A fresh case under an id; nil if its choices are not clear enough for any type, or if it is to be rejected and the
  /// reference answers it.
  package func item(_ fresh: any DrawnCase, id: String) -> Case? {
    func item(_ expectation: Expectation, hunts: String) -> Case {
      Case(
        id: id, since: Versions.suite(of: part), level: fresh.kind.level, hunts: hunts, clauses: fresh.clauses,
        request: fresh.request, expectation: expectation, dtypes: fresh.types)
    }
    switch fresh.kind {
    case .answer:
      return Case.tensors(
        id, fresh.kind.level, hunts: "answers known by heart: \(fresh)", clauses: fresh.clauses, fresh.request
      ).asked(in: clearTypes(of: fresh))
    case .property(let property, _): return item(.property(property), hunts: "answers known by heart: \(fresh)")
    case .rejection:
      return code(of: fresh.request).map { item(.rejection($0), hunts: "rejections known by heart: \(fresh)") }
    }
  }

  /// The code of the rejection of a request; nil if it is answered.
  private func code(of request: Request) -> String? {
    do {
      _ = try answers.answer(request)
      return nil
    } catch { return error.rejectionCode }
  }

  /// The id of case `index` of the seed.
  package func id(_ index: Int) -> String { "\(drawing.kind(seed: seed, index: index).words).fresh.s\(seed)-k\(index)" }

  /// The seed and the index in an id; nil if it is not the id of a fresh case.
  package static func named(_ id: String) -> (cases: FreshCases, index: Int)? {
    let parts = id.split(separator: ".").last?.split(separator: "-") ?? []
    guard parts.count == 2, parts[0].first == "s", parts[1].first == "k", let seed = UInt64(parts[0].dropFirst()),
      let index = Int(parts[1].dropFirst())
    else { return nil }
    return Part.allCases.lazy.compactMap { try? FreshCases(seed: seed, of: $0) }.first { $0.id(index) == id }.map {
      ($0, index)
    }
  }

  /// The case with an id; nil if it is not the id of a fresh case.
  package static func item(_ id: String) -> Case? {
    named(id).flatMap { cases, index in cases.item(cases.drawn(index), id: id) }
  }

  /// Those of the seed's first `count` cases whose ids pass; cases that cannot be asked are left out.
  package func items(count: Int, threads: Int, passing: @escaping @Sendable (_ id: String) -> Bool) -> [Case] {
    Workers(threads: threads).map(count) { index in
      passing(id(index)) ? item(drawn(index), id: id(index)) : nil
    }.compactMap { $0 }
  }

  /// Cases of the part and their answers in the form of a folder of vectors.
  package func recording(
    of cases: [Case], threads: Int, progress: @escaping @Sendable (_ done: Int, _ of: Int) -> Void
  ) throws(RecordingError) -> Recording {
    try Recording(
      cases: cases, models: models, workers: Workers(threads: threads), suite: Versions.suite(of: part), retired: [],
      isPublished: false, progress: progress)
  }

  /// The element types in which the choices of an answer, if it has any, are clear.
  private func clearTypes(of fresh: some DrawnCase) -> [String] {
    let all = fresh.types
    guard fresh.kind.level == .generation else { return all }
    let request = fresh.request
    guard let answer = try? answers.answer(request) else { return all }
    let wide = ChoiceMargin.dtypes(all, withMargin: ChoiceMargin.margin(of: request, answer: answer))
    return fresh.hidesScores ? wide.filter { NumberType.preciseWords.contains($0) } : wide
  }
}

extension RecordedModels {
  /// The right answers on these models, computed by one thread.
  var answers: ReferenceAnswers {
    var answers = ReferenceAnswers(models: models, workers: .single)
    answers.refusals = refusals
    (answers.peers.adapters, answers.peers.latents) = (adapters, latents)
    return answers
  }
}
