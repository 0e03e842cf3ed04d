// Text in another language is a file in that language. SwiftPM embeds it as bytes (`.embedInCode`), so that a program
// needs no file beside it.

/// The text of an embedded file, which may be a template: `{{name}}` is replaced by a value.
package struct EmbeddedText: Sendable {
  /// The whole file.
  package let text: String

  /// The text of a file, given as its UTF-8 bytes.
  package init(_ bytes: [UInt8]) { text = String(decoding: bytes, as: UTF8.self) }

  /// The text without its final line feed, for insertion between two tags.
  package var withoutLastLineEnd: String { text.hasSuffix("\n") ? String(text.dropLast()) : text }

  /// The text with each `{{name}}` replaced. Values are not searched: they may hold braces.
  ///
  /// A placeholder without a value, or a value without a placeholder, is our own mistake and traps with its name, also
  /// in optimised programs.
  package func filled(_ values: [String: String]) -> String {
    do { return try filling(values) } catch { fatalError(error.words) }
  }

  /// The same; throws what `filled` traps with.
  package func filling(_ values: [String: String]) throws(TemplateFault) -> String {
    var result = ""
    var unused = Set(values.keys)
    var rest = text[...]
    while let start = rest.firstRange(of: "{{"), let end = rest[start.upperBound...].firstRange(of: "}}") {
      let name = String(rest[start.upperBound..<end.lowerBound])
      guard let value = values[name] else { throw TemplateFault(words: "no value for {{\(name)}}") }
      unused.remove(name)
      result += rest[..<start.lowerBound] + value
      rest = rest[end.upperBound...]
    }
    if let name = unused.min() { throw TemplateFault(words: "no {{\(name)}} in the template") }
    return result + rest
  }
}

/// A template and its values that do not fit.
package struct TemplateFault: Error, Equatable {
  package let words: String

  package init(words: String) { self.words = words }
}

extension EmbeddedText {
  /// A page of this frame: only what is markup may stand in it.
  package func page(_ values: [String: Markup]) -> String { filled(values.mapValues(\.source)) }
}

extension Markup {
  /// A style sheet or a script of our own, as it stands in its element.
  package init(_ file: EmbeddedText) { self.init(embedded: file.withoutLastLineEnd) }
}
