// Chapter 8, clause by clause. Expected values come from Foundation's functions and from a second decoder written with
// nothing but loops over arrays (SecondDecoder.swift); Tests/Candidates/check_reference.py compares with Hugging Face.

import Foundation
import LoMA
import LoMAReference
import NaiveLlama
import Testing

@Suite("Chapter 8: model")
struct ModelTests {
  private func configuration(tiesHead: Bool, headDimension: Int?) throws -> Configuration {
    try Configuration(
      vocabularySize: 16, hiddenSize: 8, intermediateSize: 12, layers: 1, queryHeads: 4, keyValueHeads: 2,
      headDimension: headDimension, epsilon: 1e-5, theta: 10_000, tiesHead: tiesHead)
  }

  @Test func `MOD-1 parameters have Hugging Face's names and shapes`() throws {
    let names = try configuration(tiesHead: false, headDimension: 6).parameters.map { "\($0.name) \($0.shape)" }
    #expect(
      names == [
        "model.embed_tokens.weight [16, 8]",
        "model.layers.0.input_layernorm.weight [8]",
        "model.layers.0.self_attn.q_proj.weight [24, 8]",
        "model.layers.0.self_attn.k_proj.weight [12, 8]",
        "model.layers.0.self_attn.v_proj.weight [12, 8]",
        "model.layers.0.self_attn.o_proj.weight [8, 24]",
        "model.layers.0.post_attention_layernorm.weight [8]",
        "model.layers.0.mlp.gate_proj.weight [12, 8]",
        "model.layers.0.mlp.up_proj.weight [12, 8]",
        "model.layers.0.mlp.down_proj.weight [8, 12]",
        "model.norm.weight [8]",
        "lm_head.weight [16, 8]",
      ])
    let tied = try configuration(tiesHead: true, headDimension: 6)
    #expect(tied.parameters.count == names.count - 1)
    #expect(tied.headName == "model.embed_tokens.weight")
  }

  @Test func `MOD-2 RMSNorm divides by the root of mean square plus ε`() {
    let x = Tensor(shape: [2, 3], values: [1, -2, 3, 0.001, 0.002, -0.003])
    let y = RMSNorm.forward(x, gain: [1, 2, 0.5], epsilon: 1e-5)
    for r in 0..<2 {
      let meanSquare = (0..<3).map { x[r, $0] * x[r, $0] }.reduce(0, +) / 3
      for i in 0..<3 {
        let expected = [1, 2, 0.5][i] * x[r, i] / sqrt(meanSquare + 1e-5)
        #expect(abs(y[r, i] - expected) <= 1e-15 * abs(expected))
      }
    }
  }

  @Test func `MOD-3 RoPE turns the pairs (i, i + d∕2) by position times θ to the −2i∕d`() {
    let x = Tensor(shape: [2, 8], values: (0..<16).map { Double($0) - 7.5 })
    let angles = RotaryAngles(positions: [3, 29_999], headDimension: 4, theta: 10_000)
    let y = RotaryPosition.forward(x, angles: angles)
    for (r, position) in [3, 29_999].enumerated() {
      for head in [0, 4] {
        for i in 0..<2 {
          let angle = Double(position) * pow(10_000, Double(-2 * i) / 4)
          let (a, b) = (x[r, head + i], x[r, head + 2 + i])
          let tolerance = 1e-15 * (abs(a) + abs(b)) * max(1, angle)
          #expect(abs(y[r, head + i] - (a * cos(angle) - b * sin(angle))) <= tolerance)
          #expect(abs(y[r, head + 2 + i] - (b * cos(angle) + a * sin(angle))) <= tolerance)
        }
      }
    }
  }

  @Test func `MOD-3 scores depend on the distance of positions alone`() {
    let q = Tensor(shape: [1, 4], values: [0.5, -1, 2, 0.25])
    let k = Tensor(shape: [1, 4], values: [1, 1.5, -0.5, 3])
    func score(_ m: Int, _ n: Int) -> Double {
      let a = RotaryPosition.forward(q, angles: RotaryAngles(positions: [m], headDimension: 4, theta: 100))
      let b = RotaryPosition.forward(k, angles: RotaryAngles(positions: [n], headDimension: 4, theta: 100))
      return zip(a.values, b.values).map { $0 * $1 }.reduce(0, +)
    }
    #expect(abs(score(7, 3) - score(104, 100)) < 1e-12)
    #expect(abs(score(7, 3) - score(7, 4)) > 1e-3)
  }

  @Test func `MOD-4 query heads read KV heads in blocks`() {
    let heads = AttentionHeads(query: 6, keyValue: 2, dimension: 4)
    #expect((0..<6).map { heads.keyValueHead(ofQuery: $0) } == [0, 0, 0, 1, 1, 1])
    #expect(heads.scale == 0.5)
  }

  @Test func `MOD-4 the head dimension is head_dim, else hidden over heads, and even`() throws {
    #expect(try configuration(tiesHead: false, headDimension: 6).heads.dimension == 6)
    #expect(try configuration(tiesHead: false, headDimension: nil).heads.dimension == 2)
    #expect(throws: ModelError.invalidConfiguration(key: "head_dim", value: "3", requirement: "even")) {
      try configuration(tiesHead: false, headDimension: 3)
    }
    #expect(
      throws: ModelError.invalidConfiguration(
        key: "num_key_value_heads", value: "3", requirement: "a divisor of 4 heads")
    ) {
      try Configuration(
        vocabularySize: 16, hiddenSize: 8, intermediateSize: 12, layers: 1, queryHeads: 4, keyValueHeads: 3,
        headDimension: 2, epsilon: 1e-5, theta: 10_000, tiesHead: false)
    }
  }

  @Test func `MOD-5 silu of the gate multiplies the up projection`() {
    let gate = Tensor(shape: [1, 4], values: [-30, -1, 0, 2.5])
    let up = Tensor(shape: [1, 4], values: [1, 2, 3, 4])
    let y = FeedForward.forward(gate: gate, up: up, workers: .single)
    for i in 0..<4 {
      let expected = gate[0, i] / (1 + exp(-gate[0, i])) * up[0, i]
      #expect(abs(y[0, i] - expected) <= 1e-15 * abs(expected))
    }
  }

  @Test func `MOD-6 the decoder agrees with a second one written in plain loops`() throws {
    for (seed, (queryHeads, keyValueHeads)) in headChoices.enumerated() {
      let sample = Sample(
        seed: UInt64(seed), c: 2, t: 2, textLength: 10, layers: 3, queryHeads: queryHeads,
        keyValueHeads: keyValueHeads, tiesHead: seed == 1, profile: .base)
      let rows = try sample.trainingLayout().rows
      let mask = Mask(rows: rows, profile: .base)
      let logits = try sample.transformer().forward(rows: rows, profile: .base).logits
      let second = SecondDecoder(configuration: try sample.configuration(), weights: try sample.weights().tensors)
      let expected = second.logits(
        tokens: rows.map(\.token), positions: rows.map(\.position), sees: { mask.allows(query: $0, key: $1) })
      let largest = expected.joined().map(abs).max() ?? 0
      for (r, row) in expected.enumerated() {
        for (j, value) in row.enumerated() { #expect(abs(logits[r, j] - value) <= 1e-13 * largest) }
      }
    }
  }

  @Test func `REC-5 a first-layer memory entry knows its position and nothing of the text`() throws {
    func entries(_ seed: UInt64) throws -> [KeyValues] {
      let sample = Sample(
        seed: 4, c: 2, t: 2, textLength: 4, layers: 2, queryHeads: 4, keyValueHeads: 2, tiesHead: false,
        profile: .base)
      var numbers = SeededNumbers(seed: seed)
      var generator = Generator(
        transformer: try sample.transformer(), vocabulary: try sample.vocabulary(),
        parameters: try sample.parameters(), profile: .base)
      try generator.feed((0..<4).map { _ in numbers.integer(below: 11) }, passLength: 4) { _ in }
      return generator.cache.layers
    }
    let (one, other) = (try entries(1), try entries(2))
    #expect(one[0] == other[0])
    #expect(one[1] != other[1])
  }
}
