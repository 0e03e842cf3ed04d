// MOD-1, NUM-5: a parameter as a checkpoint holds it, in fewer bits than a Double; every element widens exactly.

/// The element types of a checkpoint that are narrower than binary64.
public enum NarrowType: Hashable, Sendable {
  /// bfloat16, the upper half of a binary32.
  case bf16
  /// binary16.
  case f16
  /// binary32.
  case f32

  /// Bytes of an element.
  public var width: Int { self == .f32 ? 4 : 2 }
}

/// A matrix parameter where it lies, for a product that widens its elements as it multiplies.
///
/// Elements are little-endian and row-major, at any alignment; nothing says that they are finite.
public struct NarrowMatrix: Sendable {
  /// The type of every element.
  public let type: NarrowType
  /// The number of rows, the outputs of a linear layer.
  public let rows: Int
  /// The number of columns, its inputs.
  public let columns: Int
  private let lend: @Sendable (Range<Int>, (Span<UInt8>) -> [Double]) -> [Double]

  /// A matrix whose bytes `lend` shows to a body: those of a range of rows, and nothing else.
  public init(
    type: NarrowType, rows: Int, columns: Int,
    lend: @escaping @Sendable (Range<Int>, (Span<UInt8>) -> [Double]) -> [Double]
  ) {
    precondition(rows >= 0 && columns >= 0, "a matrix")
    self.type = type
    self.rows = rows
    self.columns = columns
    self.lend = lend
  }

  /// What a body makes of the bytes of some rows.
  func bytes(of range: Range<Int>, _ body: (Span<UInt8>) -> [Double]) -> [Double] {
    let (count, width) = (range.count * columns * type.width, type.width)
    precondition(width > 0 && range.lowerBound >= 0 && range.upperBound <= rows, "rows of the matrix")
    return lend(range) { bytes in
      precondition(bytes.count == count, "the bytes of these rows")
      return body(bytes)
    }
  }
}

// MARK: - Elements

/// How eight elements of a type are read and widened.
protocol NarrowElement {
  /// An unsigned integer of the element's width.
  associatedtype Bits: FixedWidthInteger & UnsignedInteger & SIMDScalar
  /// All bits of the exponent, which only an infinity and a NaN have.
  static var exponent: Bits { get }
  /// With as many rows of x it pays to widen a part of W into memory, once for all of them.
  static var worthWidening: Int { get }
  /// Eight neighbours, from some byte on.
  static func eight(_ bytes: Span<UInt8>, at byte: Int) -> SIMD8<Bits>
  /// One element, from some byte on.
  static func one(_ bytes: Span<UInt8>, at byte: Int) -> Bits
  /// Their values, exactly; an infinity stays one, and a NaN a NaN.
  static func widened(_ bits: SIMD8<Bits>) -> SIMD8<Double>
}

enum BFloat16: NarrowElement {
  static let exponent: UInt16 = 0x7f80
  static let worthWidening = 2

  @inline(__always)
  static func eight(_ bytes: Span<UInt8>, at byte: Int) -> SIMD8<UInt16> { eightHalves(bytes, byte) }

  @inline(__always)
  static func one(_ bytes: Span<UInt8>, at byte: Int) -> UInt16 { half(bytes, byte) }

  @inline(__always)
  static func widened(_ bits: SIMD8<UInt16>) -> SIMD8<Double> { floats(words(bits) &<< 16) }
}

enum Binary16: NarrowElement {
  static let exponent: UInt16 = 0x7c00
  static let worthWidening = 2

  @inline(__always)
  static func eight(_ bytes: Span<UInt8>, at byte: Int) -> SIMD8<UInt16> { eightHalves(bytes, byte) }

  @inline(__always)
  static func one(_ bytes: Span<UInt8>, at byte: Int) -> UInt16 { half(bytes, byte) }

  /// A normal number needs another bias: 112 more in the exponent of a binary32, an infinity or NaN 224 more. A subnormal
  /// number, m · 2⁻²⁴, becomes 2⁻¹⁴ + m · 2⁻²⁴ with 113 more, and 2⁻¹⁴ is taken off again, exactly: processors are slow at
  /// subnormal binary32.
  @inline(__always)
  static func widened(_ bits: SIMD8<UInt16>) -> SIMD8<Double> {
    let word = words(bits)
    let magnitude = word & 0x7fff
    // All ones, or 0.
    let subnormal = 0 &- ((magnitude &- 0x400) &>> 31)
    let infinite = 0 &- ((magnitude &+ 0x400) &>> 15)
    let biased = magnitude &<< 13 &+ (112 &<< 23 &+ (infinite & 112 &<< 23) &+ (subnormal & 1 &<< 23))
    return floats(biased, minus: subnormal & 113 &<< 23, sign: (word & 0x8000) &<< 16)
  }
}

enum Binary32: NarrowElement {
  static let exponent: UInt32 = 0x7f80_0000
  static let worthWidening = 4

  @inline(__always)
  static func eight(_ bytes: Span<UInt8>, at byte: Int) -> SIMD8<UInt32> {
    let p = bytes.extracting(byte..<byte + 32)
    return SIMD8(
      word(p, 0), word(p, 4), word(p, 8), word(p, 12), word(p, 16), word(p, 20), word(p, 24), word(p, 28))
  }

  @inline(__always)
  static func one(_ bytes: Span<UInt8>, at byte: Int) -> UInt32 { word(bytes.extracting(byte..<byte + 4), 0) }

  @inline(__always)
  static func widened(_ bits: SIMD8<UInt32>) -> SIMD8<Double> { floats(bits) }

  @inline(__always)
  private static func word(_ p: Span<UInt8>, _ i: Int) -> UInt32 {
    UInt32(p[i]) | UInt32(p[i + 1]) << 8 | UInt32(p[i + 2]) << 16 | UInt32(p[i + 3]) << 24
  }
}

@inline(__always)
private func half(_ bytes: Span<UInt8>, _ byte: Int) -> UInt16 { UInt16(bytes[byte]) | UInt16(bytes[byte + 1]) << 8 }

/// One bounds check; the compiler joins eight bytes into one read, and a vector of 16 bytes is another of 16 bytes. Every
/// machine that Swift runs on has the lower byte first, in a vector too.
@inline(__always)
private func eightHalves(_ bytes: Span<UInt8>, _ byte: Int) -> SIMD8<UInt16> {
  let p = bytes.extracting(byte..<byte + 16)
  return unsafeBitCast(SIMD2(long(p, 0), long(p, 8)), to: SIMD8<UInt16>.self)
}

@inline(__always)
private func long(_ p: Span<UInt8>, _ i: Int) -> UInt64 {
  let low = UInt64(p[i]) | UInt64(p[i + 1]) << 8 | UInt64(p[i + 2]) << 16 | UInt64(p[i + 3]) << 24
  let high = UInt64(p[i + 4]) | UInt64(p[i + 5]) << 8 | UInt64(p[i + 6]) << 16 | UInt64(p[i + 7]) << 24
  return low | high << 32
}

@inline(__always)
private func words(_ b: SIMD8<UInt16>) -> SIMD8<UInt32> {
  SIMD8(
    UInt32(b[0]), UInt32(b[1]), UInt32(b[2]), UInt32(b[3]), UInt32(b[4]), UInt32(b[5]), UInt32(b[6]), UInt32(b[7]))
}

@inline(__always)
private func floats(_ b: SIMD8<UInt32>) -> SIMD8<Double> {
  SIMD8(
    Double(Float(bitPattern: b[0])), Double(Float(bitPattern: b[1])), Double(Float(bitPattern: b[2])),
    Double(Float(bitPattern: b[3])), Double(Float(bitPattern: b[4])), Double(Float(bitPattern: b[5])),
    Double(Float(bitPattern: b[6])), Double(Float(bitPattern: b[7])))
}

@inline(__always)
private func values(_ b: SIMD8<UInt32>) -> SIMD8<Float> {
  SIMD8(
    Float(bitPattern: b[0]), Float(bitPattern: b[1]), Float(bitPattern: b[2]), Float(bitPattern: b[3]),
    Float(bitPattern: b[4]), Float(bitPattern: b[5]), Float(bitPattern: b[6]), Float(bitPattern: b[7]))
}

/// The binary32 numbers x − y, with these signs.
@inline(__always)
private func floats(_ x: SIMD8<UInt32>, minus y: SIMD8<UInt32>, sign: SIMD8<UInt32>) -> SIMD8<Double> {
  let d = values(x) - values(y)
  let b = SIMD8(
    d[0].bitPattern, d[1].bitPattern, d[2].bitPattern, d[3].bitPattern, d[4].bitPattern, d[5].bitPattern,
    d[6].bitPattern, d[7].bitPattern)
  return floats(b | sign)
}
