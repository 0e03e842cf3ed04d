// The fuzzer's entry: any bytes are either a file that comes back unchanged through our writer, or one typed error.
//
// Compiled in one module with Sources/LoMAVectors (see `run`); no part of the package.

/// Feeds one input to the strict JSON reader and to the container reader.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  do {
    let file = try ArrayFile(decoding: bytes)
    readEverything(file)
    comesBack(file)
  } catch {
    precondition(!error.description.isEmpty)
  }
  // The frame hides most of the header's length from the fuzzer, so the header is tried without it as well.
  let split = bytes.firstIndex(of: 0) ?? bytes.count
  do {
    let header = try ContainerHeader(Array(bytes[..<split]), dataBytes: bytes.count - split)
    precondition(header.entries.reduce(0) { $0 + $1.bytes.count } == bytes.count - split)
  } catch {
    precondition(!error.description.isEmpty)
  }
  if let value = try? StrictJSON.parse(bytes, sizeLimit: 4096, depthLimit: 16) { precondition(value == value) }
  return 0
}

/// Every element is read as what it is.
private func readEverything(_ file: ArrayFile) {
  for array in file.arrays {
    let expected = array.shape.reduce(1, *)
    switch array.elementType.kind {
    case .floating: precondition((try? array.doubles().count) == expected)
    case .integer: precondition((try? array.integers().count) == expected)
    case .boolean: precondition((try? array.booleans().count) == expected)
    }
  }
}

/// What was accepted is written, read again as the same, and written again as the same bytes; only a header that grows
/// beyond the limit through escapes is not.
private func comesBack(_ file: ArrayFile) {
  guard let written = try? file.encoded() else { return }
  guard let again = try? ArrayFile(decoding: written) else { preconditionFailure("our own file is rejected") }
  precondition(again == file)
  precondition((try? again.encoded()) == written)
}
