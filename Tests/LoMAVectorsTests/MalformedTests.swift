// Malformed files, each with the one error it must give.

import LoMAVectors
import Testing

/// A header with one array `a`.
private func one(_ dtype: String, _ shape: String, _ offsets: String) -> String {
  #"{"a":{"dtype":\#(dtype),"shape":\#(shape),"data_offsets":\#(offsets)}}"#
}

/// A header with U8 arrays `a`, `b` … at the given places, as long as these.
private func many(_ places: (Int, Int)...) -> String {
  let entries = zip("abcdef", places).map { name, place in
    #""\#(name)":{"dtype":"U8","shape":[\#(place.1 - place.0)],"data_offsets":[\#(place.0),\#(place.1)]}"#
  }
  return "{" + entries.joined(separator: ",") + "}"
}

@Suite struct MalformedTests {
  static let frames: [([UInt8], ContainerError)] = [
    ([], .noHeaderLength(fileBytes: 0)),
    ([2, 0, 0, 0, 0, 0, 0], .noHeaderLength(fileBytes: 7)),
    ([3, 0, 0, 0, 0, 0, 0, 0] + Array("{}".utf8), .headerBeyondFile(headerBytes: 3, fileBytes: 10)),
    ([1, 0, 16, 0, 0, 0, 0, 0], .headerTooLarge(bytes: 1_048_577, limit: 1_048_576)),
    ([UInt8](repeating: 255, count: 8), .headerTooLarge(bytes: .max, limit: 1_048_576)),
    ([0, 0, 0, 0, 0, 0, 0, 128], .headerTooLarge(bytes: 1 << 63, limit: 1_048_576)),
    (file(""), .header(.unexpectedEnd(offset: 0))),
    (file(" {}"), .headerStart(0x20)),
    (file("[]"), .headerStart(0x5b)),
    (file("\u{feff}{}"), .headerStart(0xef)),
    (file([0x7b, 0xff, 0x7d], data: []), .header(.notUTF8(offset: 1))),
    (file("{}{}"), .header(.trailingBytes(offset: 2))),
    (file("{}\0"), .header(.trailingBytes(offset: 2))),
    (file("{}", data: 1), .trailingBytes(end: 0, dataBytes: 1)),
    (
      file(Array(one("\"BOOL\"", "[3]", "[0,3]").utf8), data: [1, 0, 2]),
      .invalidBoolean(2, index: 2, name: "a")
    ),
  ]

  static let headers: [(String, Int, ContainerError)] = [
    (#"{"a":1}"#, 0, .entryNotObject(name: "a")),
    (#"{"":{}}"#, 0, .emptyName),
    (#"{"a":{},"a":{}}"#, 0, .header(.duplicateKey("a", offset: 8))),
    (#"{"a":{"dtype":"U8","dtype":"U8"}}"#, 0, .header(.duplicateKey("dtype", offset: 19))),
    (#"{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1],"x":0}}"#, 1, .unknownKey("x", name: "a")),
    (#"{"a":{"shape":[],"data_offsets":[0,1]}}"#, 1, .missingKey("dtype", name: "a")),
    (#"{"a":{"dtype":"U8","data_offsets":[0,1]}}"#, 1, .missingKey("shape", name: "a")),
    (#"{"a":{"dtype":"U8","shape":[]}}"#, 1, .missingKey("data_offsets", name: "a")),
    (one("\"U8\"", "[1],", "[0,1]"), 1, .header(.unexpectedByte(0x2c, offset: 31))),
    (one("\"U8\"", "[1,]", "[0,1]"), 1, .header(.trailingComma(offset: 29))),
    (one("\"U8\"", "[[1]]", "[0,1]"), 1, .header(.tooDeep(limit: 3, offset: 28))),
    (one("\"U8\"", "[1]", "[0,1,1]"), 1, .wrongValue(key: "data_offsets", name: "a")),
    (one("\"U8\"", "[1]", "[0]"), 1, .wrongValue(key: "data_offsets", name: "a")),
    (one("\"U8\"", "[1]", "{}"), 1, .wrongValue(key: "data_offsets", name: "a")),
    (one("\"U8\"", "1", "[0,1]"), 1, .wrongValue(key: "shape", name: "a")),
    (one("\"U8\"", "[\"1\"]", "[0,1]"), 1, .wrongValue(key: "shape", name: "a")),
    (one("\"U8\"", "[1.0]", "[0,1]"), 1, .wrongValue(key: "shape", name: "a")),
    (one("\"U8\"", "[1e0]", "[0,1]"), 1, .wrongValue(key: "shape", name: "a")),
    (one("\"U8\"", "[1]", "[-0,1]"), 1, .wrongValue(key: "data_offsets", name: "a")),
    (one("\"U8\"", "[01]", "[0,1]"), 1, .header(.leadingZero(offset: 28))),
    (one("\"U8\"", "[9223372036854775808]", "[0,1]"), 1, .header(.numberOutOfRange(offset: 28))),
    (one("8", "[1]", "[0,1]"), 1, .wrongValue(key: "dtype", name: "a")),
    (one("\"u8\"", "[1]", "[0,1]"), 1, .unknownElementType("u8", name: "a")),
    (one("\"F8_E4M3\"", "[1]", "[0,1]"), 1, .unknownElementType("F8_E4M3", name: "a")),
    (one("\"U8\"", "[-1]", "[0,1]"), 1, .negativeNumber(-1, key: "shape", name: "a")),
    (one("\"U8\"", "[2]", "[-1,1]"), 1, .negativeNumber(-1, key: "data_offsets", name: "a")),
    (one("\"U8\"", "[1]", "[1,0]"), 1, .reversedOffsets(begin: 1, end: 0, name: "a")),
    (one("\"F32\"", "[2,2]", "[0,15]"), 15, .sizeMismatch(expected: 16, found: 15, name: "a")),
    (one("\"U8\"", "[]", "[0,0]"), 0, .sizeMismatch(expected: 1, found: 0, name: "a")),
    (one("\"U8\"", "[4294967296,4294967296]", "[0,0]"), 0, .sizeOverflow(name: "a")),
    (one("\"F64\"", "[2305843009213693952,0]", "[0,0]"), 0, .sizeOverflow(name: "a")),
    (one("\"U8\"", "[1,1,1,1,1,1,1,1,1]", "[0,1]"), 1, .tooManyDimensions(count: 9, limit: 8, name: "a")),
    (one("\"F64\"", "[1]", "[0,8]"), 7, .truncated(end: 8, dataBytes: 7, name: "a")),
    (
      one("\"U8\"", "[9223372036854775807]", "[0,9223372036854775807]"), 1,
      .truncated(end: .max, dataBytes: 1, name: "a")
    ),
    (one("\"U8\"", "[1]", "[0,1]"), 2, .trailingBytes(end: 1, dataBytes: 2)),
    (one("\"U8\"", "[1]", "[1,2]"), 2, .gap(expected: 0, found: 1, name: "a")),
    (many((0, 2), (3, 4)), 4, .gap(expected: 2, found: 3, name: "b")),
    (many((0, 2), (1, 4)), 4, .overlap(expected: 2, found: 1, name: "b")),
    (many((0, 2), (0, 2)), 2, .overlap(expected: 2, found: 0, name: "b")),
    (many((0, 2), (1, 1)), 2, .overlap(expected: 2, found: 1, name: "b")),
    (#"{"__metadata__":[]}"#, 0, .metadataNotObject),
    (#"{"__metadata__":null}"#, 0, .metadataNotObject),
    (#"{"__metadata__":{"k":1}}"#, 0, .metadataNotString(key: "k")),
    (#"{"__metadata__":{},"__metadata__":{}}"#, 0, .header(.duplicateKey("__metadata__", offset: 19))),
    (#"{"__metadata__":{"k":"","k":""}}"#, 0, .header(.duplicateKey("k", offset: 24))),
    (#"{"\ud800":{}}"#, 0, .header(.loneSurrogate(0xd800, offset: 2))),
  ]

  @Test(arguments: frames) func `a bad frame has its own error`(bytes: [UInt8], error: ContainerError) {
    #expect(rejection(bytes) == error)
    #expect(isOneLine(error))
  }

  @Test(arguments: headers) func `a bad header has its own error`(header: String, data: Int, error: ContainerError) {
    #expect(rejection(file(header, data: data)) == error)
    #expect(isOneLine(error))
  }

  @Test func `too many arrays`() {
    let entries = (0...8192).map { #""\#($0)":{"dtype":"U8","shape":[],"data_offsets":[\#($0),\#($0 + 1)]}"# }
    let all = file("{" + entries.joined(separator: ",") + "}", data: 8193)
    #expect(rejection(all) == .tooManyArrays(count: 8193, limit: 8192))
    #expect(rejection(file("{" + entries.dropLast().joined(separator: ",") + "}", data: 8192)) == nil)
  }

  @Test func `a header may fill the limit and not more`() {
    let full = "{" + String(repeating: " ", count: 1_048_574) + "}"
    #expect(rejection(file(full)) == nil)
    #expect(rejection(file(full + " ")) == .headerTooLarge(bytes: 1_048_577, limit: 1_048_576))
  }

  @Test func `a long or wild name stays short and on one line in a message`() {
    let error = ContainerError.noSuchArray(String(repeating: "x\n", count: 1000))
    #expect(isOneLine(error) && error.description.count < 200)
  }

  @Test func `what the official reader allows is allowed`() throws {
    let scalar = #""s":{"dtype":"U8","shape":[],"data_offsets":[0,1]}"#
    let empty = #""e":{"dtype":"F64","shape":[3,0],"data_offsets":[1,1]}"#
    let read = try ArrayFile(decoding: file("{\(empty),\"__metadata__\":{\"k\":\"v\"},\(scalar)} \n\t\r", data: 1))
    #expect(read.arrays.map(\.name) == ["e", "s"])
    #expect(read.metadata == ["k": "v"])
    #expect(try ArrayFile(decoding: file("{}")).arrays.isEmpty)
    let escaped = #"{"\ud83d\ude00\u0000":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#
    #expect(try ArrayFile(decoding: file(escaped))["😀\0"] != nil)
  }

  private func isOneLine(_ error: ContainerError) -> Bool {
    !error.description.isEmpty && !error.description.contains { $0.isNewline }
  }
}
