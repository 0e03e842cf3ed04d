// What generation refuses, and that nothing has changed afterwards.

import LoMA
import LoMAReference
import NaiveLlama
import Testing

@Suite("Chapter 6: refused input")
struct GeneratorErrorTests {
  private let sample = Sample(
    seed: 3, c: 2, t: 2, textLength: 6, layers: 1, queryHeads: 4, keyValueHeads: 2, tiesHead: false, profile: .base)

  private func generator(_ weights: Weights? = nil) throws -> Generator {
    Generator(
      transformer: Transformer(
        configuration: try sample.configuration(), weights: try weights ?? Weights(sample.weights()),
        functions: .llama(workers: .single)),
      vocabulary: try sample.vocabulary(), parameters: try sample.parameters(), profile: .base)
  }

  private func state(_ generator: Generator) -> [[Double]] {
    [[Double(generator.fedLength)], generator.lastLogits ?? []] + generator.lastMemoryLogits
      + generator.cache.layers.flatMap { [$0.keys.values, $0.values.values] }
  }

  @Test(arguments: [-1, 11, 12, 13, 16, Int.min, Int.max])
  func `PAR-3 a text token outside 0..<V is refused and nothing is fed`(token: Int) throws {
    var generator = try generator()
    try generator.feed([1, 2, 3, 4, 5], passLength: 2) { _ in }
    let before = state(generator)
    #expect(throws: ReferenceError.rejected(.textTokenOutOfRange(token: token, index: 2, textVocabulary: 11))) {
      try generator.feed([1, 2, token], passLength: 1) { _ in Issue.record("an event") }
    }
    #expect(state(generator) == before)
  }

  @Test func `GEN-5 an empty prompt and a negative number of tokens are refused`() throws {
    var generator = try generator()
    var numbers = SeededNumbers(seed: 0)
    #expect(throws: ReferenceError.rejected(.emptyPrompt(generationLength: 1))) {
      try generator.generate(1, choosing: .greedy, numbers: &numbers, stopToken: nil) { _ in }
    }
    #expect(try generator.generate(0, choosing: .greedy, numbers: &numbers, stopToken: nil) { _ in } == [])
    try generator.feed([1], passLength: 1) { _ in }
    #expect(throws: ReferenceError.rejected(.negativeGenerationLength(-1))) {
      try generator.generate(-1, choosing: .greedy, numbers: &numbers, stopToken: nil) { _ in }
    }
    #expect(throws: ReferenceError.rejected(.noSuchChunk(0, fullChunks: 0))) { try generator.reconstruct(chunk: 0) }
    #expect(throws: ReferenceError.rejected(.noSuchChunk(-1, fullChunks: 0))) { try generator.reconstruct(chunk: -1) }
  }

  @Test func `GEN-5 logits beyond binary64 are an error that names the row, not token 0`() throws {
    // The weights are finite, the products of the first row of the head are not.
    var weights = try sample.weights()
    for i in 0..<8 { weights.tensors["lm_head.weight"]?.values[i] = i % 2 == 0 ? 1e308 : -1e308 }
    weights.tensors["model.norm.weight"]?.values = [Double](repeating: 1e10, count: 8)
    var generator = try generator(Weights(weights))
    let before = state(generator)
    #expect(throws: ReferenceError.nonFiniteLogits(.reading(chunk: 0, index: 0))) {
      try generator.feed([7, 7, 7], passLength: 3) { _ in }
    }
    #expect(state(generator) == before)
    #expect(
      ReferenceError.nonFiniteLogits(.memory(chunk: 4, index: 1)).description
        == "non-finite-logits: memory row 1 of chunk 4")
  }

  @Test(arguments: [
    "model.embed_tokens.weight", "model.layers.0.self_attn.v_proj.weight", "model.layers.0.mlp.down_proj.weight",
  ])
  func `MOD-2 GEN-5 squares beyond binary64 are an error that names the row, not a row of zeros`(_ name: String) throws
  {
    var weights = try sample.weights()
    for i in weights.tensors[name]?.values.indices ?? 0..<0 { weights.tensors[name]?.values[i] *= 1e200 }
    var generator = try generator(Weights(weights))
    let before = state(generator)
    #expect(throws: ReferenceError.nonFiniteNorm(.reading(chunk: 0, index: 0))) {
      try generator.feed([7, 7], passLength: 2) { _ in }
    }
    #expect(state(generator) == before)
  }

  @Test func `GEN-5 a failure while generating leaves generator and draws as they were`() throws {
    // Rows are their embeddings; only that of <m> points where a row of the head overflows, so compression fails, after
    // two more tokens were chosen and fed.
    var weights = try sample.weights()
    for name in ["self_attn.o_proj", "mlp.down_proj"] {
      let name = "model.layers.0.\(name).weight"
      weights.tensors[name] = weights.tensors[name].map { Tensor(zeros: $0.shape) }
    }
    for token in 0..<16 { weights.tensors["model.embed_tokens.weight"]?[token, 0] = token == 13 ? 1e6 : 0 }
    weights.tensors["lm_head.weight"]?[15, 0] = 1e308
    var generator = try generator(Weights(weights))
    try generator.feed([1, 2], passLength: 2) { _ in }
    let before = state(generator)
    var numbers = SeededNumbers(seed: 5)
    let drawn = numbers
    #expect(throws: ReferenceError.nonFiniteLogits(.memory(chunk: 0, index: 0))) {
      try generator.generate(
        9, choosing: .random(temperature: 1, topK: nil, topP: nil), numbers: &numbers, stopToken: nil
      ) { _ in }
    }
    #expect(state(generator) == before)
    #expect(numbers == drawn)
  }
}
