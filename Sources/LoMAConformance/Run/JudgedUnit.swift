// RUN-5, RUN-7: one unit asked of a candidate, and judged.

import LoMAJudgement
import LoMAVectors

/// A unit that was asked and judged, or that did not need to be asked.
struct JudgedUnit {
  let result: CaseResult
  /// The first question; nil if nothing was asked.
  let question: Question?
  /// The reply to it.
  let reply: Reply?
}

extension Candidate {
  /// Asks a unit of a corpus and judges it. Throws if the corpus is damaged.
  func judged(
    _ item: StoredCase, dtype: String, of corpus: CaseCorpus, bounds: CalibratedBounds, declaration: Declaration
  ) throws(CorpusError) -> JudgedUnit {
    let questions = try corpus.questions(of: item, dtype: dtype)
    for question in questions {
      if let why = declaration.refusal(of: question, isRejection: item.level == .rejection) {
        return JudgedUnit(
          result: CaseResult(item, dtype: dtype, verdict: .unsupported, why: why), question: nil, reply: nil)
      }
    }
    beginUnit()
    let start = SuspendingClock.now
    var replies: [Reply] = []
    var room = OutputRoom(of: item)
    for question in questions {
      let reply = ask(
        declaration.captures ? question : question.withoutCaptures, caseID: item.id, outputLimit: room.next)
      replies.append(reply)
      guard case .tensors(let arrays) = reply else { break }
      room.take(arrays)
    }
    let seconds = (SuspendingClock.now - start).seconds
    var result = try corpus.judge(
      item, dtype: dtype, replies: replies, bounds: bounds, captures: declaration.captures)
    result.seconds = seconds
    result.noise = strayLines.lines
    return JudgedUnit(result: result, question: questions.first, reply: replies.first)
  }
}

extension Duration {
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

extension Question {
  /// The same question for a candidate that returns no intermediates.
  fileprivate var withoutCaptures: Question {
    Question(
      op: op, dtype: dtype, profile: profile, parameters: parameters, model: model, input: input, captures: [],
      family: family)
  }
}
