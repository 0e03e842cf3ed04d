// Ports in process, asked some cases: what a run would say of their answers.

import Foundation
import LoMAVectors

@testable import LoMAAnswers
@testable import LoMACommand
@testable import LoMAConformance
@testable import LoMADiagnosis
@testable import LoMAJudgement
@testable import LoMAMutants

/// The project's vectors of a part, judged with the provisional bounds; the folder is read once for all tests.
struct DiagnosedCases {
  static let vectors = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Vectors").path
  let corpus: CaseCorpus
  let models: StoredModels
  let conform: ConformDiagnosis

  private static let loma = Result { try read(.loma) }
  private static let peers = Result { try read(.peers) }

  private static func read(_ part: Part) throws -> (corpus: CaseCorpus, models: StoredModels) {
    let folder = vectors + (part == .loma ? "" : "/" + part.rawValue)
    return (try CaseCorpus(folder: folder), try StoredModels(vectors: folder))
  }

  init(of part: Part = .loma) throws {
    (corpus, models) = try (part == .loma ? Self.loma : Self.peers).get()
    conform = ConformDiagnosis(corpus, .provisional, models: models, threads: 2)
  }

  /// Asks every case that `isAsked` picks in f32, or i64, and looks into what is wrong, as a run does.
  func results(
    asking isAsked: (StoredCase) -> Bool, traces: Bool, _ reply: @escaping (Question) -> Reply
  ) throws -> [CaseResult] {
    try corpus.cases.filter { item in
      guard case .tensors = item.answer else { return false }
      return isAsked(item)
    }.map { item in
      let dtype = item.dtypes.contains("i64") ? "i64" : "f32"
      guard let question = try corpus.questions(of: item, dtype: dtype).first else { throw Missing(id: item.id) }
      let answer = reply(question)
      var result = try corpus.judge(item, dtype: dtype, replies: [answer], bounds: .provisional)
      if result.verdict.isWrong, case .tensors(let arrays) = answer {
        let wrong = WrongAnswer(item: item, dtype: dtype, question: question, answer: arrays)
        result.diagnosis = conform.hook(wrong, traces ? reply : nil)
      }
      return result
    }
  }

  /// Some of every operation but generation: enough to tell most mistakes, and few enough to wait for.
  static func isTelling(_ item: StoredCase) -> Bool {
    let trained: Set = [
      "training.gradients.deep.three-chunks", "training.train_step.mha.steps1", "training.train_step.gqa.steps3",
    ]
    let isSmall = item.id.contains("c2-t2") || item.id.contains("c3-t2") || item.op == .metrics
    return item.level == .structure && isSmall || item.level == .stage || item.id.hasPrefix("model.loss.gqa")
      || trained.contains(item.id)
  }

  struct Missing: Error {
    let id: String
  }
}

/// A mutant that answers questions of the runner in process.
struct PortInProcess {
  let candidate: ReferenceCandidate

  init(mutant id: String?, models: StoredModels) {
    candidate = ReferenceCandidate(port: id.flatMap { Mutant.named($0)?.deviation }, models: models)
  }

  func reply(to question: Question) -> Reply {
    do { return Reply(candidate.respond(to: try Request(question), dtype: question.dtype)) } catch {
      return .unsupported(why: "\(error)", issue: nil)
    }
  }
}

extension Reply {
  /// The same with the numbers of tensors changed.
  func changing(_ change: (_ name: String, [Double]) -> [Double]) -> Reply {
    guard case .tensors(let arrays) = self else { return self }
    return .tensors(
      arrays.map { array in
        guard array.elementType.kind == .floating, let values = try? array.doubles(),
          let other = try? NamedArray(
            array.name, array.elementType, shape: array.shape, doubles: change(array.name, values))
        else { return array }
        return other
      })
  }
}
