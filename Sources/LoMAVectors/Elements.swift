// Conversion of elements between bytes (little-endian, at any alignment) and Swift's values, and between their types.

/// Elements of arrays, many at once.
package enum Elements {
  /// The values of floating-point elements of any type, exactly.
  static func doubles(_ bytes: UnsafeRawBufferPointer, _ type: ElementType) -> [Double] {
    switch type {
    case .f64: load(bytes, UInt64.self) { Double(bitPattern: $0) }
    case .f32: load(bytes, UInt32.self) { Double(Float(bitPattern: $0)) }
    // The upper half of a binary32: the processor widens those several at once, with the bits of NarrowFloat.
    case .bf16: load(bytes, UInt16.self) { Double(Float(bitPattern: UInt32($0) << 16)) }
    case .f16: load(bytes, UInt16.self) { NarrowFloat.float16.widened($0) }
    case .i64, .i32, .u8, .bool: []
    }
  }

  /// The bytes of values rounded once to a floating-point type: to nearest, ties to even.
  static func bytes(_ values: [Double], _ type: ElementType) -> [UInt8] {
    switch type {
    case .f64: store(values) { $0.bitPattern }
    case .f32: store(values) { Float($0).bitPattern }
    case .bf16: store(values) { NarrowFloat.bfloat16.narrowed($0) }
    case .f16: store(values) { NarrowFloat.float16.narrowed($0) }
    case .i64, .i32, .u8, .bool: []
    }
  }

  /// Values rounded once to a type: to nearest, ties to even; a type that is no floating-point type keeps them.
  package static func rounded(_ values: [Double], _ type: ElementType) -> [Double] {
    switch type {
    case .f32: values.map { Double(Float($0)) }
    case .bf16: NarrowFloat.bfloat16.rounded(values)
    case .f16: NarrowFloat.float16.rounded(values)
    case .f64, .i64, .i32, .u8, .bool: values
    }
  }

  /// The place of the first infinite or NaN value; nil if all are finite.
  ///
  /// Without a branch, since every weight of every pass is checked here.
  package static func firstNonFinite(_ values: [Double]) -> Int? {
    let infinity = Double.infinity.bitPattern
    var odd: UInt64 = 0
    for value in values { odd |= value.bitPattern & infinity == infinity ? 1 : 0 }
    return odd == 0 ? nil : values.firstIndex { !$0.isFinite }
  }

  /// The values of integer elements.
  static func integers(_ bytes: UnsafeRawBufferPointer, _ type: ElementType) -> [Int] {
    switch type {
    case .i64: load(bytes, UInt64.self) { Int(Int64(bitPattern: $0)) }
    case .i32: load(bytes, UInt32.self) { Int(Int32(bitPattern: $0)) }
    case .u8: load(bytes, UInt8.self) { Int($0) }
    case .f64, .f32, .bf16, .f16, .bool: []
    }
  }

  /// The bytes of integers that the type can hold.
  static func bytes(_ values: [Int], _ type: ElementType) -> [UInt8] {
    switch type {
    case .i64: store(values) { Int64($0) }
    case .i32: store(values) { Int32($0) }
    case .u8: store(values) { UInt8($0) }
    case .f64, .f32, .bf16, .f16, .bool: []
    }
  }

  /// Whether a value is in the range of an integer type.
  static func holds(_ type: ElementType, _ value: Int) -> Bool {
    switch type {
    case .i64: Int64(exactly: value) != nil
    case .i32: Int32(exactly: value) != nil
    case .u8: UInt8(exactly: value) != nil
    case .f64, .f32, .bf16, .f16, .bool: false
    }
  }

  /// Checks that every BOOL is 0 or 1; throws for the first other byte.
  static func checkBooleans(_ bytes: [UInt8], name: String) throws(ContainerError) {
    for index in bytes.indices where bytes[index] > 1 {
      throw .invalidBoolean(bytes[index], index: index, name: name)
    }
  }

  private static func load<Raw: FixedWidthInteger, Value>(
    _ bytes: UnsafeRawBufferPointer, _: Raw.Type, _ value: (Raw) -> Value
  ) -> [Value] {
    let width = MemoryLayout<Raw>.size
    return [Value](unsafeUninitializedCapacity: bytes.count / width) { elements, count in
      count = bytes.count / width
      for i in 0..<count {
        let raw = bytes.loadUnaligned(fromByteOffset: i * width, as: Raw.self)
        elements.initializeElement(at: i, to: value(Raw(littleEndian: raw)))
      }
    }
  }

  private static func store<Value, Raw: FixedWidthInteger>(_ values: [Value], _ raw: (Value) -> Raw) -> [UInt8] {
    let width = MemoryLayout<Raw>.size
    return [UInt8](unsafeUninitializedCapacity: values.count * width) { bytes, count in
      count = values.count * width
      let bytes = UnsafeMutableRawBufferPointer(bytes)
      for (i, value) in values.enumerated() {
        bytes.storeBytes(of: raw(value).littleEndian, toByteOffset: i * width, as: Raw.self)
      }
    }
  }
}
