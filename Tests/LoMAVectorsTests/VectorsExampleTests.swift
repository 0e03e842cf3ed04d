// The Swift example of Docs/Vectors.md is the file VectorsExample.swift, and it works.

import Foundation
import LoMAVectors
import Testing

@Suite("Docs/Vectors.md")
struct VectorsExampleTests {
  private let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

  @Test func `the page shows the file that is run`() throws {
    let page = try String(contentsOf: tests.appending(path: "../../Docs/Vectors.md"), encoding: .utf8)
    let example = try String(contentsOf: tests.appending(path: "VectorsExample.swift"), encoding: .utf8)
    #expect(page.contains("```swift\n" + example + "```"))
  }

  @Test func `OPS-2 it reads the positions of thirteen tokens`() throws {
    let read = try positions(inVectors: tests.appending(path: "../../Vectors").path)
    // c = t = 2: a chunk of four, memories at 1 and 3 of it, repetitions at its positions again (POS-1…POS-3).
    let chunk = [0, 1, 2, 3, 1, 3, 0, 1, 2, 3]
    #expect(read == [0, 4, 8].flatMap { start in chunk.map { $0 + start } } + [12])
  }
}
