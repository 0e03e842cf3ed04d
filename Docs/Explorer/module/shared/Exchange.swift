// How a page and this module exchange data: integers come in through one buffer; JSON and binary64 numbers go out through
// two. A module has one caller and one thread, so all of this is global.

/// What the page asks, as 32-bit integers; it writes them at the address that `room` answers.
nonisolated(unsafe) private var given: [Int32] = []
/// The answer: one JSON object.
nonisolated(unsafe) private var written: [UInt8] = []
/// The numbers that the object points into.
nonisolated(unsafe) private var computed: [Double] = []

/// Makes room for so many integers and answers its address.
@_expose(wasm, "room")
@_cdecl("room")
public func room(_ count: Int32) -> Int32 {
  given = [Int32](repeating: 0, count: Int(count))
  return given.withUnsafeBufferPointer { Int32(Int(bitPattern: $0.baseAddress)) }
}

/// The address of the JSON that the last call answered; the call's own result is its length in bytes.
@_expose(wasm, "text")
@_cdecl("text")
public func textAddress() -> Int32 { written.withUnsafeBufferPointer { Int32(Int(bitPattern: $0.baseAddress)) } }

/// The address of the numbers of the last answer.
@_expose(wasm, "numbers")
@_cdecl("numbers")
public func numbersAddress() -> Int32 {
  computed.withUnsafeBufferPointer { Int32(Int(bitPattern: $0.baseAddress)) }
}

/// The number of those numbers.
@_expose(wasm, "numberCount")
@_cdecl("numberCount")
public func numberCount() -> Int32 { Int32(computed.count) }

/// What the page wrote, in order.
struct Given {
  private var place = 0

  /// The next integer; 0 if there is none.
  @inline(never)
  mutating func next() -> Int {
    guard place < given.count else { return 0 }
    place += 1
    return Int(given[place - 1])
  }

  /// All that are left.
  var others: [Int] { given[place...].map { Int($0) } }

  /// Those that are left, the lower two bytes of each a bf16 number.
  var narrow: [Double] {
    given[place...].map { Double(Float(bitPattern: UInt32(truncatingIfNeeded: $0) << 16)) }
  }
}

/// The object being written.
struct JSON {
  private var needsComma = false

  /// Answers an object; a fault becomes `{"fault": …}`.
  static func answer(_ write: (inout JSON) throws(Fault) -> Void) -> Int32 {
    (written, computed) = ([], [])
    var json = JSON()
    json.open(123)
    do {
      try write(&json)
    } catch {
      (written, computed) = ([], [])
      json = JSON()
      json.open(123)
      json.string("fault", error.description)
    }
    json.close(125)
    return Int32(written.count)
  }

  private mutating func open(_ bracket: UInt8) {
    written.append(bracket)
    needsComma = false
  }

  private mutating func close(_ bracket: UInt8) {
    written.append(bracket)
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { written.append(44) }
    needsComma = true
  }

  private mutating func name(_ name: String) {
    separate()
    quote(name)
    written.append(58)
    needsComma = false
  }

  private mutating func quote(_ words: String) {
    written.append(34)
    for byte in words.utf8 {
      if byte == 34 || byte == 92 { written.append(92) }
      written.append(byte)
    }
    written.append(34)
  }

  private mutating func digits(_ number: Int) {
    if number < 0 { written.append(45) }
    if number.magnitude >= 10 { digits(Int(number.magnitude / 10)) }
    written.append(UInt8(48 + number.magnitude % 10))
  }

  /// An element of a list.
  mutating func integer(_ number: Int) {
    separate()
    digits(number)
  }

  /// An element of a list.
  mutating func string(_ words: String) {
    separate()
    quote(words)
  }

  /// A list as an element of a list.
  mutating func list<Failure: Error>(_ write: (inout JSON) throws(Failure) -> Void) throws(Failure) {
    separate()
    open(91)
    try write(&self)
    close(93)
  }

  /// A list of integers as an element of a list.
  mutating func integers(_ values: [Int]) {
    list { for value in values { $0.integer(value) } }
  }

  mutating func integer(_ name: String, _ number: Int) {
    self.name(name)
    integer(number)
  }

  mutating func string(_ name: String, _ words: String) {
    self.name(name)
    string(words)
  }

  mutating func list<Failure: Error>(
    _ name: String, _ write: (inout JSON) throws(Failure) -> Void
  ) throws(Failure) {
    self.name(name)
    try list(write)
  }

  mutating func integers(_ name: String, _ values: [Int]) {
    self.name(name)
    integers(values)
  }

  /// A string of ASCII characters, one for each value.
  mutating func characters(_ name: String, _ values: some Sequence<UInt8>) {
    self.name(name)
    separate()
    written.append(34)
    written += values
    written.append(34)
  }

  /// Numbers that the page reads as they are; written is where they begin.
  mutating func numbers(_ values: [Double]) {
    integer(computed.count)
    computed += values
  }
}
