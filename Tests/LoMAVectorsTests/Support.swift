// What the tests of the container share: seeded numbers, files made by hand, a folder of their own.

import Foundation
import LoMAVectors

/// SplitMix64, so that a failure can be repeated from its seed.
struct Seeded: RandomNumberGenerator {
  var state: UInt64

  init(_ seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}

/// A file with this header and that many zero bytes of data.
func file(_ header: String, data: Int = 0) -> [UInt8] {
  file(Array(header.utf8), data: [UInt8](repeating: 0, count: data))
}

func file(_ header: [UInt8], data: [UInt8]) -> [UInt8] {
  (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header + data
}

/// The error of reading a file, or nil.
func rejection(_ bytes: [UInt8]) -> ContainerError? {
  do {
    _ = try ArrayFile(decoding: bytes)
    return nil
  } catch {
    return error
  }
}

/// Runs a body with the path of a new folder that is removed afterwards.
func withFolder(_ body: (String) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("loma-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
  defer { try? FileManager.default.removeItem(at: folder) }
  try body(folder.path)
}

/// A file of every element type, with names that need escapes, a scalar, an empty array and metadata.
func sampleFile() throws -> ArrayFile {
  try ArrayFile(
    [
      NamedArray("u8", .u8, shape: [3], integers: [0, 7, 255]),
      NamedArray("bool", shape: [2, 2], booleans: [true, false, false, true]),
      NamedArray("i64", .i64, shape: [2], integers: [.min, .max]),
      NamedArray("i32", .i32, shape: [1, 2], integers: [-(1 << 31), 1 << 31 - 1]),
      NamedArray("f64", .f64, shape: [2, 2], doubles: [0.1, -0.0, .infinity, .leastNonzeroMagnitude]),
      NamedArray("f32", .f32, shape: [2], doubles: [0.1, -1e-45]),
      NamedArray("f16", .f16, shape: [3], doubles: [65504, 6e-8, -1.5]),
      NamedArray("bf16", .bf16, shape: [3], doubles: [3e38, 1e-40, -1.5]),
      NamedArray("scalar", .f64, shape: [], doubles: [1.25]),
      NamedArray("empty", .f32, shape: [0, 4], doubles: []),
      NamedArray("quote\" back\\slash\nline\u{1} é 😀", .u8, shape: [1], integers: [1]),
    ],
    metadata: ["format": "pt", "ключ": "a\tb", "": ""])
}
