// A wrong answer as passed to the diagnosis.

import LoMAJudgement
import LoMAVectors

/// An answer that was judged wrong, of any form.
package struct WrongAnswer: Sendable {
  package let item: StoredCase
  /// The element type it was asked in.
  package let dtype: String
  /// Its first question.
  package let question: Question
  /// The answer to the first question.
  package let answer: [NamedArray]

  /// An answer to a case's first question.
  package init(item: StoredCase, dtype: String, question: Question, answer: [NamedArray]) {
    self.item = item
    self.dtype = dtype
    self.question = question
    self.answer = answer
  }

  /// The size in bytes.
  package var size: Int { answer.reduce(0) { $0 + $1.bytes.count } }
}
