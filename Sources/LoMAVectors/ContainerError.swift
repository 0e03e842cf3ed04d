// Why bytes are not a valid container, or values not a valid array.

/// Why a container or an array is rejected. Names are array names; counts and offsets are in bytes unless said
/// otherwise, offsets from the start of the data.
public enum ContainerError: Error, Equatable, Sendable {
  /// The file cannot be opened, read or written.
  case file(FileError)

  // The frame.
  /// The file is shorter than the 8 bytes of the header's length.
  case noHeaderLength(fileBytes: Int)
  /// The header is longer than `Container.headerLimit`.
  case headerTooLarge(bytes: UInt64, limit: Int)
  /// The header runs beyond the file.
  case headerBeyondFile(headerBytes: Int, fileBytes: Int)
  /// The header does not start with `{`.
  case headerStart(UInt8)
  /// The header is not strict JSON, has a key twice or is nested too deep.
  case header(JSONError)

  // Names and counts.
  /// More arrays than `Container.arrayLimit`.
  case tooManyArrays(count: Int, limit: Int)
  /// An array has an empty name.
  case emptyName
  /// An array has the name `__metadata__`.
  case reservedName
  /// Two arrays have one name (the same characters, or canonically equivalent ones).
  case duplicateName(String)
  /// There is no array with this name.
  case noSuchArray(String)
  /// `__metadata__` is not an object.
  case metadataNotObject
  /// A value of `__metadata__` is not a string.
  case metadataNotString(key: String)

  // An entry of the header.
  /// The entry is not an object.
  case entryNotObject(name: String)
  /// The entry has a key other than dtype, shape and data_offsets.
  case unknownKey(String, name: String)
  /// The entry lacks one of dtype, shape, data_offsets.
  case missingKey(String, name: String)
  /// The value of a key has the wrong type: dtype must be a string, shape an array of integers, data_offsets a pair of
  /// them.
  case wrongValue(key: String, name: String)
  /// An element type the container does not know.
  case unknownElementType(String, name: String)
  /// A negative number in a shape or in offsets.
  case negativeNumber(Int, key: String, name: String)
  /// More dimensions than `Container.dimensionLimit`.
  case tooManyDimensions(count: Int, limit: Int, name: String)
  /// Shape × width does not fit an `Int`.
  case sizeOverflow(name: String)
  /// The end of the data lies before its start.
  case reversedOffsets(begin: Int, end: Int, name: String)
  /// The bytes are not shape × width.
  case sizeMismatch(expected: Int, found: Int, name: String)

  // The layout of the data.
  /// No array owns the bytes just before this one.
  case gap(expected: Int, found: Int, name: String)
  /// The array starts inside its predecessor.
  case overlap(expected: Int, found: Int, name: String)
  /// The array ends beyond the file.
  case truncated(end: Int, dataBytes: Int, name: String)
  /// Bytes follow the last array.
  case trailingBytes(end: Int, dataBytes: Int)

  // Elements.
  /// A byte of a BOOL array is neither 0 nor 1.
  case invalidBoolean(UInt8, index: Int, name: String)
  /// The elements of this type are not read or given as values of that kind.
  case wrongKind(ElementType, asked: ElementType.Kind, name: String)
  /// An integer that the element type cannot hold.
  case integerOutOfRange(Int, ElementType, index: Int, name: String)
  /// The number of values differs from the product of the shape.
  case countMismatch(expected: Int, found: Int, name: String)
  /// Rows outside the first dimension; `rows` is 0 for a scalar.
  case rowsOutOfRange(Range<Int>, rows: Int, name: String)
}

extension ContainerError: CustomStringConvertible {
  /// The reason on one line, as a person reads it.
  public var description: String {
    switch self {
    case .file(let error): error.description
    case .noHeaderLength(let bytes): "file of \(bytes) bytes ends inside the 8 bytes of its header's length"
    case .headerTooLarge(let bytes, let limit): "header of \(bytes) bytes, the limit is \(limit)"
    case .headerBeyondFile(let header, let file): "header of \(header) bytes in a file of \(file)"
    case .headerStart(let byte): "header starts with \(hexadecimal(byte)), not {"
    case .header(let error): "header: \(error)"
    case .tooManyArrays(let count, let limit): "\(count) arrays, the limit is \(limit)"
    case .emptyName: "an array has an empty name"
    case .reservedName: "an array is called __metadata__"
    case .duplicateName(let name): "two arrays are called \(shortened(name))"
    case .noSuchArray(let name): "no array is called \(shortened(name))"
    case .metadataNotObject: "__metadata__ is not an object"
    case .metadataNotString(let key): "__metadata__: the value of \(shortened(key)) is not a string"
    case .entryNotObject(let name): "\(shortened(name)): the entry is not an object"
    case .unknownKey(let key, let name): "\(shortened(name)): unknown key \(shortened(key))"
    case .missingKey(let key, let name): "\(shortened(name)): no \(key)"
    case .wrongValue(let key, let name): "\(shortened(name)): the value of \(key) is of the wrong kind"
    case .unknownElementType(let type, let name): "\(shortened(name)): unknown dtype \(shortened(type))"
    case .negativeNumber(let number, let key, let name): "\(shortened(name)): negative number \(number) in \(key)"
    case .tooManyDimensions(let count, let limit, let name):
      "\(shortened(name)): \(count) dimensions, the limit is \(limit)"
    case .sizeOverflow(let name): "\(shortened(name)): the shape's size overflows"
    case .reversedOffsets(let begin, let end, let name): "\(shortened(name)): data from \(begin) back to \(end)"
    case .sizeMismatch(let expected, let found, let name):
      "\(shortened(name)): \(found) bytes of data, shape and dtype need \(expected)"
    case .gap(let expected, let found, let name):
      "\(shortened(name)): data starts at \(found), a gap behind the data that ends at \(expected)"
    case .overlap(let expected, let found, let name):
      "\(shortened(name)): data starts at \(found), inside the data that ends at \(expected)"
    case .truncated(let end, let bytes, let name):
      "\(shortened(name)): data ends at \(end), the file has \(bytes) bytes of data"
    case .trailingBytes(let end, let bytes): "data ends at \(end), the file has \(bytes) bytes of data"
    case .invalidBoolean(let byte, let index, let name):
      "\(shortened(name)): element \(index) is \(hexadecimal(byte)), a BOOL is 0 or 1"
    case .wrongKind(let type, let asked, let name):
      "\(shortened(name)): \(type.rawValue) elements are not of kind \(asked.rawValue)"
    case .integerOutOfRange(let value, let type, let index, let name):
      "\(shortened(name)): element \(index) is \(value), out of range for \(type.rawValue)"
    case .countMismatch(let expected, let found, let name):
      "\(shortened(name)): \(found) values for a shape of \(expected) elements"
    case .rowsOutOfRange(let range, let rows, let name):
      "\(shortened(name)): rows \(range.lowerBound)..<\(range.upperBound) of \(rows)"
    }
  }
}
