// The strict JSON reader: what it accepts, and its own error for everything it does not.

import LoMAVectors
import Testing

@Suite struct StrictJSONTests {
  static func parse(_ text: String, depth: Int = 8) throws(JSONError) -> JSONValue {
    try StrictJSON.parse(Array(text.utf8), sizeLimit: 1 << 20, depthLimit: depth)
  }

  static let accepted: [(String, JSONValue)] = [
    ("null", .null), (" true\n", .boolean(true)), ("\tfalse\r", .boolean(false)),
    ("0", .integer(0)), ("-9223372036854775808", .integer(.min)), ("9223372036854775807", .integer(.max)),
    ("1.0", .number(1)), ("1e3", .number(1000)), ("2.5E-1", .number(0.25)), ("1E+2", .number(100)),
    ("0.1", .number(0.1)), ("-1.5", .number(-1.5)), ("1e-400", .number(0)), ("-10", .integer(-10)),
    (#""""#, .string("")), (#""a\"\\\/\b\f\n\r\t""#, .string("a\"\\/\u{8}\u{c}\n\r\t")),
    (#""\u00e9\uD83D\ude00\u0000""#, .string("é😀\u{0}")), (#""é😀""#, .string("é😀")),
    ("[]", .array([])), ("[1, [2] ,null]", .array([.integer(1), .array([.integer(2)]), .null])),
  ]

  @Test(arguments: accepted) func `JSON is read as it is written`(text: String, value: JSONValue) throws {
    #expect(try Self.parse(text) == value)
  }

  static let rejected: [(String, JSONError)] = [
    ("", .unexpectedEnd(offset: 0)), ("  ", .unexpectedEnd(offset: 2)), ("tru", .unexpectedEnd(offset: 3)),
    ("trUe", .unexpectedByte(0x55, offset: 2)), ("NaN", .unexpectedByte(0x4e, offset: 0)),
    ("nul]", .unexpectedByte(0x5d, offset: 3)), ("fals", .unexpectedEnd(offset: 4)),
    ("1 2", .trailingBytes(offset: 2)), ("{}{}", .trailingBytes(offset: 2)),
    ("01", .leadingZero(offset: 0)), ("-01", .leadingZero(offset: 0)), ("+1", .unexpectedByte(0x2b, offset: 0)),
    ("-", .unexpectedEnd(offset: 1)), ("1.", .unexpectedEnd(offset: 2)), (".5", .unexpectedByte(0x2e, offset: 0)),
    ("1e", .unexpectedEnd(offset: 2)), ("1ex", .unexpectedByte(0x78, offset: 2)),
    ("9223372036854775808", .numberOutOfRange(offset: 0)), ("[1e999]", .numberOutOfRange(offset: 1)),
    ("[1,]", .trailingComma(offset: 2)), ("[,1]", .unexpectedByte(0x2c, offset: 1)),
    (#"{"a":1,}"#, .trailingComma(offset: 6)), ("[1", .unexpectedEnd(offset: 2)), ("[1,", .unexpectedEnd(offset: 3)),
    ("[1 2]", .unexpectedByte(0x32, offset: 3)), ("{1:2}", .unexpectedByte(0x31, offset: 1)),
    (#"{"a" 1}"#, .unexpectedByte(0x31, offset: 5)), (#"{"a":1"#, .unexpectedEnd(offset: 6)),
    (#"{"a":1 "b":2}"#, .unexpectedByte(0x22, offset: 7)), (#"{"a":}"#, .unexpectedByte(0x7d, offset: 5)),
    (#"{"a":1,"a":1}"#, .duplicateKey("a", offset: 7)), (#"{"a":1,"\u0061":1}"#, .duplicateKey("a", offset: 7)),
    ("{\"\u{e9}\":1,\"e\u{301}\":1}", .duplicateKey("\u{e9}", offset: 8)),
    ("\"a", .unexpectedEnd(offset: 2)), ("\"\n\"", .controlCharacter(10, offset: 1)),
    (#""\x""#, .invalidEscape(offset: 1)), (#""\u12g4""#, .invalidEscape(offset: 1)),
    (#""\"#, .unexpectedEnd(offset: 2)),
    (#""\u12"#, .unexpectedEnd(offset: 5)), (#""\ud800""#, .loneSurrogate(0xd800, offset: 1)),
    (#""\udc00""#, .loneSurrogate(0xdc00, offset: 1)), (#""\ud800\n""#, .loneSurrogate(0xd800, offset: 1)),
    (#""\ud800\u0041""#, .loneSurrogate(0xd800, offset: 1)), (#""\ud800\ud800""#, .loneSurrogate(0xd800, offset: 1)),
    ("\u{feff}1", .byteOrderMark), ("// a\n1", .unexpectedByte(0x2f, offset: 0)),
    (#"{"a":[[[]]]}"#, .tooDeep(limit: 3, offset: 7)), ("[[[{}]]]", .tooDeep(limit: 3, offset: 3)),
  ]

  @Test(arguments: rejected) func `everything else has its own error`(text: String, error: JSONError) {
    #expect(throws: error) { try Self.parse(text, depth: 3) }
    #expect(!error.description.contains("\n"))
  }

  @Test func `an integer beyond Int is the nearest double where that is asked for, and nothing else changes`() throws {
    func rounding(_ text: String) throws(JSONError) -> JSONValue {
      try StrictJSON.parse(Array(text.utf8), sizeLimit: 400, depthLimit: 1, roundsIntegers: true)
    }
    #expect(try rounding("1000000000000000019884624838656") == .number(0x1.93e5939a08ceap99), "float(10**30) of Python")
    #expect(try rounding("9223372036854775808") == .number(0x1p63))
    #expect(try rounding("-9223372036854775809") == .number(-0x1p63))
    #expect(try rounding("9223372036854775807") == .integer(.max))
    #expect(try rounding("-0") == .number(-0.0) && rounding("0") == .integer(0))
    #expect(throws: JSONError.numberOutOfRange(offset: 0)) { try rounding("1e999") }
    #expect(throws: JSONError.numberOutOfRange(offset: 0)) { try rounding(String(repeating: "9", count: 310)) }
  }

  @Test func `invalid UTF-8 is found at its place`() {
    let bad: [[UInt8]] = [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0x80]]
    for bytes in bad {
      let text = Array("\"é".utf8) + bytes + [UInt8(ascii: "\"")]
      #expect(throws: JSONError.notUTF8(offset: 3)) { try StrictJSON.parse(text, sizeLimit: 100, depthLimit: 1) }
    }
    #expect("\(JSONError.notUTF8(offset: 3))" == "JSON text is not UTF-8 at byte 3")
  }

  @Test func `size and depth are bounded`() throws {
    #expect(throws: JSONError.tooLarge(bytes: 3, limit: 2)) {
      try StrictJSON.parse(Array("123".utf8), sizeLimit: 2, depthLimit: 1)
    }
    #expect("\(JSONError.tooLarge(bytes: 3, limit: 2))" == "JSON text of 3 bytes, the limit is 2")
    #expect(throws: JSONError.tooDeep(limit: 8, offset: 8)) { try Self.parse(String(repeating: "[", count: 100_000)) }
    #expect(throws: JSONError.tooDeep(limit: 0, offset: 0)) { try Self.parse("[]", depth: 0) }
    _ = try Self.parse(String(repeating: "7", count: 100_000) + ".0e-99999")
  }

  @Test func `minus zero keeps its sign`() throws {
    let zero = try #require(try Self.parse("-0").doubleValue)
    #expect(zero == 0 && zero.sign == .minus)
    #expect(try Self.parse("-0").integerValue == nil)
  }

  @Test func `members keep their order and are found by key`() throws {
    let object = try #require(try Self.parse(#"{"b":true,"a":{"x":"y"},"n":2,"l":[0.5]}"#).objectValue)
    #expect(object.members.map(\.key) == ["b", "a", "n", "l"])
    #expect(object["b"]?.booleanValue == true)
    #expect(object["a"]?.objectValue?["x"]?.stringValue == "y")
    #expect(object["n"]?.integerValue == 2 && object["n"]?.doubleValue == 2)
    #expect(object["l"]?.arrayValue?.first?.doubleValue == 0.5)
    #expect(object["b"]?.doubleValue == nil && object["n"]?.booleanValue == nil && object["n"]?.stringValue == nil)
    #expect(object["z"] == nil && object["n"]?.arrayValue == nil && object["n"]?.objectValue == nil)
  }
}
