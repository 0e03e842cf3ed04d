// LAT-10: the names and shapes of a model's weights.

/// The integers that shape a decoder with latent attention.
package struct LatentShape: Hashable, Sendable {
  /// V'.
  package let vocabularySize: Int
  /// D.
  package let hiddenSize: Int
  /// M.
  package let intermediateSize: Int
  /// The number of layers.
  package let layers: Int
  /// Whether the head is the embedding table.
  package let tiesHead: Bool
  /// The decisions, s and the widths of attention.
  package let attention: LatentParameters

  /// A shape of these sizes.
  package init(
    vocabularySize: Int, hiddenSize: Int, intermediateSize: Int, layers: Int, tiesHead: Bool,
    attention: LatentParameters
  ) {
    self.vocabularySize = vocabularySize
    self.hiddenSize = hiddenSize
    self.intermediateSize = intermediateSize
    self.layers = layers
    self.tiesHead = tiesHead
    self.attention = attention
  }

  /// Every weight with its shape, in the order of the forward pass.
  package var parameters: [(name: String, shape: [Int])] {
    let (hidden, inner) = (hiddenSize, intermediateSize)
    var list: [(name: String, shape: [Int])] = [("model.embed_tokens.weight", [vocabularySize, hidden])]
    for layer in 0..<layers {
      let name = LatentLayerNames(index: layer)
      list.append((name.attentionNorm, [hidden]))
      list += attentionParameters(layer)
      list += [
        (name.feedForwardNorm, [hidden]), (name.gate, [inner, hidden]), (name.up, [inner, hidden]),
        (name.down, [hidden, inner]),
      ]
    }
    list.append(("model.norm.weight", [hidden]))
    if !tiesHead { list.append(("lm_head.weight", [vocabularySize, hidden])) }
    return list
  }

  /// The weights of one layer's attention; a consumer has none of those that write.
  private func attentionParameters(_ layer: Int) -> [(name: String, shape: [Int])] {
    let (hidden, name) = (hiddenSize, LatentLayerNames(index: layer))
    let writes = attention.isProducer(layer)
    var list: [(name: String, shape: [Int])] = []
    switch attention.form {
    case .heads(let query, let keyValue, let dimension):
      list.append((name.query, [query * dimension, hidden]))
      if writes {
        list += [(name.key, [keyValue * dimension, hidden]), (name.value, [keyValue * dimension, hidden])]
      }
      list.append((name.output, [hidden, query * dimension]))
    case .latent(let widths):
      if let queryLatent = widths.queryLatent {
        list += [
          (name.queryDown, [queryLatent, hidden]), (name.queryNorm, [queryLatent]),
          (name.queryUp, [widths.heads * widths.key, queryLatent]),
        ]
      } else {
        list.append((name.query, [widths.heads * widths.key, hidden]))
      }
      if writes {
        list.append((name.keyValueDown, [widths.latent + widths.rotated, hidden]))
        switch attention.profile.latentNorm {
        case .on: list.append((name.latentNorm, [widths.latent]))
        case .off: break
        }
      }
      let makesItsOwn =
        switch attention.profile.upProjection {
        case .own: true
        case .shared: writes
        }
      if makesItsOwn { list.append((name.keyValueUp, [widths.heads * (widths.plain + widths.value), widths.latent])) }
      list.append((name.output, [hidden, widths.heads * widths.value]))
    }
    return list
  }
}

/// The names of a layer's weights, those of Hugging Face's DeepseekV3 and Llama.
package struct LatentLayerNames: Hashable, Sendable {
  /// The layer's number, counted from 0.
  package let index: Int

  /// The names in the layer of that number.
  package init(index: Int) { self.index = index }

  private var prefix: String { "model.layers.\(index)." }
  private var attention: String { prefix + "self_attn." }

  /// The gain of the RMSNorm before attention: [D].
  package var attentionNorm: String { prefix + "input_layernorm.weight" }
  /// W_Q: [H·(d_n + d_r), D], or MOD-4's.
  package var query: String { attention + "q_proj.weight" }
  /// W_DQ: [d_q, D].
  package var queryDown: String { attention + "q_a_proj.weight" }
  /// The gain of the query latent's norm: [d_q].
  package var queryNorm: String { attention + "q_a_layernorm.weight" }
  /// W_UQ: [H·(d_n + d_r), d_q].
  package var queryUp: String { attention + "q_b_proj.weight" }
  /// W_DKV, then W_KR: [d_c + d_r, D].
  package var keyValueDown: String { attention + "kv_a_proj_with_mqa.weight" }
  /// The gain of the latent's norm: [d_c].
  package var latentNorm: String { attention + "kv_a_layernorm.weight" }
  /// W_UK and W_UV, head by head: [H·(d_n + d_v), d_c].
  package var keyValueUp: String { attention + "kv_b_proj.weight" }
  /// W_K of `entries = heads`: [H_kv·d, D].
  package var key: String { attention + "k_proj.weight" }
  /// W_V of `entries = heads`: [H_kv·d, D].
  package var value: String { attention + "v_proj.weight" }
  /// W_O: [D, H·d_v].
  package var output: String { attention + "o_proj.weight" }
  /// The gain of the RMSNorm before the feed-forward block: [D].
  package var feedForwardNorm: String { prefix + "post_attention_layernorm.weight" }
  /// [M, D].
  package var gate: String { prefix + "mlp.gate_proj.weight" }
  /// [M, D].
  package var up: String { prefix + "mlp.up_proj.weight" }
  /// [D, M].
  package var down: String { prefix + "mlp.down_proj.weight" }
}
