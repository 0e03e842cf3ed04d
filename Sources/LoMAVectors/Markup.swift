// RUN-20, RUN-29: HTML, SVG and XML as a value. Text becomes markup only here, where it is escaped.

/// Elements and texts; names of elements and attributes are words of our own, everything else is escaped.
package struct Markup: Sendable {
  /// As it stands in a file.
  package let source: String

  private init(source: String) { self.source = source }

  /// Attributes in their order; nil leaves one out.
  package typealias Attributes = KeyValuePairs<StaticString, String?>

  /// A text between tags. Line feeds stay; in an attribute they are references.
  package init(text: String) { source = Markup.escaped(text, hasLines: true) }

  /// A text between tags whose line feeds and tabs are references, so that it is on one line of the file.
  package init(onOneLine text: String) { source = Markup.escaped(text, hasLines: false) }

  /// JSON inside an element `script`: there `<` stands in strings alone, and none is left that could end the element.
  package init(json: String) {
    source = json.unicodeScalars.map { $0 == "<" ? "\\u003c" : String($0) }.joined()
  }

  /// A style sheet or a script, which nothing escapes: an embedded file alone becomes one, in EmbeddedText.swift.
  init(embedded file: String) { source = file }

  /// An element with a text in it.
  package init(_ name: StaticString, _ attributes: Attributes, _ text: String) {
    self.init(name, attributes, [Markup(text: text)])
  }

  /// An element without attributes and with a text in it.
  package init(_ name: StaticString, _ text: String) { self.init(name, [:], text) }

  /// An element without attributes and with others in it.
  package init(_ name: StaticString, _ children: [Markup]) { self.init(name, [:], children) }

  /// An element with others in it, side by side.
  package init(_ name: StaticString, _ attributes: Attributes = [:], _ children: [Markup] = []) {
    source = Markup.start(name, attributes) + ">" + children.map { $0.source }.joined() + "</\(name)>"
  }

  /// An element with others in it, each on lines of its own.
  package init(_ name: StaticString, _ attributes: Attributes = [:], lines: [Markup]) {
    self.init(name, attributes, [.lineEnd] + lines.flatMap { [$0, .lineEnd] })
  }

  /// An element with others in it, each on lines of its own and two spaces further in.
  package init(_ name: StaticString, _ attributes: Attributes = [:], indented children: [Markup]) {
    let lines = children.flatMap { $0.source.split(separator: "\n", omittingEmptySubsequences: false) }
    self.init(name, attributes, lines: lines.map { Markup(source: "  " + $0) })
  }

  /// An element that can hold nothing.
  package init(empty name: StaticString, _ attributes: Attributes = [:]) {
    source = Markup.start(name, attributes) + "/>"
  }

  /// Between two elements.
  package static let lineEnd = Markup(source: "\n")

  /// Side by side, with words between them.
  package static func joined(_ parts: [Markup], by separator: String = "") -> Markup {
    Markup(source: parts.map { $0.source }.joined(separator: escaped(separator, hasLines: true)))
  }

  private static func start(_ name: StaticString, _ attributes: Attributes) -> String {
    attributes.reduce("<\(name)") { start, attribute in
      guard let value = attribute.value else { return start }
      return start + " \(attribute.key)=\"\(escaped(value, hasLines: false))\""
    }
  }

  /// Scalar by scalar: a quotation mark with an accent behind it is one character, and still ends an attribute. What XML 1.0
  /// cannot name is U+FFFD.
  private static func escaped(_ text: String, hasLines: Bool) -> String {
    var allowed = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": allowed.append(contentsOf: "&amp;".unicodeScalars)
      case "<": allowed.append(contentsOf: "&lt;".unicodeScalars)
      case ">": allowed.append(contentsOf: "&gt;".unicodeScalars)
      case "\"": allowed.append(contentsOf: "&quot;".unicodeScalars)
      case "\n" where !hasLines: allowed.append(contentsOf: "&#10;".unicodeScalars)
      case "\t" where !hasLines: allowed.append(contentsOf: "&#9;".unicodeScalars)
      case "\n", "\t": allowed.append(scalar)
      case "\u{0}"..<" ", "\u{FFFE}"..."\u{FFFF}": allowed.append("\u{FFFD}")
      default: allowed.append(scalar)
      }
    }
    return String(allowed)
  }
}
