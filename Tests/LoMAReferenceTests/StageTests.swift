// MSK-12, LOS-4, LOS-5, NUM-1: what single stages promise beside their formulas.

import Foundation
import LoMA
import LoMAReference
import NaiveLlama
import Testing

@Suite("Chapters 4, 5 and 10: stages")
struct StageTests {
  private let heads = AttentionHeads(query: 2, keyValue: 1, dimension: 2)
  private let visible = VisibleKeys(lists: [[0, 2], [1]], keyCount: 3)

  private func attend(hiddenValue: Double, hiddenKey: Double) -> AttentionOutput {
    let q = Tensor(shape: [2, 4], values: [1, 2, -1, 0.5, 0.25, -3, 2, 1])
    let k = Tensor(shape: [3, 2], values: [0.5, 1, hiddenKey, hiddenKey, -1, 2])
    let v = Tensor(shape: [3, 2], values: [3, -1, hiddenValue, hiddenValue, 2, 5])
    return Attention.forward(q, k, v, visible: visible, heads: heads, workers: .single)
  }

  @Test func `MSK-12 a hidden key's probability is exactly 0 and its key and value do not matter`() {
    let plain = attend(hiddenValue: 1, hiddenKey: 1)
    for (value, key) in [(1e300, 1e300), (.infinity, 1), (.nan, .nan)] {
      let poisoned = attend(hiddenValue: value, hiddenKey: key)
      #expect(Array(plain.context.row(0)) == Array(poisoned.context.row(0)))
    }
    // [H, queries, keys]: query 0 hides key 1, query 1 hides keys 0 and 2.
    for h in 0..<2 {
      #expect(plain.probabilities.values[h * 6 + 1] == 0)
      #expect(plain.probabilities.values[h * 6 + 3] == 0)
      #expect(plain.probabilities.values[h * 6 + 4] == 1)
      #expect(plain.probabilities.values[h * 6 + 5] == 0)
    }
  }

  @Test func `LOS-5 cross-entropy is over the whole model vocabulary, specials included`() {
    let logits = [1.0, 2, -1, 4, 0.5]  // say V = 3, and two specials
    let expected = log(logits.map { exp($0) }.reduce(0, +)) - 2
    #expect(abs(CrossEntropy.forward(logits[...], label: 1) - expected) < 1e-15)
    #expect(CrossEntropy.forward([1.0, 2, -1, 40, 0.5], label: 1) > 37)
  }

  @Test func `LOS-4 each term is one mean over the labelled rows of all texts`() throws {
    let vocabulary = try Vocabulary(textSize: 3)
    let parameters = try Parameters(c: 2, t: 1)
    let texts = try [[0, 1, 2], [2, 1], [1], []].map {
      try Layout.training(text: $0, vocabulary: vocabulary, parameters: parameters, profile: .base).rows
    }
    var numbers = SeededNumbers(seed: 3)
    let logits = texts.map { rows in
      Tensor(shape: [rows.count, 5], values: (0..<rows.count * 5).map { _ in numbers.dyadicNormal() })
    }
    var terms: [Zone: [Double]] = [:]
    for (rows, logits) in zip(texts, logits) {
      for (r, row) in rows.enumerated() {
        guard let label = row.label else { continue }
        let x = Array(logits.row(r))
        terms[row.place.zone, default: []].append(log(x.map { exp($0) }.reduce(0, +)) - x[label])
      }
    }
    let loss = Loss(texts: texts, logits: logits)
    let reading = try #require(terms[.reading]), repetition = try #require(terms[.repetition])
    #expect(reading.count == 3)
    #expect(repetition.count == 4)
    #expect(abs(loss.languageModelling - reading.reduce(0, +) / 3) < 1e-14)
    #expect(abs(loss.repetition - repetition.reduce(0, +) / 4) < 1e-14)
    #expect(loss.total == loss.languageModelling + loss.repetition)
    #expect(Loss(texts: [], logits: []).total == 0)
  }

  @Test func `NUM-1 sums start at zero and run by rising index`() {
    // 1 + 2⁻⁵³ + 2⁻⁵³ is 1 from the left and 1 + 2⁻⁵² from the right.
    let small = 0x1p-53
    let one = Tensor(shape: [1, 3], values: [1, small, small])
    let reversed = Tensor(shape: [1, 3], values: [small, small, 1])
    let weight = Tensor(shape: [1, 3], values: [1, 1, 1])
    #expect(Linear.forward(one, weight: weight, workers: .single).values == [1])
    #expect(Linear.forward(reversed, weight: weight, workers: .single).values == [1 + 0x1p-52])
  }

  @Test func `NUM-1 softmax subtracts the largest score, sums by rising index, then divides`() {
    var numbers = SeededNumbers(seed: 9)
    for _ in 0..<200 {
      let scores = (0..<1 + numbers.integer(below: 9)).map { _ in numbers.dyadicNormal() * 4 }
      let largest = scores.max() ?? 0
      var sum = 0.0
      for score in scores { sum += Elementary.exponential(score - largest) }
      #expect(Attention.softmax(scores) == scores.map { Elementary.exponential($0 - largest) / sum })
    }
    #expect(Attention.softmax([1000, 1000]) == [0.5, 0.5])
  }
}
