// A container in memory: arrays and metadata, to and from bytes.
//
// Equal content gives equal bytes. Data and header run by element type in the order of `ElementType` (widest first), then
// by name (by its UTF-8); metadata runs by key. The header is padded with spaces to a multiple of 8 bytes, so that every
// array is aligned to its width. The official writer does the same, except that it leaves metadata unordered.

/// The arrays and the metadata of one file.
public struct ArrayFile: Equatable, Sendable {
  /// The arrays in file order: by element type, then by name.
  public let arrays: [NamedArray]
  /// The strings of `__metadata__`.
  public let metadata: [String: String]

  /// A file of the given arrays and metadata; the order of `arrays` does not matter.
  ///
  /// Throws `duplicateName` or `tooManyArrays`.
  public init(_ arrays: [NamedArray], metadata: [String: String]) throws(ContainerError) {
    if arrays.count > Container.arrayLimit {
      throw .tooManyArrays(count: arrays.count, limit: Container.arrayLimit)
    }
    var names: Set<String> = []
    for array in arrays where !names.insert(array.name).inserted { throw .duplicateName(array.name) }
    self.arrays = ElementType.allCases.flatMap { type in
      arrays.filter { $0.elementType == type }.sorted { precedes($0.name, $1.name) }
    }
    self.metadata = metadata
  }

  /// The array with a name; nil if there is none.
  public subscript(name: String) -> NamedArray? {
    arrays.first { $0.name == name }
  }

  /// The array with a name; throws `noSuchArray` if there is none.
  public func array(_ name: String) throws(ContainerError) -> NamedArray {
    guard let array = self[name] else { throw .noSuchArray(name) }
    return array
  }

  /// Reads the bytes of an untrusted file.
  public init(decoding file: [UInt8]) throws(ContainerError) {
    let length = try ContainerHeader.length(file, fileBytes: file.count)
    let start = 8 + length
    let header = try ContainerHeader(Array(file[8..<start]), dataBytes: file.count - start)
    var arrays: [NamedArray] = []
    for entry in header.entries {
      let bytes = file[start + entry.bytes.lowerBound..<start + entry.bytes.upperBound]
      arrays.append(try NamedArray(entry.name, entry.elementType, shape: entry.shape, bytes: Array(bytes)))
    }
    try self.init(arrays, metadata: header.metadata)
  }

  /// The file as bytes; throws `headerTooLarge`.
  public func encoded() throws(ContainerError) -> [UInt8] {
    var file = try Self.start(arrays.map { ($0.name, $0.elementType, $0.shape, $0.bytes.count) }, metadata: metadata)
    file.reserveCapacity(file.count + arrays.reduce(0) { $0 + $1.bytes.count })
    for array in arrays { file += array.bytes }
    return file
  }

  /// The bytes of a file before its data: the header's length and the padded header of arrays in this order.
  ///
  /// Throws `headerTooLarge`.
  static func start(
    _ arrays: [(name: String, elementType: ElementType, shape: [Int], byteCount: Int)], metadata: [String: String]
  ) throws(ContainerError) -> [UInt8] {
    var header = encodedHeader(arrays, metadata: metadata)
    header += [UInt8](repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
    if header.count > Container.headerLimit {
      throw .headerTooLarge(bytes: UInt64(header.count), limit: Container.headerLimit)
    }
    return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header
  }

  private static func encodedHeader(
    _ arrays: [(name: String, elementType: ElementType, shape: [Int], byteCount: Int)], metadata: [String: String]
  ) -> [UInt8] {
    var members: [[UInt8]] = []
    if !metadata.isEmpty {
      let strings = metadata.sorted { precedes($0.key, $1.key) }
        .map { JSONText.quoted($0.key) + Array(":".utf8) + JSONText.quoted($0.value) }
        .joined(separator: ",".utf8)
      members.append(Array("\"\(Container.metadataKey)\":{".utf8) + strings + Array("}".utf8))
    }
    var begin = 0
    for array in arrays {
      let end = begin + array.byteCount
      let shape = array.shape.map(String.init).joined(separator: ",")
      let entry = #"{"dtype":"\#(array.elementType.rawValue)","shape":[\#(shape)],"data_offsets":[\#(begin),\#(end)]}"#
      members.append(JSONText.quoted(array.name) + Array(":\(entry)".utf8))
      begin = end
    }
    return Array("{".utf8) + members.joined(separator: ",".utf8) + Array("}".utf8)
  }
}

/// Orders names by their UTF-8 bytes, not as Swift orders strings, so that programs in any language can do the same.
private func precedes(_ a: String, _ b: String) -> Bool {
  a.utf8.lexicographicallyPrecedes(b.utf8)
}
