// The header of a container and its checks, for untrusted files.
//
// A file is 8 bytes of header length (little-endian), the header (JSON, padded with white space), the data. The header
// maps names to {"dtype", "shape", "data_offsets": [begin, end)} and may map `__metadata__` to an object of strings.

/// The limits of a container; a file beyond them is neither read nor written.
public enum Container {
  /// The most bytes of a header, 1 MiB. The shards of a 7-billion-parameter checkpoint need about 40 KB.
  public static let headerLimit = 1 << 20
  /// The most arrays in a file.
  public static let arrayLimit = 8192
  /// The most dimensions of an array.
  public static let dimensionLimit = 8

  static let metadataKey = "__metadata__"

  /// The number of bytes of an array: width × the product of the shape. The product is taken from the left; an overflow
  /// is an error even if a later dimension is 0. An empty shape is a scalar.
  static func byteCount(_ type: ElementType, _ shape: [Int], name: String) throws(ContainerError) -> Int {
    if shape.count > dimensionLimit {
      throw .tooManyDimensions(count: shape.count, limit: dimensionLimit, name: name)
    }
    var count = type.width
    for size in shape {
      if size < 0 { throw .negativeNumber(size, key: "shape", name: name) }
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      if overflow { throw .sizeOverflow(name: name) }
      count = product
    }
    return count
  }
}

/// The header of a container, checked.
public struct ContainerHeader: Equatable, Sendable {
  /// The header's entry for one array.
  public struct Entry: Equatable, Sendable {
    /// The array's name, not empty.
    public let name: String
    /// The type of the array's elements.
    public let elementType: ElementType
    /// The array's dimensions; empty for a scalar.
    public let shape: [Int]
    /// The byte range of the array, counted from the start of the data.
    public let bytes: Range<Int>
  }

  /// The entries in the order of their data; they cover the data without gap or overlap.
  public let entries: [Entry]
  /// The strings of `__metadata__`; empty if there is none.
  public let metadata: [String: String]

  /// The length of the header, read from `start`, the first 8 bytes or more of a file of `fileBytes` bytes.
  static func length(_ start: some Collection<UInt8>, fileBytes: Int) throws(ContainerError) -> Int {
    if start.count < 8 { throw .noHeaderLength(fileBytes: fileBytes) }
    let length = start.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    if length > Container.headerLimit { throw .headerTooLarge(bytes: length, limit: Container.headerLimit) }
    let bytes = Int(length)
    if bytes > fileBytes - 8 { throw .headerBeyondFile(headerBytes: bytes, fileBytes: fileBytes) }
    return bytes
  }

  /// Reads and checks a header that is followed by `dataBytes` bytes of data.
  public init(_ text: [UInt8], dataBytes: Int) throws(ContainerError) {
    if let first = text.first, first != UInt8(ascii: "{") { throw .headerStart(first) }
    let value: JSONValue
    do {
      // Three levels: the header, an entry, a shape.
      value = try StrictJSON.parse(text, sizeLimit: Container.headerLimit, depthLimit: 3)
    } catch {
      throw .header(error)
    }
    var entries: [Entry] = []
    var metadata: [String: String] = [:]
    for member in value.objectValue?.members ?? [] {
      if member.key == Container.metadataKey {
        metadata = try Self.metadata(member.value)
      } else {
        entries.append(try Self.entry(member.key, member.value))
      }
    }
    if entries.count > Container.arrayLimit {
      throw .tooManyArrays(count: entries.count, limit: Container.arrayLimit)
    }
    entries.sort { ($0.bytes.lowerBound, $0.bytes.upperBound) < ($1.bytes.lowerBound, $1.bytes.upperBound) }
    try Self.checkLayout(entries, dataBytes: dataBytes)
    self.entries = entries
    self.metadata = metadata
  }

  /// Checks that every byte of the data belongs to exactly one entry; the entries are sorted by their data.
  private static func checkLayout(_ entries: [Entry], dataBytes: Int) throws(ContainerError) {
    var end = 0
    for entry in entries {
      let begin = entry.bytes.lowerBound
      if begin > end { throw .gap(expected: end, found: begin, name: entry.name) }
      if begin < end { throw .overlap(expected: end, found: begin, name: entry.name) }
      end = entry.bytes.upperBound
      if end > dataBytes { throw .truncated(end: end, dataBytes: dataBytes, name: entry.name) }
    }
    if end < dataBytes { throw .trailingBytes(end: end, dataBytes: dataBytes) }
  }

  private static func metadata(_ value: JSONValue) throws(ContainerError) -> [String: String] {
    guard let object = value.objectValue else { throw .metadataNotObject }
    var metadata: [String: String] = [:]
    for member in object.members {
      guard let text = member.value.stringValue else { throw .metadataNotString(key: member.key) }
      metadata[member.key] = text
    }
    return metadata
  }

  private static func entry(_ name: String, _ value: JSONValue) throws(ContainerError) -> Entry {
    if name.isEmpty { throw .emptyName }
    guard let object = value.objectValue else { throw .entryNotObject(name: name) }
    for member in object.members where !["dtype", "shape", "data_offsets"].contains(member.key) {
      throw .unknownKey(member.key, name: name)
    }
    guard let dtype = object["dtype"] else { throw .missingKey("dtype", name: name) }
    guard let typeName = dtype.stringValue else { throw .wrongValue(key: "dtype", name: name) }
    guard let type = ElementType(rawValue: typeName) else { throw .unknownElementType(typeName, name: name) }
    let shape = try integers("shape", of: object, name: name)
    let size = try Container.byteCount(type, shape, name: name)
    let offsets = try integers("data_offsets", of: object, name: name)
    if offsets.count != 2 { throw .wrongValue(key: "data_offsets", name: name) }
    let (begin, end) = (offsets[0], offsets[1])
    if begin > end { throw .reversedOffsets(begin: begin, end: end, name: name) }
    if end - begin != size { throw .sizeMismatch(expected: size, found: end - begin, name: name) }
    return Entry(name: name, elementType: type, shape: shape, bytes: begin..<end)
  }

  private static func integers(_ key: String, of entry: JSONObject, name: String) throws(ContainerError) -> [Int] {
    guard let value = entry[key] else { throw .missingKey(key, name: name) }
    guard let elements = value.arrayValue else { throw .wrongValue(key: key, name: name) }
    var integers: [Int] = []
    for element in elements {
      guard let integer = element.integerValue else { throw .wrongValue(key: key, name: name) }
      if integer < 0 { throw .negativeNumber(integer, key: key, name: name) }
      integers.append(integer)
    }
    return integers
  }
}
