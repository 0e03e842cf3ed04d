// Arrays and files in memory: values in and out, the bytes a file has, and random files there and back.

import LoMAVectors
import Testing

@Suite struct ArrayTests {
  @Test func `values come back as they went in`() throws {
    let file = try sampleFile()
    #expect(try file.array("u8").integers() == [0, 7, 255])
    #expect(try file.array("bool").booleans() == [true, false, false, true])
    #expect(try file.array("i64").integers() == [.min, .max])
    #expect(try file.array("i32").integers() == [-(1 << 31), 1 << 31 - 1])
    let wide = [0.1, -0.0, .infinity, .leastNonzeroMagnitude]
    #expect(try file.array("f64").doubles().map(\.bitPattern) == wide.map(\.bitPattern))
    #expect(try file.array("f32").doubles() == [Double(Float(0.1)), -Double(Float.leastNonzeroMagnitude)])
    #expect(try file.array("f16").doubles() == [65504, 0x1p-24, -1.5])
    #expect(try file.array("bf16").bytes == [0x62, 0x7f, 0x01, 0x00, 0xc0, 0xbf])
    #expect(try file.array("scalar").doubles() == [1.25])
    #expect(try file.array("empty").doubles() == [])
    #expect(throws: ContainerError.noSuchArray("z")) { try file.array("z") }
  }

  @Test func `values that do not fit are rejected`() {
    #expect(throws: ContainerError.integerOutOfRange(256, .u8, index: 1, name: "a")) {
      try NamedArray("a", .u8, shape: [2], integers: [0, 256])
    }
    #expect(throws: ContainerError.integerOutOfRange(1 << 31, .i32, index: 0, name: "a")) {
      try NamedArray("a", .i32, shape: [1], integers: [1 << 31])
    }
    #expect(throws: ContainerError.wrongKind(.f32, asked: .integer, name: "a")) {
      try NamedArray("a", .f32, shape: [1], integers: [1])
    }
    #expect(throws: ContainerError.wrongKind(.bool, asked: .floating, name: "a")) {
      try NamedArray("a", .bool, shape: [1], doubles: [1])
    }
    #expect(throws: ContainerError.countMismatch(expected: 4, found: 1, name: "a")) {
      try NamedArray("a", .f64, shape: [2, 2], doubles: [1])
    }
    #expect(throws: ContainerError.invalidBoolean(2, index: 0, name: "a")) {
      try NamedArray("a", .bool, shape: [1], bytes: [2])
    }
    #expect(throws: ContainerError.sizeMismatch(expected: 8, found: 7, name: "a")) {
      try NamedArray("a", .i64, shape: [1], bytes: [UInt8](repeating: 0, count: 7))
    }
    #expect(throws: ContainerError.negativeNumber(-1, key: "shape", name: "a")) {
      try NamedArray("a", .u8, shape: [-1, 0], bytes: [])
    }
    #expect(throws: ContainerError.emptyName) { try NamedArray("", .u8, shape: [0], bytes: []) }
    #expect(throws: ContainerError.reservedName) { try NamedArray("__metadata__", .u8, shape: [0], bytes: []) }
    for error: ContainerError in [
      .reservedName, .integerOutOfRange(256, .u8, index: 1, name: "a"), .wrongKind(.u8, asked: .boolean, name: "a"),
      .countMismatch(expected: 1, found: 2, name: "a"), .tooManyArrays(count: 3, limit: 2), .duplicateName("a"),
    ] {
      #expect(!error.description.isEmpty)
    }
  }

  @Test func `elements are read as what they are`() throws {
    let file = try sampleFile()
    #expect(throws: ContainerError.wrongKind(.u8, asked: .floating, name: "u8")) { try file.array("u8").doubles() }
    #expect(throws: ContainerError.wrongKind(.f16, asked: .integer, name: "f16")) { try file.array("f16").integers() }
    #expect(throws: ContainerError.wrongKind(.i64, asked: .boolean, name: "i64")) { try file.array("i64").booleans() }
  }

  @Test func `the bytes of a small file`() throws {
    let file = try ArrayFile(
      [
        NamedArray("b", .u8, shape: [1], integers: [9]),
        NamedArray("a", .f32, shape: [1, 1], doubles: [1]),
      ], metadata: ["k": "v"])
    let header =
      #"{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"#
      + #""b":{"dtype":"U8","shape":[1],"data_offsets":[4,5]}}"#
    let padding = String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    #expect(try file.encoded() == LoMAVectorsTests.file(Array((header + padding).utf8), data: [0, 0, 0x80, 0x3f, 9]))
    #expect(try ArrayFile([], metadata: [:]).encoded() == LoMAVectorsTests.file("{}      "))
  }

  @Test func `names are sorted by their bytes and stand once`() throws {
    let names = ["b", "a", "aa", "é", "z", "e\u{301}x"]
    let file = try ArrayFile(names.map { try NamedArray($0, .u8, shape: [0], bytes: []) }, metadata: [:])
    #expect(file.arrays.map(\.name) == ["a", "aa", "b", "e\u{301}x", "z", "é"])
    let twice = try ["\u{e9}", "e\u{301}"].map { try NamedArray($0, .u8, shape: [0], bytes: []) }
    #expect(throws: ContainerError.duplicateName("\u{e9}")) { try ArrayFile(twice, metadata: [:]) }
  }

  @Test func `a file beyond the limits is not written`() throws {
    let arrays = try (0...8192).map { try NamedArray("\($0)", .u8, shape: [0], bytes: []) }
    #expect(throws: ContainerError.tooManyArrays(count: 8193, limit: 8192)) { try ArrayFile(arrays, metadata: [:]) }
    let long = try ArrayFile([], metadata: ["k": String(repeating: "x", count: 1 << 20)])
    #expect(throws: ContainerError.headerTooLarge(bytes: 1_048_608, limit: 1_048_576)) { try long.encoded() }
  }

  @Test(arguments: 0..<300) func `a random file comes back, whatever the order it was made in`(seed: UInt64) throws {
    var seeded = Seeded(seed)
    var arrays: [NamedArray] = []
    for index in 0..<Int.random(in: 0...6, using: &seeded) {
      let type = ElementType.allCases.randomElement(using: &seeded) ?? .u8
      let shape = (0..<Int.random(in: 0...3, using: &seeded)).map { _ in Int.random(in: 0...4, using: &seeded) }
      let highest: UInt8 = type == .bool ? 1 : 255
      let bytes = (0..<shape.reduce(type.width, *)).map { _ in UInt8.random(in: 0...highest, using: &seeded) }
      let letter = Unicode.Scalar(UInt32.random(in: 1...0xd7ff, using: &seeded)).map { String($0) } ?? ""
      arrays.append(try NamedArray("\(index)\(letter)", type, shape: shape, bytes: bytes))
    }
    let metadata = Dictionary(uniqueKeysWithValues: arrays.map { ("key \($0.name)", $0.name) })
    let file = try ArrayFile(arrays, metadata: metadata)
    let bytes = try file.encoded()
    #expect(try ArrayFile(decoding: bytes) == file, "seed \(seed)")
    #expect(try ArrayFile(arrays.shuffled(using: &seeded), metadata: metadata).encoded() == bytes, "seed \(seed)")

    // Every array starts at a multiple of its width.
    var start = 8 + bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    for array in file.arrays {
      #expect(start % array.elementType.width == 0, "seed \(seed)")
      start += array.bytes.count
    }

    // No proper prefix is a file.
    for count in bytes.indices.shuffled(using: &seeded).prefix(20) {
      #expect(rejection(Array(bytes[..<count])) != nil, "seed \(seed), \(count) bytes")
    }
  }
}
