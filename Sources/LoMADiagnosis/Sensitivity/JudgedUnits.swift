// The cases of a corpus with their judge, as sensitivity and diagnosis use them.

import LoMAAnswers
import LoMAConformance
import LoMAJudgement

/// Units that are judged as those of any candidate.
package struct JudgedUnits {
  package let units: [SensitivityUnit]

  /// The units of a corpus in some element types; the files of a unit are read once.
  package init(
    _ corpus: CaseCorpus, bounds: CalibratedBounds, dtypes: [String], passing: (StoredCase) -> Bool = { _ in true }
  ) throws {
    units = try corpus.cases.filter(passing).flatMap { item in
      try item.dtypes.filter { $0 == "i64" || dtypes.contains($0) }.map { dtype in
        let judge = try corpus.judge(item, dtype: dtype, bounds: bounds)
        let requests = try corpus.questions(of: item, dtype: dtype).map { try Request($0) }
        return SensitivityUnit(
          id: item.id, level: item.level, dtype: dtype, clauses: item.clauses, requests: requests
        ) { responses in
          let replies = responses.map { Reply($0) }
          guard let result = try? judge(replies) else {
            return SensitivityUnit.Judgement(fails: false, margin: 0)
          }
          return SensitivityUnit.Judgement(result, isBad: item.level == .rejection)
        }
      }
    }
  }
}

extension Request {
  /// A request from a question of the runner.
  package init(_ question: Question) throws {
    try self.init(
      op: question.op.rawValue, profile: question.profile, parameters: question.parameters, model: question.model,
      input: question.input, captures: question.captures)
  }
}

extension Reply {
  /// A reply from a response of a candidate in this process.
  package init(_ response: CandidateResponse) {
    self =
      switch response {
      case .tensors(let arrays): .tensors(arrays)
      case .rejection(let code): .rejection(code: code)
      case .unsupported(let why): .unsupported(why: why, issue: nil)
      }
  }
}

extension SensitivityUnit.Judgement {
  /// Counts as failed only if a comparison fails or a name or shape is wrong, or if bad input is not rejected with its
  /// code; not if good input is refused or an error occurs.
  init(_ result: CaseResult, isBad: Bool) {
    let worst = result.tensors.map(\.ratio).max() ?? 0
    switch result.verdict {
    case .fail: self.init(fails: true, margin: worst)
    case .invalidOutput: self.init(fails: true, margin: .infinity)
    case .pass: self.init(fails: false, margin: worst)
    case .unsupported, .indeterminate, .suspect, .knownFailure, .unexpectedPass, .crash, .timeout, .protocolError,
      .memory, .notRun, .runnerError:
      self.init(fails: false, margin: 0)
    case .wrongRejection: self.init(fails: isBad, margin: isBad ? .infinity : 0)
    }
  }
}
