// A strict JSON reader for untrusted text: RFC 8259 without extensions, no duplicate keys, bounded size and depth.
//
// Foundation's JSONDecoder accepts duplicate keys, trailing commas and a byte order mark, so two readers could see
// different contents in one file.

/// The strict reader of JSON from untrusted text.
public enum StrictJSON {
  /// Parses a text that is one JSON value, with white space around it allowed.
  ///
  /// Two keys are the same if Swift's strings are equal, so canonically equivalent spellings count as duplicates.
  /// `depthLimit` counts arrays and objects: 1 admits `[]`, 0 admits scalars only; the reader recurses that deep. With
  /// `roundsIntegers` one that does not fit in `Int` is the nearest `Double`, for files that another program wrote.
  public static func parse(
    _ text: [UInt8], sizeLimit: Int, depthLimit: Int, roundsIntegers: Bool = false
  ) throws(JSONError) -> JSONValue {
    try checkText(text, sizeLimit: sizeLimit)
    var parser = JSONParser(text: text, depthLimit: depthLimit)
    parser.roundsIntegers = roundsIntegers
    let value = try parser.value(depth: 0)
    parser.skipWhiteSpace()
    if parser.offset < text.count { throw .trailingBytes(offset: parser.offset) }
    return value
  }

  /// Checks size and encoding of the whole text first: from here on every byte ≥ 0x80 belongs to a valid scalar.
  static func checkText(_ text: [UInt8], sizeLimit: Int) throws(JSONError) {
    if text.count > sizeLimit { throw .tooLarge(bytes: text.count, limit: sizeLimit) }
    if text.starts(with: [0xef, 0xbb, 0xbf]) { throw .byteOrderMark }
    if String(validating: text, as: UTF8.self) == nil { throw .notUTF8(offset: validPrefix(text)) }
  }

  /// The number of bytes before the first one that is not UTF-8.
  private static func validPrefix(_ text: [UInt8]) -> Int {
    var parser = Unicode.UTF8.ForwardParser()
    var bytes = text.makeIterator()
    var count = 0
    while case .valid(let scalar) = parser.parseScalar(from: &bytes) { count += scalar.count }
    return count
  }
}

struct JSONParser {
  let text: [UInt8]
  let depthLimit: Int
  /// Whether an integer that does not fit in `Int` is rounded, and not an error.
  var roundsIntegers = false
  var offset = 0

  init(text: [UInt8], depthLimit: Int) {
    self.text = text
    self.depthLimit = depthLimit
  }

  /// The byte at the offset, which stays; throws `unexpectedEnd`.
  func peek() throws(JSONError) -> UInt8 {
    if offset == text.count { throw .unexpectedEnd(offset: offset) }
    return text[offset]
  }

  /// Moves past the next byte if it is `byte`; otherwise returns false, and the offset stays.
  mutating func take(_ byte: Unicode.Scalar) -> Bool {
    if offset == text.count || text[offset] != UInt8(ascii: byte) { return false }
    offset += 1
    return true
  }

  mutating func expect(_ byte: Unicode.Scalar) throws(JSONError) {
    if !take(byte) { throw .unexpectedByte(try peek(), offset: offset) }
  }

  mutating func skipWhiteSpace() {
    while offset < text.count, [0x20, 0x09, 0x0a, 0x0d].contains(text[offset]) { offset += 1 }
  }

  mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    skipWhiteSpace()
    switch try peek() {
    case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
    case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .boolean(true))
    case UInt8(ascii: "f"): return try literal("false", .boolean(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    default: return try number()
    }
  }

  private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
    for place in 0..<word.utf8CodeUnitCount {
      try expect(Unicode.Scalar((word.utf8Start + place).pointee))
    }
    return value
  }

  private mutating func array(depth: Int) throws(JSONError) -> [JSONValue] {
    if depth > depthLimit { throw .tooDeep(limit: depthLimit, offset: offset) }
    var elements: [JSONValue] = []
    try expect("[")
    skipWhiteSpace()
    if take("]") { return elements }
    while true {
      elements.append(try value(depth: depth))
      skipWhiteSpace()
      if take("]") { return elements }
      let comma = offset
      try expect(",")
      skipWhiteSpace()
      if try peek() == UInt8(ascii: "]") { throw .trailingComma(offset: comma) }
    }
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
    if depth > depthLimit { throw .tooDeep(limit: depthLimit, offset: offset) }
    var members = JSONObject()
    try expect("{")
    skipWhiteSpace()
    if take("}") { return members }
    while true {
      let start = offset
      let key = try string()
      if members.contains(key) { throw .duplicateKey(key, offset: start) }
      skipWhiteSpace()
      try expect(":")
      members.append(key, try value(depth: depth))
      skipWhiteSpace()
      if take("}") { return members }
      let comma = offset
      try expect(",")
      skipWhiteSpace()
      if try peek() == UInt8(ascii: "}") { throw .trailingComma(offset: comma) }
    }
  }
}
