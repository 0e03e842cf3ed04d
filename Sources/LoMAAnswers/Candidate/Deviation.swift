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
    switch self {
    case .f32: { Tensor(shape: $0.shape, values: $0.values.map { Double(Float($0)) }) }
    case .bf16: Self.rounding(.bfloat16)
    case .f16: Self.rounding(.float16)
    case .f64, .i64, .i32, .u8, .bool: { $0 }
    }
  }

  private static func rounding(_ format: NarrowFloat) -> @Sendable (Tensor) -> Tensor {
    { Tensor(shape: $0.shape, values: format.rounded($0.values)) }
  }
}
