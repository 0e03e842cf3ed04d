// A JSON text of which parts are replaced or added to while every other byte stays as it is.
//
// The strict reader gives values; writing those again would change a file's spelling, its order where a reader cares, and
// numbers that a Double rounds. Keys are compared by their UTF-8 here: a vocabulary may hold two tokens that Unicode
// calls equivalent.

/// A JSON text, checked, with the places of its parts.
public struct JSONSource: Sendable {
  /// One member of an object, or one element of an array.
  public struct Part: Sendable {
    /// The key, its escapes decoded; empty for an element of an array.
    public let key: String
    /// Where the part starts: at its key, or at the element itself.
    public let start: Int
    /// The bytes of the value.
    public let value: Range<Int>
  }

  /// The text.
  public let text: [UInt8]
  /// The bytes of the one value that the text is.
  public let root: Range<Int>

  /// Checks a text that is one JSON value, as `StrictJSON` does except for keys that occur twice, and for the size of
  /// numbers: one that no reader here could hold is kept as it is written, and only `value` refuses it.
  public init(_ text: [UInt8], sizeLimit: Int, depthLimit: Int) throws(JSONError) {
    try StrictJSON.checkText(text, sizeLimit: sizeLimit)
    var parser = JSONParser(text: text, depthLimit: depthLimit)
    parser.skipWhiteSpace()
    let start = parser.offset
    try parser.skipValue(depth: 0)
    root = start..<parser.offset
    parser.skipWhiteSpace()
    if parser.offset < text.count { throw .trailingBytes(offset: parser.offset) }
    self.text = text
  }

  /// The members of the object at a place, nil if there is none; throws for a key that occurs twice, byte for byte.
  public func members(_ place: Range<Int>) throws(JSONError) -> [Part]? {
    guard text[place.lowerBound] == UInt8(ascii: "{") else { return nil }
    let parts = try parts(place)
    var keys: Set<[UInt8]> = []
    for part in parts where !keys.insert(Array(part.key.utf8)).inserted {
      throw .duplicateKey(part.key, offset: part.start)
    }
    return parts
  }

  /// The elements of the array at a place; nil if there is none.
  public func elements(_ place: Range<Int>) throws(JSONError) -> [Part]? {
    text[place.lowerBound] == UInt8(ascii: "[") ? try parts(place) : nil
  }

  /// The value at a place, as the strict reader gives it.
  public func value(_ place: Range<Int>) throws(JSONError) -> JSONValue {
    var parser = JSONParser(text: text, depthLimit: 64)
    parser.offset = place.lowerBound
    return try parser.value(depth: 0)
  }

  /// The text with some places replaced by other bytes; an empty place is one where bytes are put in.
  ///
  /// The places do not overlap; of two that start at one byte the first given comes first.
  public func replacing(_ changes: [(place: Range<Int>, text: String)]) -> [UInt8] {
    var result: [UInt8] = []
    var end = 0
    let order = changes.indices.sorted { (changes[$0].place.lowerBound, $0) < (changes[$1].place.lowerBound, $1) }
    for index in order {
      result += text[end..<changes[index].place.lowerBound]
      result += changes[index].text.utf8
      end = changes[index].place.upperBound
    }
    return result + text[end...]
  }

  /// The change that puts parts at the end of the object or array at a place, laid out as its last part is.
  public func appending(_ added: [String], to place: Range<Int>) throws(JSONError) -> (place: Range<Int>, text: String)
  {
    guard let last = try parts(place).last else {
      return (place.upperBound - 1..<place.upperBound - 1, added.joined(separator: ", "))
    }
    let space = spaceBefore(last.start)
    return (last.value.upperBound..<last.value.upperBound, added.map { "," + space + $0 }.joined())
  }

  /// A string as JSON writes it.
  public static func quoted(_ string: String) -> String { String(decoding: JSONText.quoted(string), as: UTF8.self) }

  /// The white space that ends where a part starts.
  private func spaceBefore(_ offset: Int) -> String {
    var start = offset
    while start > 0, [0x20, 0x09, 0x0a, 0x0d].contains(text[start - 1]) { start -= 1 }
    return String(decoding: text[start..<offset], as: UTF8.self)
  }

  /// The parts of the object or array at a place.
  private func parts(_ place: Range<Int>) throws(JSONError) -> [Part] {
    var parser = JSONParser(text: text, depthLimit: .max)
    parser.offset = place.lowerBound + 1
    let isObject = text[place.lowerBound] == UInt8(ascii: "{")
    var parts: [Part] = []
    parser.skipWhiteSpace()
    while parser.offset < place.upperBound - 1 {
      let start = parser.offset
      var key = ""
      if isObject {
        key = try parser.string()
        parser.skipWhiteSpace()
        try parser.expect(":")
        parser.skipWhiteSpace()
      }
      let value = parser.offset
      try parser.skipValue(depth: 0)
      parts.append(Part(key: key, start: start, value: value..<parser.offset))
      parser.skipWhiteSpace()
      _ = parser.take(",")
      parser.skipWhiteSpace()
    }
    return parts
  }
}

extension JSONParser {
  /// Moves past a value, checking it, without keeping it.
  mutating func skipValue(depth: Int) throws(JSONError) {
    skipWhiteSpace()
    switch try peek() {
    case UInt8(ascii: "{"):
      try skipParts(depth: depth + 1, end: "}") { (parser) throws(JSONError) in
        _ = try parser.string()
        parser.skipWhiteSpace()
        try parser.expect(":")
      }
    case UInt8(ascii: "["): try skipParts(depth: depth + 1, end: "]") { _ in }
    case UInt8(ascii: "\""): _ = try string()
    case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): _ = try value(depth: depth)
    default: _ = try skipNumber()
    }
  }

  /// Moves past an object or array whose opening bracket is next; `key` moves past what stands before a value.
  private mutating func skipParts(
    depth: Int, end: Unicode.Scalar, key: (inout JSONParser) throws(JSONError) -> Void
  ) throws(JSONError) {
    if depth > depthLimit { throw .tooDeep(limit: depthLimit, offset: offset) }
    offset += 1
    skipWhiteSpace()
    if take(end) { return }
    while true {
      try key(&self)
      try skipValue(depth: depth)
      skipWhiteSpace()
      if take(end) { return }
      let comma = offset
      try expect(",")
      skipWhiteSpace()
      if try peek() == UInt8(ascii: end) { throw .trailingComma(offset: comma) }
    }
  }
}
