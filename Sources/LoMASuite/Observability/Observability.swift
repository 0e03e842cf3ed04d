// Which cases notice a change: those of whose expected tensors one moves by more than a candidate may be off.

import LoMA
import LoMAReference
import LoMAVectors

/// The cases that notice a change, by what a candidate computes in.
public struct Noticed: Sendable {
  /// Cases of the structure level, which are exact.
  public fileprivate(set) var exact: [String] = []
  /// Numeric cases, the candidate in binary32.
  public fileprivate(set) var f32: [String] = []
  /// Numeric cases, the candidate in bfloat16.
  public fileprivate(set) var bf16: [String] = []
}

/// The right answers to the cases of the table, and what changes do to them.
public struct Observability: Sendable {
  /// A case with its right answer.
  private struct Known: Sendable {
    let item: Case
    let tensors: [ResultTensor]
  }

  private let answers: ReferenceAnswers
  private let known: [Known]
  private let workers: Workers

  /// Answers every case of the table. The heads of 64 and 128 and whole optimiser runs are left out: other cases show the
  /// same at a fraction of the time.
  public init(workers: Workers) throws(ModelError) {
    var models: [String: ModelInMemory] = [:]
    for model in CaseModel.all { models[model.path] = try model.inMemory() }
    let answers = ReferenceAnswers(models: models, workers: .single)
    let large = [CaseModel.wide64.path, CaseModel.wide128.path, CaseModel.bytes.path]
    let operations: Set<Operation> = [
      .layout, .mask, .schedule, .rmsNorm, .rope, .attention, .feedForward, .decoderLayer, .crossEntropy, .forward,
      .loss,
      .generate, .reconstruct,
    ]
    let cases = Catalogue.cases.filter { item in
      guard case .tensors = item.expectation, operations.contains(item.request.operation) else { return false }
      return !large.contains(item.request.model ?? "")
    }
    self.answers = answers
    self.workers = workers
    self.known = workers.map(cases.count) { index in
      (try? answers.answer(cases[index].request)).map { Known(item: cases[index], tensors: $0) }
    }.compactMap { $0 }
  }

  /// The cases that notice each change, in the changes' order.
  public func notice(_ changes: [Change]) -> [Noticed] {
    let count = known.count
    let seen = workers.map(changes.count * count) { index in look(changes[index / count], known[index % count]) }
    return changes.indices.map { change in
      var noticed = Noticed()
      for (index, known) in known.enumerated() {
        let (f32, bf16) = seen[change * count + index]
        if known.item.level == .structure {
          if f32 { noticed.exact.append(known.item.id) }
        } else {
          if f32 { noticed.f32.append(known.item.id) }
          if bf16 { noticed.bf16.append(known.item.id) }
        }
      }
      return noticed
    }
  }

  private func look(_ change: Change, _ known: Known) -> (f32: Bool, bf16: Bool) {
    guard let (answers, request) = change.apply(answers, known.item.request) else { return (false, false) }
    // A structure case has no numbers that functions could change.
    if known.item.level == .structure, change.subject == .mask { return (false, false) }
    guard let changed = try? answers.answer(request) else { return (true, true) }
    return (moves(known, changed, .f32), moves(known, changed, .bf16))
  }

  private func moves(_ known: Known, _ changed: [ResultTensor], _ precision: Precision) -> Bool {
    let units = Dictionary(uniqueKeysWithValues: known.tensors.map { ($0.name, $0) })
    for (right, wrong) in zip(known.tensors, changed) {
      if right.shape != wrong.shape { return true }
      switch (right.content, wrong.content) {
      case (.integers(let a), .integers(let b)):
        if known.item.level == .structure, a != b { return true }
      case (.booleans(let a), .booleans(let b)):
        if a != b { return true }
      case (.doubles(let a), .doubles(let b)):
        if right.name.hasSuffix(".accumulation") || right.name.hasSuffix(".rounding") { continue }
        if case .doubles(let accumulation)? = units[right.name + ".accumulation"]?.content,
          case .doubles(let rounding)? = units[right.name + ".rounding"]?.content
        {
          let beyond = a.indices.contains {
            precision.ratio(b[$0], expected: a[$0], accumulation: accumulation[$0], rounding: rounding[$0]) > 1
          }
          if beyond { return true }
        } else {
          let largest = a.reduce(0) { max($0, $1.magnitude) }
          if a.indices.contains(where: { !((b[$0] - a[$0]).magnitude <= precision.provisionalBound * largest) }) {
            return true
          }
        }
      default: return true
      }
    }
    return known.tensors.count != changed.count
  }
}
