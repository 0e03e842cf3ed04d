// MOD-8, MOD-9: scaled frequencies, against numbers that transformers 5.23's modeling_rope_utils gave in binary64.

import NaiveLlama
import Testing

@Suite struct RotationTests {
  private static let llama31 = Rotation(
    headDimension: 128, theta: 500_000,
    scaling: .llama3(
      Llama3Scaling(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 8192)))
  private static let llama32 = Rotation(
    headDimension: 64, theta: 500_000,
    scaling: .llama3(
      Llama3Scaling(factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 8192)))
  private static let qwen = Rotation(
    headDimension: 128, theta: 1_000_000, scaling: .yarn(YarnScaling(factor: 4, originalPositions: 32_768)))

  @Test(arguments: [
    (
      llama31,
      [(28, 0.003211445994752591), (29, 0.002166570763503359), (34, 0.0001785078127679964), (35, 9.556212353964683e-5)]
    ),
    (
      llama32,
      [
        (14, 0.003211445994752591), (15, 0.001290547928209264), (16, 0.00042955679655936815),
        (17, 9.70828780262767e-5),
      ]
    ),
  ])
  func `MOD-8 frequencies of Llama 3.1 and 3.2 are those of transformers`(
    _ rotation: Rotation, _ expected: [(Int, Double)]
  ) {
    let frequencies = rotation.frequencies
    for (index, value) in expected {
      #expect((frequencies[index] / value - 1).magnitude < 4e-16, "pair \(index): \(frequencies[index])")
    }
    #expect(rotation.attentionFactor == 1)
    // Fast pairs are kept to the bit, slow ones are an eighth or a thirty-second to the bit.
    let plain = rotation.plainFrequencies
    #expect(frequencies[0] == plain[0])
    #expect(frequencies.last == plain.last.map { $0 / (rotation.headDimension == 128 ? 8 : 32) })
  }

  @Test func `MOD-9 frequencies and factor of yarn are those of transformers`() {
    let expected = [
      (23, 0.006978305848598663), (24, 0.005375321490790102), (32, 0.0006029411764705882), (40, 4.445698525097307e-5),
    ]
    let frequencies = Self.qwen.frequencies
    for (index, value) in expected {
      #expect((frequencies[index] / value - 1).magnitude < 4e-16, "pair \(index): \(frequencies[index])")
    }
    #expect(Self.qwen.attentionFactor == 1.1386294361119891)
    var scaled = YarnScaling(factor: 40, originalPositions: 4096)
    (scaled.scale, scaled.scaleOfAllDimensions) = (0.707, 1)
    #expect((scaled.attentionFactor / 0.92104235531633993 - 1).magnitude < 4e-16)
    scaled.scaleOfAllDimensions = 0
    #expect((scaled.attentionFactor / 1.3688879454113936 - 1).magnitude < 4e-16)
    scaled.givenAttentionFactor = 0.75
    #expect(scaled.attentionFactor == 0.75)
    #expect(YarnScaling(factor: 0.5, originalPositions: 64).attentionFactor == 1)
  }

  @Test func `MOD-9 the ramp ends at d − 1, begins at 0, and never has length 0`() {
    var scaling = YarnScaling(factor: 8, originalPositions: 4096)
    scaling.betaFast = 600
    let wide = scaling.ramp(headDimension: 8, theta: 10)
    #expect(wide == (0, 7))
    // Both ends below 0: limited from below alone, as transformers does; nothing is then divided.
    let short = Rotation(
      headDimension: 8, theta: 10_000, scaling: .yarn(YarnScaling(factor: 8, originalPositions: 4)))
    #expect(short.frequencies[0] == 1)
    var one = YarnScaling(factor: 8, originalPositions: 4096)
    (one.betaFast, one.betaSlow) = (32, 32)
    one.truncates = false
    let ends = one.ramp(headDimension: 64, theta: 10_000)
    #expect(ends.last - ends.first == (ends.first + 0.001) - ends.first)
  }

  @Test func `MOD-8 linear divides frequencies, and dynamic leaves them`() {
    let plain = Rotation(headDimension: 8, theta: 1000)
    #expect(plain.with(scaling: .linear(factor: 4)).frequencies == plain.frequencies.map { $0 / 4 })
    #expect(plain.with(scaling: .dynamic(factor: 4)).frequencies == plain.frequencies)
    #expect(plain.with(theta: 10).frequencies[0] == 1 && plain.with(theta: 10) != plain)
  }

  @Test func `MOD-9 the factor stands in every cosine and sine, so that scores grow by its square`() {
    let plain = RotaryAngles(positions: [0, 7], rotation: Self.qwen.with(scaling: .none))
    var scaling = YarnScaling(factor: 1, originalPositions: 32_768)
    scaling.givenAttentionFactor = 2
    let doubled = RotaryAngles(positions: [0, 7], rotation: Self.qwen.with(scaling: .yarn(scaling)))
    #expect(doubled.cosines.values == plain.cosines.values.map { 2 * $0 })
    #expect(doubled.sines.values == plain.sines.values.map { 2 * $0 })
  }

  @Test(arguments: [
    (RotationScaling.linear(factor: 0), "rope.factor"), (.linear(factor: .infinity), "rope.factor"),
    (.dynamic(factor: -1), "rope.factor"),
    (
      .llama3(Llama3Scaling(factor: 8, lowFrequencyFactor: 4, highFrequencyFactor: 4, originalPositions: 64)),
      "rope.high_freq_factor"
    ),
    (
      .llama3(Llama3Scaling(factor: 8, lowFrequencyFactor: 0, highFrequencyFactor: 4, originalPositions: 64)),
      "rope.low_freq_factor"
    ),
    (.yarn(YarnScaling(factor: 4, originalPositions: 0)), "rope.original_max_position_embeddings"),
  ])
  func `MOD-8 MOD-9 numbers without a meaning are refused by name`(_ scaling: RotationScaling, _ key: String) {
    do {
      _ = try Configuration(
        vocabularySize: 4, hiddenSize: 8, intermediateSize: 8, layers: 1, queryHeads: 1, keyValueHeads: 1,
        headDimension: 8, epsilon: 0, theta: 1000, tiesHead: true, scaling: scaling)
      Issue.record("it was taken")
    } catch {
      guard case .invalidConfiguration(let named, _, _) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(named == key)
    }
  }
}
