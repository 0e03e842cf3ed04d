// RUN-20, RUN-29: a text cannot leave its place in a page, and tables in text have their form.

import LoMAVectors
import Testing

@Suite struct MarkupTests {
  private let hostile = "<b a=\"1\">&'\u{0}\u{1B}\u{FFFE}\n\t\"\u{301}"

  @Test func `RUN-20: a text between tags is escaped, and keeps its lines`() {
    #expect(
      Markup("p", hostile).source
        == "<p>&lt;b a=&quot;1&quot;&gt;&amp;'\u{FFFD}\u{FFFD}\u{FFFD}\n\t&quot;\u{301}</p>")
  }

  @Test func `RUN-20: an attribute is escaped, and has no lines`() {
    #expect(
      Markup(empty: "p", ["a": hostile, "b": nil, "c": ""]).source
        == "<p a=\"&lt;b a=&quot;1&quot;&gt;&amp;'\u{FFFD}\u{FFFD}\u{FFFD}&#10;&#9;&quot;\u{301}\" c=\"\"/>")
    #expect(Markup(onOneLine: "a\nb\tc").source == "a&#10;b&#9;c")
  }

  @Test func `elements stand side by side, on lines, or further in`() {
    let children = [Markup("b", "1"), Markup("i")]
    #expect(Markup("p", children).source == "<p><b>1</b><i></i></p>")
    #expect(Markup("p", lines: children).source == "<p>\n<b>1</b>\n<i></i>\n</p>")
    #expect(Markup("p", lines: []).source == "<p>\n</p>")
    #expect(
      Markup("u", indented: [Markup("p", ["a": "1"], indented: children)]).source
        == "<u>\n  <p a=\"1\">\n    <b>1</b>\n    <i></i>\n  </p>\n</u>")
    #expect(Markup.joined(children, by: " < ").source == "<b>1</b> &lt; <i></i>")
  }

  @Test func `RUN-25: JSON cannot end its script`() {
    #expect(Markup(json: #"["</script>","<\#u{301}!--"]"#).source == "[\"\\u003c/script>\",\"\\u003c\u{301}!--\"]")
  }

  @Test func `a page is its frame with markup in it`() {
    let frame = EmbeddedText(Array("<p>{{a}}</p>{{b}}\n".utf8))
    #expect(frame.page(["a": Markup(text: "<{{b}}>"), "b": Markup("i")]) == "<p>&lt;{{b}}&gt;</p><i></i>\n")
    #expect(Markup(EmbeddedText(Array("a > b {}\n".utf8))).source == "a > b {}")
  }

  @Test func `foreign text is shown without control characters`() {
    #expect("a\u{1B}\n\u{202E}\u{301}é".onOneLine == "a\\u{1B}\\n\\u{202E}\u{301}é")
    #expect(String(repeating: "a", count: 300).onOneLine.count == 200)
    #expect("a\u{1B}\n\tb\r".onItsLines == "a\\u{1B}\n\tb\\r")
    #expect("a\u{1B}\n\tb\u{202E}\u{FFFF}".printable == "a\u{FFFD}\n\tb\u{FFFD}\u{FFFD}")
  }

  @Test func `columns have two spaces between them and none at the end`() {
    #expect(columns([["a", "b", "c"], ["long", "", "d"], ["e"]]) == ["a     b  c", "long     d", "e"])
    #expect(columns([]) == [])
    #expect("ab".padded(to: 4) == "ab  " && "abcd".padded(to: 4) == "abcd ")
  }

  @Test func `a Markdown table has a head, a rule and rows`() {
    #expect(MarkdownTable(head: ["", "a"], rows: [["", "2"]]).text == "| | a |\n|---|---|\n|  | 2 |")
    #expect(MarkdownTable(head: ["x", "a"], rows: [], rule: .spaced).text == "| x | a |\n| --- | --- |")
  }
}
