// RUN-17: fresh cases as a corpus: drawn, answered, and without those that roundings alone could decide.

import LoMAAnswers
import LoMACatalogue
import LoMAConformance
import LoMAJudgement
import LoMASuite
import LoMAVectors
import NaiveLlama

package struct FreshCorpus: Sendable {
  /// The share of a bound that the reference may need if the output of each stage errs as much as a port's may.
  private static let share = 0.25

  /// How many roundings of a type a change of bits must have that every right answer in it must show.
  private static let leastChange = 0x1p5

  let cases: FreshCases
  private let measured: CalibratedBounds
  private let port: ReferenceCandidate
  private let ports: [ReferenceCandidate]
  private let movedPort: ReferenceCandidate

  /// The cases of a seed and a part for a candidate that lists these families, judged by general bounds derived from the
  /// measured ones.
  package init(seed: UInt64, of part: Part, families: Set<CaseFamily>, _ measured: CalibratedBounds) throws {
    var cases = try FreshCases(seed: seed, of: part)
    cases.families = families
    self.cases = cases
    self.measured = measured
    port = cases.port
    ports = cases.shakenPorts
    movedPort = cases.movedPort
  }

  /// The first cases of the seed whose ids a selection may want; no others are drawn.
  package func corpus(
    count: Int, for selection: Selection, threads: Int, report: @escaping @Sendable (String) -> Void
  ) throws -> CaseCorpus {
    let items = cases.items(count: count, threads: threads) { selection.mayWant($0) }
    func corpus(of items: [Case]) throws -> CaseCorpus {
      try CaseCorpus(cases.recording(of: items, threads: threads) { report("fresh case \($0) of \($1)") })
    }
    let drawn = try corpus(of: items)
    let types = try Workers(threads: threads).map(items.count) { try steadyTypes(of: drawn.cases[$0], in: drawn) }
    let steady = zip(items, types).compactMap { $0.asked(in: $1) }
    let isWhole = steady.map(\.dtypes) == items.map(\.dtypes)
    return isWhole ? drawn : try corpus(of: steady)
  }

  /// A corpus of one case in one element type; nil if it cannot be asked in it.
  func corpus(of fresh: any DrawnCase, id: String, dtype: String) throws -> CaseCorpus? {
    guard let item = cases.item(fresh, id: id)?.asked(in: [dtype]) else { return nil }
    let corpus = try CaseCorpus(cases.recording(of: [item], threads: 1) { _, _ in })
    guard let stored = corpus.cases.first else { return nil }
    return try steadyTypes(of: stored, in: corpus).isEmpty ? nil : corpus
  }

  /// The element types in which no right answer to a case can be mistaken for a wrong one (TOL-16).
  private func steadyTypes(of item: StoredCase, in corpus: CaseCorpus) throws -> [String] {
    if case .property(let property) = item.answer, property.comparesBits {
      let change = try smallestChange(in: item, of: corpus)
      return item.dtypes.filter { dtype in
        guard let precision = ElementType(word: dtype).flatMap({ Precision.of($0) }) else { return false }
        return change >= Self.leastChange * precision.output
      }
    }
    guard item.hasMeasuredTensors || item.level == .property else { return item.dtypes }
    return try item.dtypes.filter { dtype in
      let judge = try judge(of: item, dtype: dtype, in: corpus)
      return try isSteady(by: judge) && (item.op != .trainStep || parametersStay(by: judge))
    }
  }

  /// The smallest change of a row's numbers from the first answer to a later one, relative to the row's largest; rows
  /// that keep every bit do not count. What is smaller than some roundings a right answer may round away.
  private func smallestChange(in item: StoredCase, of corpus: CaseCorpus) throws -> Double {
    let answers = try corpus.questions(of: item, dtype: NumberType.f64.rawValue).map { question -> NamedArray in
      guard case .tensors(let arrays) = port.respond(to: try Request(question), in: .f64), let array = arrays.first
      else { throw CorpusError.manifest("\(item.id): the reference has no answer") }
      return array
    }
    let base = try answers[0].doubles()
    let width = max(1, answers[0].shape.last ?? 1)
    var smallest = Double.infinity
    for answer in answers.dropFirst() {
      let numbers = try answer.doubles()
      for start in stride(from: 0, to: base.count, by: width) {
        let row = start..<start + width
        let change = row.reduce(0) { max($0, (numbers[$1] - base[$1]).magnitude) }
        let largest = row.reduce(0) { max($0, base[$1].magnitude) }
        if change > 0 { smallest = min(smallest, change / largest) }
      }
    }
    return smallest
  }

  /// Whether the shaken reference needs at most a quarter of each bound.
  private func isSteady(by judge: (ReferenceCandidate) throws -> CaseResult) throws -> Bool {
    try ports.allSatisfy { port in
      let result = try judge(port)
      return result.verdict == .pass && result.tensors.allSatisfy { $0.ratio <= Self.share }
    }
  }

  /// Whether parameters stay near if gradients are off by as much as right ones may be. Moments are then off by as
  /// much, and parameters by η/ε times that where a gradient is small.
  private func parametersStay(by judge: (ReferenceCandidate) throws -> CaseResult) throws -> Bool {
    try judge(movedPort).tensors.allSatisfy { tensor in
      !tensor.name.hasPrefix("parameters.") || tensor.ratio <= Self.share
    }
  }

  /// The result of a port on a case; the case's files are read once.
  private func judge(
    of item: StoredCase, dtype: String, in corpus: CaseCorpus
  ) throws -> (ReferenceCandidate) throws -> CaseResult {
    let requests = try corpus.questions(of: item, dtype: dtype).map { try Request($0) }
    let judge = try corpus.judge(item, dtype: dtype, bounds: measured.ofFreshCases(of: corpus))
    return { port in try judge(requests.map { Reply(port.respond(to: $0, dtype: dtype)) }) }
  }
}

extension Property {
  /// Whether it is about bits that change or do not; the others are about numbers that are near each other.
  fileprivate var comparesBits: Bool {
    switch self {
    case .interference, .poison, .repeat, .inert, .gate: true
    case .prefix, .cache, .batch, .shift, .online: false
    }
  }
}

extension CaseCorpus {
  /// A corpus of a recording that is in no folder.
  init(_ recording: Recording) throws(CorpusError) { try self.init(files: recording.files.map { ($0.path, $0.bytes) }) }
}
