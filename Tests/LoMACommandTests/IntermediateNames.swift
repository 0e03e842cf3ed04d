// MOD-7: the names of intermediates, in Spec/08-model.md and in what the program computes.

import Foundation
import LoMA
import LoMAExplanation
import LoMAReference
import NaiveLlama
import Testing

@Suite("Chapter 8: names of intermediates")
struct IntermediateNames {
  @Test func `MOD-7 the specification lists every intermediate, and no other, with its shape`() throws {
    let configuration = try Configuration(
      vocabularySize: 9, hiddenSize: 6, intermediateSize: 5, layers: 2, queryHeads: 4, keyValueHeads: 2,
      headDimension: 4, epsilon: 0, theta: 1, tiesHead: false)
    var numbers = SeededNumbers(seed: 1)
    let model = Transformer(
      configuration: configuration, weights: Weights(.highVariance(configuration, numbers: &numbers)),
      functions: .llama(workers: .single))
    let layout = try Layout.training(
      text: [1, 2, 3], vocabulary: try Vocabulary(textSize: 7), parameters: try Parameters(c: 2, t: 1),
      profile: .base)
    let sizes = ["S": layout.rows.count, "D": 6, "H·d": 16, "H_kv·d": 8, "H": 4, "M": 5, "V'": 9]
    let listed = try specified().flatMap { name, shape in
      let extents = shape.map { sizes[$0] ?? -1 }
      return name.contains("N")
        ? (0..<2).map { "\(concrete(name, $0)) \(extents)" } : ["\(name) \(extents)"]
    }
    let computed = try model.forward(rows: layout.rows, profile: .base).named.map { "\($0.name) \($0.tensor.shape)" }
    #expect(listed.sorted() == computed.sorted())
  }

  private func concrete(_ name: String, _ layer: Int) -> String {
    name.replacingOccurrences(of: "N+1", with: "\(layer + 1)").replacingOccurrences(of: "N", with: "\(layer)")
  }

  /// The rows of the table below MOD-7.
  private func specified() throws -> [(String, [String])] {
    let page = try String(contentsOf: SpecExamples.root.appending(path: "Spec/08-model.md"), encoding: .utf8)
    let after = try #require(page.components(separatedBy: "### MOD-7").last)
    let section = try #require(after.components(separatedBy: "\n### ").first)
    return section.split(separator: "\n").filter { $0.hasPrefix("| `") }.flatMap { line -> [(String, [String])] in
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      let shape = cells[1].dropFirst().dropLast().components(separatedBy: ", ")
      return cells[0].components(separatedBy: ", ").map { ($0.replacingOccurrences(of: "`", with: ""), shape) }
    }
  }
}
