// OPS-1: one question to a candidate, and the possible outcomes.

import LoMAVectors

/// One request, as protocol 1 and a folder of requests carry it.
package struct Question: Sendable {
  package let op: Operation
  /// The element type for the numbers of the answer: f64, f32, bf16 or f16; i64 if the answer has no numbers.
  package let dtype: String
  /// The axes that differ from `base`.
  package let profile: JSONObject
  /// Scalars by name, doubles as hexadecimal text.
  package let parameters: JSONObject
  /// The model's directory below the vectors, or nil.
  package let model: String?
  /// The tensors of the input; empty if the operation takes scalars only.
  package let input: [NamedArray]
  /// Intermediates to return beside the logits (MOD-7).
  package let captures: [String]
  /// The family that must be declared for it to be asked; not part of a request.
  package let family: CaseFamily?

  package init(
    op: Operation, dtype: String, profile: JSONObject, parameters: JSONObject, model: String?, input: [NamedArray],
    captures: [String], family: CaseFamily? = nil
  ) {
    self.op = op
    self.dtype = dtype
    self.profile = profile
    self.parameters = parameters
    self.model = model
    self.input = input
    self.captures = captures
    self.family = family
  }
}

/// The outcome of a question.
package enum Reply: Sendable {
  /// An answer, as its file holds it.
  case tensors([NamedArray])
  /// The input was rejected with this code.
  case rejection(code: String)
  /// The candidate does not support this.
  case unsupported(why: String, issue: String?)
  /// There is no answer: the candidate ended, hung, broke the protocol, or its file is unreadable.
  case failed(Verdict, detail: String)
}
