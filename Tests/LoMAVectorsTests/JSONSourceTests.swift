// JSON texts that are changed in places; what is read is compared with the strict reader.

import Testing

@testable import LoMAVectors

@Suite("JSON texts changed in places")
struct JSONSourceTests {
  private func source(_ text: String) throws(JSONError) -> JSONSource {
    try JSONSource(Array(text.utf8), sizeLimit: 1 << 16, depthLimit: 4)
  }

  @Test func `places are those of the values that the strict reader gives`() throws {
    let text = " {\"a\" : [1, {\"b\": \"]}\"}, []] ,\n\"c\\u0064\":-0.5e1, \"e\": {}, \"f\": null} "
    let source = try source(text)
    let value = try StrictJSON.parse(Array(text.utf8), sizeLimit: 1 << 16, depthLimit: 4)
    let members = try #require(try source.members(source.root))
    #expect(members.map(\.key) == value.objectValue?.members.map(\.key))
    for member in members { #expect(try source.value(member.value) == value.objectValue?[member.key]) }
    let elements = try #require(try source.elements(members[0].value))
    #expect(elements.map { String(decoding: source.text[$0.value], as: UTF8.self) } == ["1", "{\"b\": \"]}\"}", "[]"])
    #expect(try source.members(members[0].value) == nil && source.elements(members[1].value) == nil)
  }

  @Test func `parts are put at the end, laid out as the last one is`() throws {
    for (text, expected) in [
      ("[]", "[7, 8]"), ("[ ]", "[ 7, 8]"), ("[1]", "[1,7,8]"), ("[1, 2]", "[1, 2, 7, 8]"),
      ("[\n  1,\n  {}\n]\n", "[\n  1,\n  {},\n  7,\n  8\n]\n"),
    ] {
      let source = try source(text)
      let result = source.replacing([try source.appending(["7", "8"], to: source.root)])
      #expect(String(decoding: result, as: UTF8.self) == expected)
    }
  }

  @Test func `several changes leave every other byte`() throws {
    let source = try source("{\"a\": 1,  \"b\" :2}")
    let members = try #require(try source.members(source.root))
    let end = try source.appending(["\"c\": 3"], to: source.root)
    let result = source.replacing([end, (members[1].value, "20"), (members[0].value, "[]")])
    #expect(String(decoding: result, as: UTF8.self) == "{\"a\": [],  \"b\" :20,  \"c\": 3}")
  }

  @Test func `keys are the same if their bytes are`() throws {
    let text = "{\"\u{e9}\": 1, \"e\u{301}\": 2}"
    let twins = try source(text)
    #expect(try twins.members(twins.root)?.count == 2)
    #expect(throws: JSONError.duplicateKey("e\u{301}", offset: 10)) {
      try StrictJSON.parse(Array(text.utf8), sizeLimit: 100, depthLimit: 4)
    }
    let twice = try source("{\"\u{e9}\": 1, \"\\u00e9\": 2}")
    #expect(throws: JSONError.duplicateKey("\u{e9}", offset: 10)) { try twice.members(twice.root) }
  }

  @Test func `a number that no reader holds is kept as it is written, and is no value`() throws {
    // The default of transformers, as Python writes int(1e30), and a number beyond the doubles.
    for number in ["1000000000000000019884624838656", "-9223372036854775809", "1e999"] {
      let source = try source("{\"max\": \(number), \"b\": [\(number)]}")
      let members = try #require(try source.members(source.root))
      let result = source.replacing([try source.appending(["1"], to: members[1].value)])
      #expect(String(decoding: result, as: UTF8.self) == "{\"max\": \(number), \"b\": [\(number),1]}")
      let offset = members[0].value.lowerBound
      #expect(throws: JSONError.numberOutOfRange(offset: offset)) { try source.value(members[0].value) }
      #expect(throws: JSONError.numberOutOfRange(offset: offset)) {
        try StrictJSON.parse(source.text, sizeLimit: 100, depthLimit: 2)
      }
    }
  }

  @Test func `what the strict reader refuses is refused with the same error`() throws {
    let texts = [
      "", " ", "{", "[1", "[1,]", "{\"a\":1,}", "{\"a\"}", "{a:1}", "[01]", "[1] 2", "\"\u{1}\"", "nul", "[1 2]",
      "{\"a\":}",
      "[\"\\x\"]", "[1.]", "[-]", "[1e]", "[[[[[1]]]]]", "{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}", "\u{feff}{}",
      "[\"\\ud800\"]",
    ]
    for text in texts {
      var expected: JSONError?
      do { _ = try StrictJSON.parse(Array(text.utf8), sizeLimit: 1 << 16, depthLimit: 4) } catch { expected = error }
      #expect(expected != nil)
      var found: JSONError?
      do { _ = try source(text) } catch { found = error }
      #expect(found == expected, "\(text)")
    }
    #expect(throws: JSONError.tooLarge(bytes: 2, limit: 1)) {
      try JSONSource([0x7b, 0x7d], sizeLimit: 1, depthLimit: 4)
    }
  }
}
