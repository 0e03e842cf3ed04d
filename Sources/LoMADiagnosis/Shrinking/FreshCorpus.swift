// RUN-17: fresh cases as a corpus: drawn, answered, and without those that roundings alone could decide.

import LoMAConformance
import LoMAJudgement
import LoMASuite
import LoMAVectors

package struct FreshCorpus {
  /// The share of a bound that the reference may need if the output of each stage errs as much as a port's may.
  private static let share = 0.25

  let cases: FreshCases
  private let measured: CalibratedBounds
  private let port: ReferenceCandidate
  private let ports: [ReferenceCandidate]
  private let movedPort: ReferenceCandidate

  /// The cases of a seed and a part, judged by general bounds derived from the measured ones.
  package init(seed: UInt64, of part: Part, _ measured: CalibratedBounds) throws {
    cases = try FreshCases(seed: seed, of: part)
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
    let steady = try zip(items, drawn.cases).compactMap { try $0.asked(in: steadyTypes(of: $1, in: drawn)) }
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
      return try item.dtypes.filter { dtype in
        try [dtype, Self.narrower[dtype]].compactMap { $0 }.allSatisfy { type in
          try answer(to: item, dtype: type, in: corpus, by: port).verdict == .pass
        }
      }
    }
    guard item.hasMeasuredTensors || item.level == .property else { return item.dtypes }
    return try item.dtypes.filter { dtype in
      try isSteady(item, dtype: dtype, in: corpus)
        && (item.op != .trainStep || parametersStay(item, dtype: dtype, in: corpus))
    }
  }

  /// The next type of fewer bits. A change that must show in the bits of an answer must show in that too, so that no
  /// right answer rounds it away.
  private static let narrower: [String: String] = ["f64": "f32", "f32": "f16", "f16": "bf16"]

  /// Whether the shaken reference needs at most a quarter of each bound.
  private func isSteady(_ item: StoredCase, dtype: String, in corpus: CaseCorpus) throws -> Bool {
    try ports.allSatisfy { port in
      let result = try answer(to: item, dtype: dtype, in: corpus, by: port)
      return result.verdict == .pass && result.tensors.allSatisfy { $0.ratio <= Self.share }
    }
  }

  /// Whether parameters stay near if gradients are off by as much as right ones may be. Moments are then off by as
  /// much, and parameters by η/ε times that where a gradient is small.
  private func parametersStay(_ item: StoredCase, dtype: String, in corpus: CaseCorpus) throws -> Bool {
    try answer(to: item, dtype: dtype, in: corpus, by: movedPort).tensors.allSatisfy { tensor in
      !tensor.name.hasPrefix("parameters.") || tensor.ratio <= Self.share
    }
  }

  private func answer(
    to item: StoredCase, dtype: String, in corpus: CaseCorpus, by port: ReferenceCandidate
  ) throws -> CaseResult {
    let replies = try corpus.questions(of: item, dtype: dtype).map {
      Reply(port.respond(to: try Request($0), dtype: dtype))
    }
    return try corpus.judge(item, dtype: dtype, replies: replies, bounds: measured.ofFreshCases(of: corpus))
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
