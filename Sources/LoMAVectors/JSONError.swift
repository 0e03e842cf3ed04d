// Why a text is not acceptable JSON, with the place.

/// Why the strict reader rejects a text. Offsets are in bytes, from 0.
public enum JSONError: Error, Equatable, Sendable {
  /// The text is longer than the caller allows.
  case tooLarge(bytes: Int, limit: Int)
  /// Arrays and objects are nested deeper than the caller allows.
  case tooDeep(limit: Int, offset: Int)
  /// The text starts with a byte order mark.
  case byteOrderMark
  /// The text is not UTF-8.
  case notUTF8(offset: Int)
  /// The text ends inside a value.
  case unexpectedEnd(offset: Int)
  /// A byte that is not allowed at this place.
  case unexpectedByte(UInt8, offset: Int)
  /// A comma is followed by the end of its array or object.
  case trailingComma(offset: Int)
  /// Something other than white space follows the value.
  case trailingBytes(offset: Int)
  /// An object has a key twice (the same characters, or canonically equivalent ones).
  case duplicateKey(String, offset: Int)
  /// A number starts with a zero that is followed by a digit.
  case leadingZero(offset: Int)
  /// An integer that does not fit in `Int`, or a number beyond the finite `Double`s.
  case numberOutOfRange(offset: Int)
  /// A control character stands unescaped in a string.
  case controlCharacter(UInt8, offset: Int)
  /// A backslash is followed by a character that is no JSON escape.
  case invalidEscape(offset: Int)
  /// An escaped surrogate without its other half.
  case loneSurrogate(UInt16, offset: Int)
}

extension JSONError: CustomStringConvertible {
  /// The reason on one line, as a person reads it.
  public var description: String {
    switch self {
    case .tooLarge(let bytes, let limit): "JSON text of \(bytes) bytes, the limit is \(limit)"
    case .tooDeep(let limit, let offset): "JSON nested deeper than \(limit) at byte \(offset)"
    case .byteOrderMark: "JSON text starts with a byte order mark"
    case .notUTF8(let offset): "JSON text is not UTF-8 at byte \(offset)"
    case .unexpectedEnd(let offset): "JSON text ends inside a value at byte \(offset)"
    case .unexpectedByte(let byte, let offset): "unexpected byte \(hexadecimal(byte)) in JSON at byte \(offset)"
    case .trailingComma(let offset): "trailing comma in JSON at byte \(offset)"
    case .trailingBytes(let offset): "something follows the JSON value at byte \(offset)"
    case .duplicateKey(let key, let offset): "duplicate JSON key \(shortened(key)) at byte \(offset)"
    case .leadingZero(let offset): "JSON number with a leading zero at byte \(offset)"
    case .numberOutOfRange(let offset): "JSON number out of range at byte \(offset)"
    case .controlCharacter(let byte, let offset):
      "unescaped control character \(hexadecimal(byte)) in a JSON string at byte \(offset)"
    case .invalidEscape(let offset): "invalid escape in a JSON string at byte \(offset)"
    case .loneSurrogate(let unit, let offset):
      "lone surrogate \(hexadecimal(unit)) in a JSON string at byte \(offset)"
    }
  }
}

func hexadecimal(_ value: some FixedWidthInteger & UnsignedInteger) -> String {
  "0x" + String(value, radix: 16)
}

/// A name from a file, made safe for a message: quoted, on one line, of limited length.
func shortened(_ name: String) -> String {
  let limit = 120
  let quoted = String(decoding: JSONText.quoted(name), as: UTF8.self)
  return quoted.unicodeScalars.count <= limit ? quoted : String(quoted.unicodeScalars.prefix(limit)) + "…"
}
