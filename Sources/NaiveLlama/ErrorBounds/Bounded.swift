// TOL-3…TOL-5: a value with its accumulation and rounding units, through linear layers and sums.

/// A computed tensor and how far a right implementation may be from it: u_acc · A + u_out · R, element by element, to
/// the first order in both (TOL-3).
package struct Bounded: Hashable, Sendable {
  /// The reference's value.
  package let value: Tensor
  /// A: units of the accumulation's roundoff.
  package let accumulation: Tensor
  /// R: units of the output type's roundoff.
  package let rounding: Tensor

  /// A value with its units, in one shape.
  package init(value: Tensor, accumulation: Tensor, rounding: Tensor) {
    precondition(value.shape == accumulation.shape && value.shape == rounding.shape, "units per element")
    self.value = value
    self.accumulation = accumulation
    self.rounding = rounding
  }

  /// An input: every type starts from the same number.
  package init(exact value: Tensor) {
    let zero = Tensor(zeros: value.shape)
    self.init(value: value, accumulation: zero, rounding: zero)
  }

  /// A value with units given per element.
  init(value: Tensor, accumulation: [Double], rounding: [Double]) {
    self.init(
      value: value, accumulation: Tensor(shape: value.shape, values: accumulation),
      rounding: Tensor(shape: value.shape, values: rounding))
  }
}

/// Roundings that one operation may cost, where it is more than one (TOL-4).
enum Units {
  /// exp, ln, sin, cos and a reciprocal root: 2 units in the last place.
  static let elementary = 4.0
  /// A power: 4 units in the last place.
  static let power = 8.0
}

/// The layer functions on bounded values: each computes its value as the decoder does, and its units.
package struct BoundedLayers: Sendable {
  /// What the values are computed with.
  package let functions: LayerFunctions

  /// Bounded forms of some layer functions.
  package init(_ functions: LayerFunctions) { self.functions = functions }

  /// x·Wᵀ (TOL-5): A = Σ|W|·A_x + (k + 1)·Σ|W||x|, R = Σ|W|·R_x + |y|.
  package func linear(_ x: Bounded, _ weight: Tensor) -> Bounded {
    let f = functions
    let y = f.round(f.linear(x.value, weight, f.workers))
    let sizes = weight.magnitudes
    let sum = Linear.forward(x.value.magnitudes, weight: sizes, workers: f.workers)
    let carriedA = Linear.forward(x.accumulation, weight: sizes, workers: f.workers)
    let carriedR = Linear.forward(x.rounding, weight: sizes, workers: f.workers)
    let count = Double(weight.columns + 1)
    return Bounded(
      value: y, accumulation: y.values.indices.map { carriedA.values[$0] + count * sum.values[$0] },
      rounding: y.values.indices.map { carriedR.values[$0] + y.values[$0].magnitude })
  }

  /// a + b (TOL-5): the units of both, and one rounding of each kind.
  package func add(_ a: Bounded, _ b: Bounded) -> Bounded {
    let y = functions.round(a.value + b.value)
    return Bounded(
      value: y, accumulation: a.accumulation + b.accumulation + y.magnitudes,
      rounding: a.rounding + b.rounding + y.magnitudes)
  }
}

extension Tensor {
  /// |x| element by element.
  var magnitudes: Tensor { Tensor(shape: shape, values: values.map { $0.magnitude }) }
}
