// A small random Llama that pools, and texts for it, from one seed, for the suite of BAS-26.

import LoMA
import LoMAPeers
import LoMAPeersReference
import LoMAReference
import NaiveLlama
import Testing

/// A model, and the rows of a text of whole chunks.
struct PooledSample {
  var seed: UInt64 = 1
  var heads = AttentionHeads(query: 4, keyValue: 2, dimension: 4)
  var layers = 2
  /// The factor of the rows that make the channel that decides, so that decisions of both kinds stand.
  var spread = 6.0

  func configuration() throws -> Configuration {
    try Configuration(
      vocabularySize: 12, hiddenSize: 8, intermediateSize: 12, layers: layers, queryHeads: heads.query,
      keyValueHeads: heads.keyValue, headDimension: heads.dimension, epsilon: 0x1p-10, theta: 100, tiesHead: false)
  }

  func weights() throws -> ParameterSet {
    var numbers = SeededNumbers(seed: seed)
    let configuration = try configuration()
    var weights = ParameterSet.highVariance(configuration, numbers: &numbers)
    for layer in 0..<layers {
      for name in [ParameterName.layer(layer).query, ParameterName.layer(layer).key] {
        var tensor = try #require(weights.tensors[name])
        for row in stride(from: heads.dimension - 1, to: tensor.rows, by: heads.dimension) {
          for column in 0..<tensor.columns { tensor[row, column] *= spread }
        }
        weights.tensors[name] = tensor
      }
    }
    return weights
  }

  func model(_ weights: ParameterSet? = nil) throws -> PooledModel {
    PooledModel(
      configuration: try configuration(), weights: Weights(try weights ?? self.weights()),
      functions: .llama(workers: .single))
  }

  /// A text of chunks of 3 tokens, as training has it: positions and labels of LoMA's twin.
  func text(chunks: Int, seed: UInt64) throws -> PooledRows {
    var numbers = SeededNumbers(seed: seed)
    return try text((0..<3 * chunks).map { _ in numbers.integer(below: 10) })
  }

  func text(_ tokens: [Int]) throws -> PooledRows {
    let rows = try Layout.training(
      text: tokens, vocabulary: try Vocabulary(textSize: 10), parameters: try Parameters(c: 3, t: 1), profile: .base
    ).rows
    return PooledRows(training: rows.filter { $0.place.zone != .memory })
  }

  /// The same text with what was asked when so many tokens were read: the chunks that were whole then.
  static func asked(_ text: PooledRows, held: Int) -> PooledRows {
    let reading = Array(text.rows[..<text.tokens])
    let repetition = text.rows[text.tokens...].filter { row in
      guard case .repetition(let chunk, _) = row.place else { return false }
      return 3 * (chunk + 1) <= held
    }
    return PooledRows(reading: reading, repetition: repetition, held: held)
  }
}
