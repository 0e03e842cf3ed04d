// The element types of the container: names in a header, widths and kinds (Spec: the container).

/// The type of an array's elements.
///
/// The cases are in the order in which the container lays out its data: widest first, so that with a header padded to
/// 8 bytes every array is aligned to its own width. Types of one width keep the order of the official safetensors
/// writer, which makes files of the two writers comparable byte by byte.
public enum ElementType: String, CaseIterable, Hashable, Sendable {
  /// Signed integer, 8 bytes.
  case i64 = "I64"
  /// IEEE binary64.
  case f64 = "F64"
  /// IEEE binary32.
  case f32 = "F32"
  /// Signed integer, 4 bytes.
  case i32 = "I32"
  /// The upper half of a binary32: 8 exponent bits, 7 fraction bits.
  case bf16 = "BF16"
  /// IEEE binary16: 5 exponent bits, 10 fraction bits.
  case f16 = "F16"
  /// Unsigned byte.
  case u8 = "U8"
  /// A byte that is 0 or 1.
  case bool = "BOOL"

  /// The type of values that elements are read as.
  public enum Kind: String, Hashable, Sendable {
    /// Floating-point elements, read as `Double`.
    case floating
    /// Integer elements, read as `Int`.
    case integer
    /// Boolean elements, read as `Bool`.
    case boolean
  }

  /// Bytes per element.
  public var width: Int {
    switch self {
    case .i64, .f64: 8
    case .f32, .i32: 4
    case .bf16, .f16: 2
    case .u8, .bool: 1
    }
  }

  /// The kind of values that the elements are read as.
  public var kind: Kind {
    switch self {
    case .f64, .f32, .bf16, .f16: .floating
    case .i64, .i32, .u8: .integer
    case .bool: .boolean
    }
  }
}

extension ElementType {
  /// The word of manifests and of the protocol: f64 for F64.
  public var word: String { rawValue.lowercased() }

  /// The element type of a word of manifests and of the protocol.
  public init?(word: String) {
    guard let type = Self.allCases.first(where: { $0.word == word }) else { return nil }
    self = type
  }
}
