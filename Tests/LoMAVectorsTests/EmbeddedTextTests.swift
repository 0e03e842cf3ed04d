// Templates are filled, and a mistake in one of ours ends the program with the name of the placeholder.

import LoMAVectors
import Testing

@Suite("Embedded text")
struct EmbeddedTextTests {
  private static let template = EmbeddedText(Array("# {{name}}\n\n{{a-b}}{{name}} } { }} –\n".utf8))

  @Test func `every placeholder is replaced, and values are not searched`() {
    let text = Self.template.filled(["name": "{{a-b}}", "a-b": ""])
    #expect(text == "# {{a-b}}\n\n{{a-b}} } { }} –\n")
    #expect(EmbeddedText(Array("one {{".utf8)).filled([:]) == "one {{")
  }

  @Test func `one line end is left out`() {
    #expect(EmbeddedText(Array("a\n\n".utf8)).withoutLastLineEnd == "a\n")
    #expect(EmbeddedText(Array("a".utf8)).withoutLastLineEnd == "a")
    #expect(EmbeddedText([]).withoutLastLineEnd == "")
  }

  // Not as tests of processes that end: while one is awaited, swift-testing waits for any child of its process, and an
  // orphan of a candidate that the runner has adopted, and nobody has to wait for, keeps it from ever seeing its own.
  @Test func `a placeholder without a value is a fault with its name`() {
    #expect(throws: TemplateFault(words: "no value for {{a-b}}")) { try Self.template.filling(["name": "n"]) }
  }

  @Test func `a value without a placeholder is a fault with its name`() {
    #expect(throws: TemplateFault(words: "no {{left}} in the template")) {
      try Self.template.filling(["name": "n", "a-b": "", "left": ""])
    }
  }
}
