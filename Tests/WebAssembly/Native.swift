// The native build's way to write.

/// Writes a line.
func write(_ line: String) { print(line) }
