// Patterns that ids are asked for with.

/// A pattern: `*` is any text, `?` one byte.
public struct Glob: Hashable, Sendable {
  private let pattern: [UInt8]

  /// A pattern as it is typed.
  public init(_ pattern: String) { self.pattern = Array(pattern.utf8) }

  /// A pattern given as bytes, which need not be UTF-8.
  public init(_ pattern: [UInt8]) { self.pattern = pattern }

  /// Whether a whole text is of this pattern.
  public func matches(_ text: String) -> Bool {
    var (text, pattern) = (Array(text.utf8)[...], pattern[...])
    // The last star takes as much as is needed.
    var retry: (text: ArraySlice<UInt8>, pattern: ArraySlice<UInt8>)?
    while !text.isEmpty || !pattern.isEmpty {
      if pattern.first == UInt8(ascii: "*") {
        pattern.removeFirst()
        retry = (text, pattern)
      } else if let wanted = pattern.first, let character = text.first,
        wanted == UInt8(ascii: "?") || wanted == character
      {
        pattern.removeFirst()
        text.removeFirst()
      } else if let last = retry, !last.text.isEmpty {
        retry = (last.text.dropFirst(), last.pattern)
        text = last.text.dropFirst()
        pattern = last.pattern
      } else {
        return false
      }
    }
    return true
  }
}
