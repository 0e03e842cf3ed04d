// One array of a container: name, element type, shape and bytes.

/// A named array in row-major order.
public struct NamedArray: Equatable, Sendable {
  /// The name; neither empty nor `__metadata__`.
  public let name: String
  /// The type of the elements.
  public let elementType: ElementType
  /// The dimensions, outermost first; empty for a scalar.
  public let shape: [Int]
  /// The elements in row-major order, little-endian: shape × width bytes.
  public let bytes: [UInt8]

  /// An array whose elements are given as bytes.
  ///
  /// Throws `ContainerError` if the name is not allowed, the bytes are not shape × width, or a BOOL is not 0 or 1.
  public init(
    _ name: String, _ elementType: ElementType, shape: [Int], bytes: [UInt8]
  ) throws(ContainerError) {
    if name.isEmpty { throw .emptyName }
    if name == Container.metadataKey { throw .reservedName }
    let size = try Container.byteCount(elementType, shape, name: name)
    if bytes.count != size { throw .sizeMismatch(expected: size, found: bytes.count, name: name) }
    if elementType == .bool { try Elements.checkBooleans(bytes, name: name) }
    self.name = name
    self.elementType = elementType
    self.shape = shape
    self.bytes = bytes
  }

  /// An array of `values`, each rounded once to a floating-point type (to nearest, ties to even, overflow to infinity).
  public init(
    _ name: String, _ elementType: ElementType, shape: [Int], doubles values: [Double]
  ) throws(ContainerError) {
    try Self.check(name, elementType, shape, kind: .floating, count: values.count)
    try self.init(name, elementType, shape: shape, bytes: Elements.bytes(values, elementType))
  }

  /// An array of `values` of an integer type; throws `integerOutOfRange` for a value that the type cannot hold.
  public init(
    _ name: String, _ elementType: ElementType, shape: [Int], integers values: [Int]
  ) throws(ContainerError) {
    try Self.check(name, elementType, shape, kind: .integer, count: values.count)
    for (index, value) in values.enumerated() where !Elements.holds(elementType, value) {
      throw .integerOutOfRange(value, elementType, index: index, name: name)
    }
    try self.init(name, elementType, shape: shape, bytes: Elements.bytes(values, elementType))
  }

  /// An array of `values` of type BOOL.
  public init(_ name: String, shape: [Int], booleans values: [Bool]) throws(ContainerError) {
    try Self.check(name, .bool, shape, kind: .boolean, count: values.count)
    try self.init(name, .bool, shape: shape, bytes: values.map { $0 ? 1 : 0 })
  }

  /// The elements of a floating-point array, exactly; throws `wrongKind` for another type.
  public func doubles() throws(ContainerError) -> [Double] {
    try Self.check(elementType, kind: .floating, name: name)
    return bytes.withUnsafeBytes { Elements.doubles($0, elementType) }
  }

  /// The elements of an integer array; throws `wrongKind` for another type.
  public func integers() throws(ContainerError) -> [Int] {
    try Self.check(elementType, kind: .integer, name: name)
    return bytes.withUnsafeBytes { Elements.integers($0, elementType) }
  }

  /// The elements of a BOOL array; throws `wrongKind` for another type.
  public func booleans() throws(ContainerError) -> [Bool] {
    try Self.check(elementType, kind: .boolean, name: name)
    return bytes.map { $0 == 1 }
  }

  static func check(_ type: ElementType, kind: ElementType.Kind, name: String) throws(ContainerError) {
    if type.kind != kind { throw .wrongKind(type, asked: kind, name: name) }
  }

  private static func check(
    _ name: String, _ type: ElementType, _ shape: [Int], kind: ElementType.Kind, count: Int
  ) throws(ContainerError) {
    try check(type, kind: kind, name: name)
    let expected = try Container.byteCount(type, shape, name: name) / type.width
    if count != expected { throw .countMismatch(expected: expected, found: count, name: name) }
  }
}
