// A wrong answer as it is handed to a diagnosis.

import LoMAVectors

/// An answer that was judged wrong, whatever its form.
public struct WrongAnswer: Sendable {
  /// The case.
  public let item: StoredCase
  /// The element type it was asked in.
  public let dtype: String
  /// Its first question.
  public let question: Question
  /// The answer to that.
  public let answer: [NamedArray]

  /// An answer to a case's first question.
  public init(item: StoredCase, dtype: String, question: Question, answer: [NamedArray]) {
    self.item = item
    self.dtype = dtype
    self.question = question
    self.answer = answer
  }

  /// How many bytes it has.
  public var size: Int { answer.reduce(0) { $0 + $1.bytes.count } }
}
