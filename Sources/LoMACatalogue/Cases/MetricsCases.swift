// The structure level, REC-2: reconstructions with known mistakes.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors

extension StructureCases {
  static var metrics: [Case] {
    let text = CaseInputs.text(11, below: 11, seed: 77)  // c = 2, t = 2: two full chunks and a tail of three
    let exact = Array(text.prefix(8))
    func wrong(_ indices: [Int]) -> [Int] {
      exact.enumerated().map { indices.contains($0) ? ($1 + 1) % 11 : $1 }
    }
    return [
      metrics("exact", [text], exact, "a right reconstruction counted wrong"),
      metrics("one-token-wrong", [text], wrong([5]), "chunk accuracy counted over tokens"),
      metrics("both-chunks-wrong", [text], wrong([0, 7]), "a chunk with an error counted"),
      metrics("all-wrong", [text], wrong(Array(0..<8)), "accuracies that are never zero"),
      metrics("no-full-chunk", [[1, 2, 3]], [], "an accuracy of nothing that is 0 or 1"),
      metrics("empty-text", [[]], [], "an accuracy of nothing that is 0 or 1"),
      metrics("tail-ignored", [Array(text.prefix(7))], Array(exact.prefix(4)), "a partial chunk counted"),
      metrics(
        "pooled", [text, Array(text.prefix(4))], wrong([1]) + exact.prefix(4), "accuracies averaged per text"),
      metrics(
        "pooled-with-short-text", [[5], text], wrong([2, 3]), "a text without chunks that counts"),
    ]
  }

  private static func metrics(_ what: String, _ texts: [[Int]], _ reconstruction: [Int], _ hunts: String) -> Case {
    .tensors(
      "structure.metrics.\(what)", .structure, hunts: hunts, clauses: ["REC-2"],
      Request(
        .metrics, axes: [:], parameters: ["c": .integer(2), "t": .integer(2)], model: nil,
        input: CaseInputs.file(
          CaseInputs.batch(texts) + [CaseInputs.integers("reconstruction", reconstruction)]), captures: []))
  }
}
