// RUN-17: the fresh cases of a seed, in the form of catalogue cases.

import LoMA
import LoMAAnswers
import LoMACatalogue
import LoMAPeersCatalogue
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
  /// The families that the candidate lists: cases of others are not drawn.
  package var families: Set<CaseFamily> = []
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

  /// How case `index` of the seed is drawn, and its number among the cases that are drawn so.
  ///
  /// In part II the chapters have their rounds in turn (CCM-38, LAT-19, BAS-25): 12 cases of chapter 16, 8 of 17 and 18,
  /// 13 of 19.
  private func drawing(of index: Int) -> (type: any DrawnCase.Type, index: Int) {
    switch part {
    case .loma: return (FreshCase.self, index)
    case .peers:
      let (context, latent, baselines) = (12, 8, 13)
      let count = context + latent + baselines
      let (round, place) = (Int(seed % UInt64(count)) + index).quotientAndRemainder(dividingBy: count)
      if place < context { return (FreshContextCase.self, round * context + place) }
      if place < context + latent { return (FreshLatentCase.self, round * latent + place - context) }
      return (FreshBaselineCase.self, round * baselines + place - context - latent)
    }
  }

  /// How often the reference is shaken to tell which cases are steady (TOL-16).
  private var shakes: Int {
    switch part {
    case .loma: FreshCase.shakes
    case .peers: max(FreshContextCase.shakes, FreshLatentCase.shakes, FreshBaselineCase.shakes)
    }
  }

  /// A port of the reference on the cases' models, in every type.
  package var port: ReferenceCandidate {
    ReferenceCandidate(port: nil, types: [.f64, .f32, .bf16, .f16], models: answers.models)
      .knowing(answers.peers)
  }

  /// Ports of the reference on the cases' models whose stages err about as much as right ports do, each port
  /// differently (TOL-16).
  package var shakenPorts: [ReferenceCandidate] {
    ReferenceCandidate.shaken(models: answers.models, times: shakes).map { $0.knowing(answers.peers) }
  }

  /// The reference with gradients that are off by as much as those of the worst right port, before the optimiser gets
  /// them (TOL-16).
  package var movedPort: ReferenceCandidate { ReferenceCandidate.movingGradients(models: answers.models) }

  /// Case `index` of the seed, from 0; it does not depend on how many cases are drawn.
  package func drawn(_ index: Int) -> any DrawnCase {
    if part == .loma, let ofFamily = FreshDrawing.drawn(seed: seed, index: index, of: families) {
      return clearest(ofFamily)
    }
    let (type, place) = drawing(of: index)
    return clearest(type.drawn(seed: seed, index: place))
  }

  /// The same case on the first texts whose choices are clear in all types, otherwise on the clearest.
  private func clearest<Drawn: DrawnCase>(_ drawn: Drawn) -> Drawn {
    guard drawn.kind.level == .generation || needsClearCodes(drawn.request) else { return drawn }
    let wanted = drawn.types.count
    var drawn = drawn
    var (best, count) = (drawn, -1)
    for attempt in 0..<Self.attempts {
      drawn.seed = drawn.seed(attempt)
      let types = clearTypes(of: drawn).count
      if types > count { (best, count) = (drawn, types) }
      if count == wanted { break }
    }
    return best
  }

  /// A fresh case under an id; nil if its choices are not clear enough for any type, or if it is to be rejected and the
  /// reference answers it.
  package func item(_ fresh: any DrawnCase, id: String) -> Case? {
    func item(_ expectation: Expectation, hunts: String) -> Case {
      Case(
        id: id, since: Versions.suite(of: part), level: fresh.kind.level, hunts: hunts, clauses: fresh.clauses,
        request: fresh.request, expectation: expectation, dtypes: fresh.types, family: fresh.family)
    }
    switch fresh.kind {
    case .answer:
      var asked = Case.tensors(
        id, fresh.kind.level, hunts: "answers known by heart: \(fresh)", clauses: fresh.clauses, fresh.request)
      asked.family = fresh.family
      return asked.asked(in: clearTypes(of: fresh))
    case .property(let property, _):
      let asked = item(.property(property), hunts: "answers known by heart: \(fresh)")
      return needsClearCodes(fresh.request) ? asked.asked(in: clearTypes(of: fresh)) : asked
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
  package func id(_ index: Int) -> String {
    let (type, place) = drawing(of: index)
    let family = part == .loma ? FreshDrawing.family(seed: seed, index: index, of: families) : nil
    let words = type.kind(seed: seed, index: place).words + (family.map { "." + $0.rawValue } ?? "")
    return "\(words).fresh.s\(seed)-k\(index)"
  }

  /// The seed and the index in an id; nil if it is not the id of a fresh case.
  package static func named(_ id: String) -> (cases: FreshCases, index: Int)? {
    let words = id.split(separator: ".")
    let parts = words.last?.split(separator: "-") ?? []
    guard parts.count == 2, parts[0].first == "s", parts[1].first == "k", let seed = UInt64(parts[0].dropFirst()),
      let index = Int(parts[1].dropFirst())
    else { return nil }
    let family = words.dropFirst(2).first.flatMap { CaseFamily(rawValue: String($0)) }
    for part in Part.allCases {
      guard var cases = try? FreshCases(seed: seed, of: part) else { continue }
      cases.families = Set([family].compactMap { $0 })
      if cases.id(index) == id { return (cases, index) }
    }
    return nil
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

  /// Whether a request makes codes of a few bits, whose borders its numbers must not be near (LAT-14), or may make a choice
  /// of chapter 19 (BAS-24).
  private func needsClearCodes(_ request: Request) -> Bool {
    if request.operation.method == .cache { return true }
    guard request.operation.method == .latent, let model = request.model else { return false }
    return LatentCaseModel.all.first { $0.path == model }?.isQuantised ?? false
  }

  /// The element types in which the choices of an answer, if it has any, and its codes are clear.
  private func clearTypes(of fresh: some DrawnCase) -> [String] {
    let all = fresh.types
    let request = fresh.request
    if request.operation == .peer(.cachedForward) { return CachedClarity.isClear(request, answers) ? all : [] }
    if request.operation.method == .cache {
      let clear = ChoiceLead.types(of: request)
      return all.filter { clear.contains($0) }
    }
    if let margin = CodeMargin.margin(of: request, answers), margin < CodeMargin.least { return [] }
    guard fresh.kind.level == .generation else { return all }
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
