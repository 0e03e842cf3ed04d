// Patterns that select ids.

/// A pattern: `*` matches any text, `?` one byte.
public struct Glob: Hashable, Sendable {
  private let pattern: [UInt8]

  /// A pattern as a person types it.
  public init(_ pattern: String) { self.pattern = Array(pattern.utf8) }

  /// A pattern of bytes, which need not be UTF-8.
  public init(_ pattern: [UInt8]) { self.pattern = pattern }

  /// Whether the pattern matches the whole text.
  public func matches(_ text: String) -> Bool {
    var (text, pattern) = (Array(text.utf8)[...], pattern[...])
    // Where to go on if the rest does not match: the last star then takes one byte more.
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
