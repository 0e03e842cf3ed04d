// The reader of console blocks, on a page of its own.

import Testing

@Suite("Console blocks")
struct ConsoleBlocksTests {
  static let text = """
    # Title

    ```console
    $ loma one --c 2
    first

    second
    $ swift run loma two
    ```

    ```sh
    $ not an example
    ```

    ```console
    stray
    $ git status
    ```

    """

  @Test func `commands, outputs and stray lines are found`() {
    let page = ConsolePage(Self.text)
    #expect(page.examples.map { $0.command } == ["loma one --c 2", "swift run loma two", "git status"])
    #expect(page.examples.map { $0.line } == [4, 8, 17])
    #expect(page.examples.map { $0.output } == [["first", "", "second"], [], []])
    #expect(page.examples.map { $0.arguments } == [["one", "--c", "2"], ["two"], nil])
    #expect(page.strayLines == [16])
  }

  @Test func `a page is put together again, with other outputs`() {
    let page = ConsolePage(Self.text)
    #expect(page.text { _ in nil } == Self.text)
    let updated = page.text { $0.line == 8 ? ["printed"] : nil }
    #expect(updated == Self.text.replacing("loma two\n", with: "loma two\nprinted\n"))
  }
}
