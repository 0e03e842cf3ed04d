// OPS-1: what a candidate is asked once, and what may come back.

import LoMAVectors

/// One request, as protocol 1 and a folder of requests carry it.
package struct Question: Sendable {
  /// The operation.
  package let op: Operation
  /// The element type the candidate answers numbers in: f64, f32, bf16 or f16; i64 where there are none.
  package let dtype: String
  /// The axes that differ from `base`.
  package let profile: JSONObject
  /// Scalars by name, doubles as hexadecimal text.
  package let parameters: JSONObject
  /// The directory of the model below the vectors, or none.
  package let model: String?
  /// The tensors of the input; none where the operation takes scalars only.
  package let input: [NamedArray]
  /// Intermediates to return beside the logits (MOD-7).
  package let captures: [String]

  /// A question of these parts.
  package init(
    op: Operation, dtype: String, profile: JSONObject, parameters: JSONObject, model: String?, input: [NamedArray],
    captures: [String]
  ) {
    self.op = op
    self.dtype = dtype
    self.profile = profile
    self.parameters = parameters
    self.model = model
    self.input = input
    self.captures = captures
  }
}

/// What became of a question.
package enum Reply: Sendable {
  /// An answer, as its file holds it.
  case tensors([NamedArray])
  /// The input was refused with this code.
  case rejection(code: String)
  /// The candidate does not do this.
  case unsupported(why: String, issue: String?)
  /// There is no answer: it ended, hung, broke the protocol, or its file is unreadable.
  case failed(Verdict, detail: String)
}
