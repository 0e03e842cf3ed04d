// MOD-4: the attention of a text's training layout through a model, layer by layer.

import LoMA
import LoMAReference
import NaiveLlama

/// The probabilities of one layer.
package struct LayerAttention: Sendable {
  /// [H, rows, rows]: how much of its attention a query gives to a key.
  let probabilities: Tensor

  /// What a query gives a key, in one query head or on average over all.
  package func weight(query: Int, key: Int, head: Int?) -> Double {
    let (heads, rows) = (probabilities.shape[0], probabilities.shape[1])
    let chosen = head.map { $0..<$0 + 1 } ?? 0..<heads
    let sum = chosen.reduce(0) { $0 + probabilities.values[($1 * rows + query) * rows + key] }
    return sum / Double(chosen.count)
  }
}

extension LoadedModel {
  /// The number of query heads of a layer.
  package var queryHeads: Int { checkpoint.configuration.heads.query }

  /// The number of layers.
  package var layerCount: Int { checkpoint.configuration.layers }

  /// The attention of one text in the training layout, by layer. Throws `traceTooLarge` before the text is laid out.
  package func attention(text: [Int], threads: Int) throws(CheckpointError) -> [LayerAttention] {
    try refuseTooLarge([text])
    let rows: [Row]
    do throws(InputError) {
      rows = try Layout.training(text: text, vocabulary: vocabulary, parameters: parameters, profile: profile).rows
    } catch { throw .reference(.rejected(error)) }
    do throws(ModelError) {
      let trace = try transformer(workers: Workers(threads: threads)).forward(rows: rows, profile: profile)
      return trace.layers.map { LayerAttention(probabilities: $0.attention.probabilities) }
    } catch { throw .model(error) }
  }
}
