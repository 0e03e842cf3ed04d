// A small random Llama over cached entries and a text, from one seed, for the suites of chapter 19.

import LoMA
import LoMAPeers
import LoMAPeersReference
import LoMAReference
import NaiveLlama
import Testing

/// A model and a text, of which a part is the prefill.
struct CachedSample: CustomStringConvertible {
  var seed: UInt64 = 1
  var layers = 2
  var heads = AttentionHeads(query: 4, keyValue: 2, dimension: 4)
  var textLength = 12
  var prefill = 8
  var tiesHead = false
  var rules = DecoderRules.spec
  var round: @Sendable (Tensor) -> Tensor = { $0 }

  var description: String {
    "seed \(seed) layers \(layers) H \(heads.query) G \(heads.keyValue) d \(heads.dimension) n \(textLength) "
      + "T \(prefill)"
  }

  func with(_ change: (inout CachedSample) throws -> Void) rethrows -> CachedSample {
    var copy = self
    try change(&copy)
    return copy
  }

  func configuration() throws -> Configuration {
    try Configuration(
      vocabularySize: 16, hiddenSize: 8, intermediateSize: 12, layers: layers, queryHeads: heads.query,
      keyValueHeads: heads.keyValue, headDimension: heads.dimension, epsilon: 0x1p-10, theta: 10_000,
      tiesHead: tiesHead)
  }

  func weights() throws -> ParameterSet {
    var numbers = SeededNumbers(seed: seed)
    return ParameterSet.highVariance(try configuration(), numbers: &numbers)
  }

  var functions: LayerFunctions {
    var functions = LayerFunctions.llama(workers: .single)
    functions.round = round
    return functions
  }

  func transformer() throws -> Transformer {
    Transformer(configuration: try configuration(), weights: Weights(try weights()), functions: functions)
  }

  func decoder() throws -> CachedDecoder {
    CachedDecoder(
      configuration: try configuration(), weights: Weights(try weights()), functions: functions, rules: rules)
  }

  func text() -> [Int] {
    var numbers = SeededNumbers(seed: seed &+ 1)
    return (0..<textLength).map { _ in numbers.integer(below: 11) }
  }

  /// The whole text in one pass of the Llama.
  func whole() throws -> ForwardTrace {
    let (transformer, tokens) = (try transformer(), text())
    return try transformer.forward(
      embeddings: try transformer.embed(tokens), positions: Array(0..<tokens.count),
      visible: .causal(rows: tokens.count, behind: 0), past: transformer.noPast)
  }

  /// The text with a method acting on its prefill.
  func forward(_ policy: CachePolicy?, passLength: Int = 3) throws -> CachedForward {
    try decoder().forward(text(), prefill: prefill, policy: policy, passLength: passLength)
  }

  /// What a method sees of the prefill, layer by layer.
  func observations() throws -> [Observation] {
    let decoder = try decoder()
    return try forward(nil).prefill.layers.map { decoder.observation(of: $0) }
  }
}

/// Samples of one to three layers with every choice of heads.
func someCached(_ count: Int, seed: UInt64) -> [CachedSample] {
  var numbers = SeededNumbers(seed: seed)
  return (0..<count).map { index in
    let (query, keyValue) = [(4, 4), (4, 2), (4, 1), (3, 1), (6, 3)][index % 5]
    let length = 1 + numbers.integer(below: 14)
    return CachedSample(
      seed: numbers.next(), layers: 1 + numbers.integer(below: 3),
      heads: AttentionHeads(query: query, keyValue: keyValue, dimension: [2, 4][index % 2]), textLength: length,
      prefill: 1 + numbers.integer(below: length), tiesHead: index % 3 == 0)
  }
}

extension LayerCache {
  /// The numbers alive in each KV head, as bits: [KV head][entry][number], keys and values.
  var aliveBits: [[[UInt64]]] {
    let width = keys.columns / alive.count
    return alive.enumerated().map { g, entries in
      let columns = g * width..<(g + 1) * width
      return keys.columns(columns).bits(entries) + values.columns(columns).bits(entries)
    }
  }
}
