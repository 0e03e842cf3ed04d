// How a port differs from the reference: its mistake, if it has one, and the rounding of its stages.

import LoMAVectors
import NaiveLlama

/// A difference of a port from the reference: a mistake, or an axis with a value that nobody asked for.
package struct Deviation: Sendable {
  package let id: String
  /// Changes the answers and the request to those of a port that deviates; nil if this request cannot show it.
  package let apply: @Sendable (ReferenceAnswers, Request) -> (ReferenceAnswers, Request)?

  package init(id: String, apply: @escaping @Sendable (ReferenceAnswers, Request) -> (ReferenceAnswers, Request)?) {
    self.id = id
    self.apply = apply
  }
}

extension ElementType {
  /// Rounds every element to the type; leaves it unchanged for F64 and for integer types.
  package var rounding: @Sendable (Tensor) -> Tensor {
    let type = self
    return { Tensor(shape: $0.shape, values: Elements.rounded($0.values, type)) }
  }
}
