// OWN-8: one question about a model of one's own, with the form that its answer must have and what judges it.

import LoMAConformance
import LoMAJudgement
import LoMAOwnModel
import LoMAVectors

/// A unit of a run on a model: one question in one element type.
package struct OwnUnit: Sendable {
  package let place: OwnPlace
  /// The profile, by name.
  package let profile: String
  package let question: Question
  /// The tensors of an answer.
  package let form: [AnswerForm.ExpectedTensor]

  package init(_ place: OwnPlace, profile: String, question: Question, form: [AnswerForm.ExpectedTensor]) {
    self.place = place
    self.profile = profile
    self.question = question
    self.form = form
  }

  /// The element type in which it is asked.
  package var dtype: String { question.dtype }

  /// The most bytes that the file of an answer may have: its numbers eight bytes wide, and a mebibyte for names.
  package var outputLimit: Int {
    form.reduce(1 << 20) { $0 + 8 * ($1.shape ?? []).reduce(1, *) }
  }

  /// A result without comparisons.
  package func result(_ verdict: Verdict, _ why: String) -> CaseResult {
    place.result(dtype, profile: profile, verdict, why)
  }

  /// The result of a reply that holds no answer, or none of the right form; nil if it is to be judged.
  package func resultWithoutAnswer(_ reply: Reply) -> CaseResult? {
    switch reply {
    case .rejection(let code): return result(.wrongRejection, "rejected with \(code.onOneLine), the input is good")
    case .unsupported(let why, let issue):
      return result(.unsupported, (why + (issue.map { " (\($0))" } ?? "")).onOneLine)
    case .failed(let verdict, let detail): return result(verdict, detail.onOneLine)
    case .tensors(let answer):
      return AnswerForm(tensors: form, numbers: ElementType(word: dtype)).fault(in: answer).map {
        result(.invalidOutput, $0 + (surplus(answer) ?? ""))
      }
    }
  }

  /// What a cache of too many entries suggests; nil for any other answer.
  private func surplus(_ answer: [NamedArray]) -> String? {
    let name = "cache.rows"
    guard let right = form.first(where: { $0.name == name })?.shape?.first,
      let kept = answer.first(where: { $0.name == name })?.shape.first, kept > right
    else { return nil }
    return ": \(kept) entries kept where \(right) are right: were the chunk's text entries dropped?"
  }
}
