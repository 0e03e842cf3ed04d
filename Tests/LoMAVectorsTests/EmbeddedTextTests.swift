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

  @Test func `a placeholder without a value traps with its name`() async throws {
    let result = try await #require(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Self.template.filled(["name": "n"])
    }
    #expect(String(decoding: result.standardErrorContent, as: UTF8.self).contains("no value for {{a-b}}"))
  }

  @Test func `a value without a placeholder traps with its name`() async throws {
    let result = try await #require(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Self.template.filled(["name": "n", "a-b": "", "left": ""])
    }
    #expect(String(decoding: result.standardErrorContent, as: UTF8.self).contains("no {{left}} in the template"))
  }
}
