// The WebAssembly build's way to write, a byte at a time through the host.

@_extern(wasm, module: "host", name: "put")
@_extern(c)
func hostPut(_ byte: Int32)

/// Writes a line.
func write(_ line: String) {
  for byte in line.utf8 { hostPut(Int32(byte)) }
  hostPut(10)
}
