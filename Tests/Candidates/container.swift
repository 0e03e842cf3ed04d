// The Swift side of check_container.py, compiled with Sources/LoMAVectors into one program.
//
//   container write FOLDER   writes sample files with our writer
//   container show FILE …    prints what our reader sees, one line per item, for comparison
//   container sha FILE …     prints digests

import Foundation

@main
struct ContainerCheck {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst(2))
    switch CommandLine.arguments[1] {
    case "write": try write(arguments[0])
    case "show": for path in arguments { try show(path) }
    case "sha": for path in arguments { print(SHA256.hexDigest(of: try Files.contents(of: path, byteLimit: 1 << 30))) }
    default: exit(2)
    }
  }

  /// Files of all sizes: none, one array of each type, many arrays with odd names, values at the formats' edges.
  static func write(_ folder: String) throws {
    try ArrayFile([], metadata: [:]).write(to: folder + "/none.safetensors")
    var state: UInt64 = 1
    func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 33
    }
    let shapes = [[], [1], [0], [3, 0, 2], [5], [2, 3], [1, 2, 3, 4]]
    var all: [NamedArray] = []
    for type in ElementType.allCases {
      var arrays: [NamedArray] = []
      for shape in shapes {
        let count = shape.reduce(type.width, *)
        let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: type == .bool ? next() & 1 : next()) }
        arrays.append(try NamedArray("\(type.rawValue) \(shape)", type, shape: shape, bytes: bytes))
      }
      all += arrays
      try ArrayFile(arrays, metadata: ["type": type.rawValue]).write(to: "\(folder)/\(type.rawValue).safetensors")
    }
    for name in ["quote\" \\ / \u{8}\u{c}\n\r\t\u{1}\u{7f}", "é", "😀", "model.layers.0.weight"] {
      all.append(try NamedArray(name, .u8, shape: [1], integers: [1]))
    }
    let metadata = ["format": "pt", "ключ \"": "a\n\u{1}😀", "": ""]
    try ArrayFile(all, metadata: metadata).write(to: folder + "/all.safetensors")

    // The same values narrowed by us; the script narrows them with NumPy.
    let values = (0..<20_000).map { index in
      let exponent = [-320, -150, -140, -130, -26, -24, -16, -14, -1, 0, 1, 14, 15, 126, 127, 128][index % 16]
      let sign: FloatingPointSign = next() & 1 == 0 ? .plus : .minus
      let tie = index % 3 == 0 ? 0 : Double(next()) * 0x1p-60
      return Double(sign: sign, exponent: exponent, significand: 1 + Double(next() & 0xfff) * 0x1p-12 + tie)
    }
    let narrowed = try [ElementType.f64, .f32, .f16, .bf16].map {
      try NamedArray($0.rawValue, $0, shape: [values.count], doubles: values)
    }
    try ArrayFile(narrowed, metadata: [:]).write(to: folder + "/narrowed.safetensors")
  }

  /// Through both readers, which must agree; names and metadata as UTF-8 in hexadecimal.
  static func show(_ path: String) throws {
    let file = try ArrayFile(contentsOf: path, byteLimit: 1 << 30)
    let mapped = try MappedArrayFile(contentsOf: path)
    guard mapped.header.metadata == file.metadata, mapped.header.entries.count == file.arrays.count else { exit(3) }
    print("file")
    for (key, value) in file.metadata { print("metadata", hex(Array(key.utf8)), hex(Array(value.utf8))) }
    for array in file.arrays {
      guard try mapped.array(array.name) == array else { exit(3) }
      let shape = array.shape.map(String.init).joined(separator: ",")
      print("array", hex(Array(array.name.utf8)), array.elementType.rawValue, "[\(shape)]", hex(array.bytes))
    }
  }

  static func hex(_ bytes: [UInt8]) -> String {
    "x" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
