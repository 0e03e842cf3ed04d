// TOL-1…TOL-3: the roundoffs of an element type, and the error bound of one element.

/// Unit roundoffs and range of an element type; the Spec fixes them, a candidate cannot (TOL-2).
public struct Precision: Hashable, Sendable {
  /// u_acc, the unit roundoff of sums, products and elementary functions (TOL-2).
  public let accumulation: Double
  /// u_out, the unit roundoff of the stored type (TOL-2).
  public let output: Double
  /// The smallest positive normal number of the stored type.
  public let smallestNormal: Double
  /// κ: 1, or 2 if the reference's own error or terms of second order are not negligible (TOL-3).
  public let safety: Double
  /// As a share of the tensor's largest value, the unit of a provisional bound, used until bounds are measured
  /// (TOL-15).
  public let provisionalFloor: Double

  /// binary64 for sums and for storage.
  public static let f64 = Precision(
    accumulation: 0x1p-53, output: 0x1p-53, smallestNormal: 0x1p-1022, safety: 2, provisionalFloor: 0x1p-42)
  /// binary32 for sums and for storage.
  public static let f32 = Precision(
    accumulation: 0x1p-24, output: 0x1p-24, smallestNormal: 0x1p-126, safety: 1, provisionalFloor: 1e-4)
  /// bfloat16 for storage, binary32 for sums.
  public static let bf16 = Precision(
    accumulation: 0x1p-24, output: 0x1p-8, smallestNormal: 0x1p-126, safety: 2, provisionalFloor: 0.05)
  /// binary16 for storage, binary32 for sums.
  public static let f16 = Precision(
    accumulation: 0x1p-24, output: 0x1p-11, smallestNormal: 0x1p-14, safety: 2, provisionalFloor: 0.00625)

  /// The precision of an element type; nil for an integer type.
  public static func of(_ type: ElementType) -> Precision? {
    switch type {
    case .f64: .f64
    case .f32: .f32
    case .bf16: .bf16
    case .f16: .f16
    case .i64, .i32, .u8, .bool: nil
    }
  }

  /// The derived bound of an element: κ · (u_acc · A + u_out · R) + smallest normal, but 0 if A and R are 0 (TOL-3).
  public func bound(accumulation a: Double, rounding r: Double) -> Double {
    a == 0 && r == 0 ? 0 : safety * (accumulation * a + output * r) + smallestNormal
  }

  /// Error over bound of one element, at most 1 if right. Infinite if the value is not finite but the expected one is,
  /// or if it differs and no error is allowed (TOL-1).
  public func ratio(_ value: Double, expected: Double, accumulation a: Double, rounding r: Double) -> Double {
    let error = (value - expected).magnitude
    if error == 0 { return 0 }
    let bound = bound(accumulation: a, rounding: r)
    return error.isFinite && bound > 0 ? error / bound : .infinity
  }

  /// The least calibrated bound: a right program may always round each result once, whatever was measured (TOL-12).
  public var floor: Double { 4 * output + 16 * accumulation }

  /// The provisional bound as a multiple of the provisional floor.
  public static let provisionalFactor = 4.0
  /// The calibrated bound that holds until bounds are measured (TOL-15).
  public var provisionalBound: Double { Self.provisionalFactor * provisionalFloor }
}
