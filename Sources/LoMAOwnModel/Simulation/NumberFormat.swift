// OWN-1, TOL-2: rounding of numbers to a narrower format, to nearest or at random.

import LoMAVectors
import NaiveLlama

/// A binary floating-point format with a sign, narrower than binary64.
struct NumberFormat: Hashable, Sendable {
  /// The number of bits behind the leading one.
  let fractionBits: Int
  /// The exponent of the smallest normal number.
  let smallestExponent: Int
  /// The largest finite number.
  let largest: Double

  /// IEEE binary32.
  static let f32 = NumberFormat(fractionBits: 23, smallestExponent: -126, largest: 0x1.FFFFFEp127)
  /// bfloat16.
  static let bf16 = NumberFormat(fractionBits: 7, smallestExponent: -126, largest: 0x1.FEp127)
  /// IEEE binary16.
  static let f16 = NumberFormat(fractionBits: 10, smallestExponent: -14, largest: 65_504)
  /// The 8-bit format with 4 exponent bits and no infinity; beyond its range it saturates.
  static let fp8 = NumberFormat(fractionBits: 3, smallestExponent: -6, largest: 448)
  /// The inputs of a TF32 product: the range of binary32, 11 significant bits.
  static let tf32 = NumberFormat(fractionBits: 10, smallestExponent: -126, largest: 0x1.FFCp127)

  /// The format of an element type that ports compute in; nil for others.
  static func of(_ type: ElementType) -> NumberFormat? {
    switch type {
    case .f32: .f32
    case .bf16: .bf16
    case .f16: .f16
    case .f64, .i64, .i32, .u8, .bool: nil
    }
  }

  /// Which of the two neighbours a number is rounded to.
  enum Direction: Sendable {
    /// The nearest, ties to even.
    case nearest
    /// The upper one with the probability of the number's distance from the lower one.
    case random(Noise)
  }

  /// The value of the format for `x`, which stands at `place` of its tensor; beyond the range it is infinite.
  @inline(__always)
  func rounded(_ x: Double, _ direction: Direction, at place: Int) -> Double {
    let magnitude = x.magnitude
    guard magnitude < .infinity else { return x }
    if magnitude < smallestNormal { return roundedSubnormal(x, direction, at: place) }
    let shift = UInt64(52 - fractionBits)
    let mask = (UInt64(1) << shift) - 1
    let bits = x.bitPattern
    let added: UInt64 =
      switch direction {
      case .nearest: (mask >> 1) + (bits >> shift & 1)
      case .random(let noise): noise.draw(x, at: place) & mask
      }
    let rounded = Double(bitPattern: (bits + added) & ~mask)
    return rounded.magnitude <= largest ? rounded : Double(signOf: x, magnitudeOf: .infinity)
  }

  private var smallestNormal: Double { Double(sign: .plus, exponent: smallestExponent, significand: 1) }

  /// Below the normal range all values of the format are the same distance apart.
  private func roundedSubnormal(_ x: Double, _ direction: Direction, at place: Int) -> Double {
    let unit = Double(sign: .plus, exponent: smallestExponent - fractionBits, significand: 1)
    let units = x.magnitude / unit
    let whole: Double =
      switch direction {
      case .nearest: units.rounded(.toNearestOrEven)
      case .random(let noise): (units + Double(noise.draw(x, at: place) >> 11) * 0x1p-53).rounded(.down)
      }
    return Double(signOf: x, magnitudeOf: whole * unit)
  }

  /// Every element of a tensor rounded to nearest; an infinite result becomes the largest number if `saturating`.
  func nearest(_ tensor: Tensor, saturating: Bool) -> Tensor {
    var values = tensor.values
    for index in values.indices {
      let value = rounded(values[index], .nearest, at: index)
      values[index] = saturating && value.isInfinite ? Double(signOf: value, magnitudeOf: largest) : value
    }
    return Tensor(shape: tensor.shape, values: values)
  }
}
