// Strings and numbers of the strict JSON reader.

extension JSONParser {
  /// Reads a string and decodes its escapes; the offset is at the opening quotation mark.
  mutating func string() throws(JSONError) -> String {
    try expect("\"")
    var bytes: [UInt8] = []
    while true {
      let byte = try peek()
      switch byte {
      case UInt8(ascii: "\""):
        offset += 1
        return String(decoding: bytes, as: UTF8.self)
      case UInt8(ascii: "\\"): bytes.append(contentsOf: try escape())
      case 0..<0x20: throw .controlCharacter(byte, offset: offset)
      default:
        bytes.append(byte)
        offset += 1
      }
    }
  }

  /// Reads one escape and returns its UTF-8; the offset is at the backslash.
  private mutating func escape() throws(JSONError) -> [UInt8] {
    let start = offset
    offset += 1
    let letter = try peek()
    offset += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [letter]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "n"): return [0x0a]
    case UInt8(ascii: "f"): return [0x0c]
    case UInt8(ascii: "r"): return [0x0d]
    case UInt8(ascii: "u"): return Array(String(try escapedScalar(start)).utf8)
    default: throw .invalidEscape(offset: start)
    }
  }

  /// Reads `\uXXXX`, or two of them that are a surrogate pair; the offset is after the first `\u`.
  private mutating func escapedScalar(_ start: Int) throws(JSONError) -> Unicode.Scalar {
    let first = try hexadecimalUnit(start)
    if let scalar = Unicode.Scalar(first) { return scalar }
    let second = offset
    guard first < 0xdc00, take("\\"), take("u") else { throw .loneSurrogate(first, offset: start) }
    let low = try hexadecimalUnit(second)
    // `&`: 10 bits each, so that the sum stays in range even if `low` is not a low surrogate.
    let code = 0x10000 + UInt32(first & 0x3ff) << 10 + UInt32(low & 0x3ff)
    guard 0xdc00...0xdfff ~= low, let scalar = Unicode.Scalar(code) else {
      throw .loneSurrogate(first, offset: start)
    }
    return scalar
  }

  private mutating func hexadecimalUnit(_ start: Int) throws(JSONError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(try peek())).hexDigitValue else { throw .invalidEscape(offset: start) }
      unit = unit << 4 | UInt16(digit)
      offset += 1
    }
    return unit
  }

  /// Reads a number; the offset is at its first byte.
  mutating func number() throws(JSONError) -> JSONValue {
    let start = offset
    let isInteger = try skipNumber()
    let written = String(decoding: text[start..<offset], as: UTF8.self)
    if isInteger && written != "-0" {
      if let value = Int(written) { return .integer(value) }
      if !roundsIntegers { throw .numberOutOfRange(offset: start) }
    }
    guard let value = Double(written), value.isFinite else { throw .numberOutOfRange(offset: start) }
    return .number(value)
  }

  /// Moves past a number, whatever its size; returns whether it has neither fraction nor exponent.
  mutating func skipNumber() throws(JSONError) -> Bool {
    let start = offset
    var isInteger = true
    _ = take("-")
    if take("0") {
      if offset < text.count, isDigit(text[offset]) { throw .leadingZero(offset: start) }
    } else {
      try digits()
    }
    if take(".") {
      isInteger = false
      try digits()
    }
    if take("e") || take("E") {
      isInteger = false
      if !take("+") { _ = take("-") }
      try digits()
    }
    return isInteger
  }

  /// Skips one or more digits.
  private mutating func digits() throws(JSONError) {
    let first = try peek()
    if !isDigit(first) { throw .unexpectedByte(first, offset: offset) }
    while offset < text.count, isDigit(text[offset]) { offset += 1 }
  }

  private func isDigit(_ byte: UInt8) -> Bool {
    UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
  }
}
