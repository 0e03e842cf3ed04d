// TOL-1…TOL-3: what a declared element type allows, and the bound of one element.

/// Unit roundoffs and range of an element type; fixed here, never by a candidate (TOL-2).
public struct Precision: Hashable, Sendable {
  /// The unit roundoff of sums, products and elementary functions.
  public let accumulation: Double
  /// The unit roundoff of what is stored.
  public let output: Double
  /// The smallest positive normal number of the stored type.
  public let smallestNormal: Double
  /// κ: 1, or 2 where the reference's own error or terms of second order are not negligible (TOL-3).
  public let safety: Double
  /// What a calibrated bound is a multiple of until bounds are measured, of the tensor's largest value (TOL-15).
  public let provisionalFloor: Double

  /// binary64 throughout.
  public static let f64 = Precision(
    accumulation: 0x1p-53, output: 0x1p-53, smallestNormal: 0x1p-1022, safety: 2, provisionalFloor: 0x1p-42)
  /// binary32 throughout.
  public static let f32 = Precision(
    accumulation: 0x1p-24, output: 0x1p-24, smallestNormal: 0x1p-126, safety: 1, provisionalFloor: 1e-4)
  /// bfloat16 stored, binary32 accumulated.
  public static let bf16 = Precision(
    accumulation: 0x1p-24, output: 0x1p-8, smallestNormal: 0x1p-126, safety: 2, provisionalFloor: 0.05)
  /// binary16 stored, binary32 accumulated.
  public static let f16 = Precision(
    accumulation: 0x1p-24, output: 0x1p-11, smallestNormal: 0x1p-14, safety: 2, provisionalFloor: 0.00625)

  /// That of an element type; none of an integer type.
  public static func of(_ type: ElementType) -> Precision? {
    switch type {
    case .f64: .f64
    case .f32: .f32
    case .bf16: .bf16
    case .f16: .f16
    case .i64, .i32, .u8, .bool: nil
    }
  }

  /// κ · (u_acc · A + u_out · R) + smallest normal, and 0 where A and R are 0 (TOL-3).
  public func bound(accumulation a: Double, rounding r: Double) -> Double {
    a == 0 && r == 0 ? 0 : safety * (accumulation * a + output * r) + smallestNormal
  }

  /// Error over bound of one element: at most 1 where right; infinite where it is not finite but the expected value is,
  /// or not equal where no error is allowed (TOL-1).
  public func ratio(_ value: Double, expected: Double, accumulation a: Double, rounding r: Double) -> Double {
    let error = (value - expected).magnitude
    if error == 0 { return 0 }
    let bound = bound(accumulation: a, rounding: r)
    return error.isFinite && bound > 0 ? error / bound : .infinity
  }

  /// The least calibrated bound: a right program may round each result once, whatever others did (TOL-12).
  public var floor: Double { 4 * output + 16 * accumulation }

  /// How many times the provisional floor a program may be off.
  public static let provisionalFactor = 4.0
  /// A calibrated bound until bounds are measured (TOL-15).
  public var provisionalBound: Double { Self.provisionalFactor * provisionalFloor }
}
