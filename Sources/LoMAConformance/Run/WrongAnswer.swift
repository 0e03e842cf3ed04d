// A wrong answer as it is handed to a diagnosis.

import LoMAJudgement
import LoMAVectors

/// An answer that was judged wrong, whatever its form.
package struct WrongAnswer: Sendable {
  /// The case.
  package let item: StoredCase
  /// The element type it was asked in.
  package let dtype: String
  /// Its first question.
  package let question: Question
  /// The answer to that.
  package let answer: [NamedArray]

  /// An answer to a case's first question.
  package init(item: StoredCase, dtype: String, question: Question, answer: [NamedArray]) {
    self.item = item
    self.dtype = dtype
    self.question = question
    self.answer = answer
  }

  /// How many bytes it has.
  package var size: Int { answer.reduce(0) { $0 + $1.bytes.count } }
}
