// RUN-20: a text that somebody else wrote, as it may stand in a message, on a terminal or in a page. One set of characters is
// in question everywhere: those that steer a terminal, end a line or turn the direction of writing. In HTML, SVG and XML a
// text stands through `Markup`, which escapes it; on a terminal through what is below. LoMA, which imports nothing, and the
// reference's replies, which are ASCII, write names in messages of their own (`escaped`).

extension String {
  /// A name as it may stand in a message: its control characters as escapes, and not a megabyte long.
  public var onOneLine: String { String(String.UnicodeScalarView(unicodeScalars.prefix(200))).whole }

  /// All of a text as one line: its control characters as escapes.
  public var whole: String {
    unicodeScalars.map { $0.isControl ? $0.escaped(asASCII: true) : String($0) }.joined()
  }

  /// A text as it may stand on a terminal on lines of its own: line feeds and tabs as they are, other control characters as
  /// escapes.
  public var onItsLines: String {
    unicodeScalars.map { $0.isControl && !$0.isLayout ? $0.escaped(asASCII: true) : String($0) }.joined()
  }

  /// A text as a page may show it: as `onItsLines`, but with U+FFFD for what is not shown.
  package var printable: String {
    unicodeScalars.map { scalar in
      let isShown = scalar.isLayout || !scalar.isControl && scalar != "\u{FFFE}" && scalar != "\u{FFFF}"
      return isShown ? String(scalar) : "\u{FFFD}"
    }.joined()
  }

  /// Whether a control character stands in it.
  public var hasControls: Bool { unicodeScalars.contains { $0.isControl } }
}

extension Unicode.Scalar {
  /// Whether it is a control character of Unicode, ends a line, or turns the direction of a text; as ranges, since Embedded
  /// Swift has no tables of properties.
  fileprivate var isControl: Bool {
    switch value {
    case 0..<0x20, 0x7f...0x9f, 0x061c, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069: true
    default: false
    }
  }

  /// Whether it is a control character that only moves on.
  fileprivate var isLayout: Bool { self == "\n" || self == "\t" }
}
