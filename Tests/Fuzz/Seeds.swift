// Writes the fuzzer's seed corpus with our own writer: `seeds FOLDER`.
//
// Compiled in one module with Sources/LoMAVectors (see `run`); no part of the package.

/// One small file per element type, one with everything, and headers without a frame.
@main
struct Seeds {
  static func main() throws {
    let folder = CommandLine.arguments[1]
    var arrays: [NamedArray] = []
    for type in ElementType.allCases {
      let bytes = [UInt8](repeating: 1, count: 2 * type.width)
      let array = try NamedArray(type.rawValue, type, shape: [1, 2], bytes: bytes)
      arrays.append(array)
      try ArrayFile([array], metadata: [:]).write(to: "\(folder)/\(type.rawValue)")
    }
    arrays.append(try NamedArray("scalar \"\n\u{1}😀", .f32, shape: [], bytes: [0, 0, 128, 63]))
    arrays.append(try NamedArray("empty", .bool, shape: [3, 0], bytes: []))
    try ArrayFile(arrays, metadata: ["format": "pt", "": "\t"]).write(to: "\(folder)/all")
    try ArrayFile([], metadata: [:]).write(to: "\(folder)/none")
    let bare = [
      #"{"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}}"#,
      #"{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}"#,
      #"{"a":[null,true,false,-0,1.5e-3,"\ud83d\ude00\b\f\n\r\t\"\\\/"],"é":{}}"#,
    ]
    for (index, header) in bare.enumerated() {
      try Files.replace("\(folder)/bare-\(index)", with: Array(header.utf8) + [0])
    }
  }
}
