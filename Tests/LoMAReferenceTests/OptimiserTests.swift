// LOS-6 and GEN-9: one optimiser step and one draw. AdamW is compared with torch.optim.AdamW over three steps in
// Tests/Candidates/check_reference.py; here with the formula of its paper, written for one scalar.

import Foundation
import LoMA
import LoMAReference
import NaiveLlama
import Testing

@Suite("Chapters 5 and 6: optimiser and sampling")
struct OptimiserTests {
  @Test func `LOS-6 three steps agree with the AdamW formula of a scalar`() throws {
    let configuration = try Configuration(
      vocabularySize: 3, hiddenSize: 2, intermediateSize: 1, layers: 1, queryHeads: 1, keyValueHeads: 1,
      headDimension: 2, epsilon: 0, theta: 1, tiesHead: true)
    var numbers = SeededNumbers(seed: 8)
    var parameters = ParameterSet.highVariance(configuration, numbers: &numbers)
    var expected = parameters.tensors.mapValues(\.values)
    var optimiser = AdamW(configuration: configuration)
    let settings = AdamWSettings(learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 0x1p-10, weightDecay: 0.2)
    var moments = expected.mapValues { $0.map { _ in (m: 0.0, v: 0.0) } }
    for step in 1...3 {
      let gradients = ParameterSet.highVariance(configuration, numbers: &numbers)
      optimiser.step(&parameters, gradients: gradients, settings: settings)
      for (name, gradient) in gradients.tensors {
        for (i, g) in gradient.values.enumerated() {
          var (m, v) = try #require(moments[name]?[i])
          m = 0.9 * m + 0.1 * g
          v = 0.99 * v + 0.01 * g * g
          moments[name]?[i] = (m, v)
          let mHat = m / (1 - pow(0.9, Double(step)))
          let vHat = v / (1 - pow(0.99, Double(step)))
          let p = try #require(expected[name]?[i])
          expected[name]?[i] = p - 0.1 * (mHat / (sqrt(vHat) + 0x1p-10) + 0.2 * p)
        }
      }
    }
    #expect(optimiser.steps == 3)
    for (name, values) in expected {
      let got = try #require(parameters.tensors[name]?.values)
      for (a, b) in zip(got, values) { #expect(abs(a - b) <= 1e-13, "\(name)") }
    }
  }

  @Test func `GEN-9 a draw keeps the top k, then the nucleus, and follows its weights`() throws {
    let vocabulary = try Vocabulary(textSize: 5)
    let logits = [1.0, 3, 2, 3, -1, 50, 60]  // ids 5 and 6 are special
    // Ranking: 1, 3, 2, 0, 4.
    func share(_ sampling: Sampling) -> [Int: Double] {
      var numbers = SeededNumbers(seed: 4)
      var counts: [Int: Double] = [:]
      for _ in 0..<20_000 {
        counts[sampling.choose(logits, vocabulary: vocabulary, numbers: &numbers), default: 0] += 1 / 20_000
      }
      return counts
    }
    let all = share(.random(temperature: 1, topK: nil, topP: nil))
    let total = (0..<5).map { exp(logits[$0]) }.reduce(0, +)
    for id in 0..<5 { #expect(abs(all[id, default: 0] - exp(logits[id]) / total) < 0.02) }
    #expect(Set(share(.random(temperature: 1, topK: 3, topP: nil)).keys) == [1, 3, 2])
    #expect(Set(share(.random(temperature: 1, topK: 1, topP: nil)).keys) == [1])
    // The two best weigh 2e³ of 2e³ + e² + e + 1/e, about 0.79.
    #expect(Set(share(.random(temperature: 1, topK: nil, topP: 0.7)).keys) == [1, 3])
    #expect(Set(share(.random(temperature: 1, topK: nil, topP: 0.85)).keys) == [1, 3, 2])
    // Of the three best, the two best weigh 2e³ of 2e³ + e², about 0.845: top-k comes before top-p.
    #expect(Set(share(.random(temperature: 1, topK: 3, topP: 0.84)).keys) == [1, 3])
    let hot = share(.random(temperature: 100, topK: nil, topP: nil))
    for id in 0..<5 { #expect(abs(hot[id, default: 0] - 0.2) < 0.02) }
  }

  @Test func `GEN-5 greedy choice draws no number and never chooses a special id`() throws {
    let vocabulary = try Vocabulary(textSize: 3)
    var numbers = SeededNumbers(seed: 1)
    #expect(Sampling.greedy.choose([1, 4, 4, 9, 9], vocabulary: vocabulary, numbers: &numbers) == 1)
    #expect(numbers == SeededNumbers(seed: 1))
  }
}
