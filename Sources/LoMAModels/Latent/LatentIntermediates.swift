// MOD-7: the stable names of all tensors that a pass with latent attention computes.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama

extension LatentModel {
  /// Every intermediate of a pass under its name, in the order of computation.
  ///
  /// Names are MOD-7's. Under `entries = latent` there is no `attention.key` and no `attention.value`; producers have
  /// `attention.latent` and `attention.rotated_key`, and as they are read `attention.stored_latent` and
  /// `attention.stored_rotated_key`. Under `entries = heads` producers alone have keys and values.
  package func named(
    _ trace: LatentTrace, positions: [Int]
  ) throws(ModelError) -> [(name: String, tensor: Tensor)] {
    var list: [(name: String, tensor: Tensor)] = []
    for (index, layer) in trace.layers.enumerated() {
      let prefix = "layers.\(index)."
      list += [
        ("hidden.\(index)", layer.input), (prefix + "attention.norm", layer.attentionNorm),
        (prefix + "attention.query", layer.query),
      ]
      if let own = layer.own {
        if let made = try unquantised(layer: index, trace: layer, positions: positions) {
          list += [
            (prefix + "attention.latent", made.contents), (prefix + "attention.rotated_key", made.keys),
            (prefix + "attention.stored_latent", own.contents), (prefix + "attention.stored_rotated_key", own.keys),
          ]
        } else {
          list += [(prefix + "attention.key", own.keys), (prefix + "attention.value", own.contents)]
        }
      }
      list += [
        (prefix + "attention.probabilities", layer.attention.probabilities),
        (prefix + "attention.context", layer.attention.context), (prefix + "attention.output", layer.attentionOutput),
        (prefix + "middle", layer.attentionResidual), (prefix + "feed_forward.norm", layer.feedForwardNorm),
        (prefix + "feed_forward.gate", layer.gate), (prefix + "feed_forward.up", layer.up),
        (prefix + "feed_forward.activation", layer.activation),
        (prefix + "feed_forward.output", layer.feedForwardOutput),
      ]
    }
    return list + [
      ("hidden.\(trace.layers.count)", trace.hidden), ("final_norm", trace.finalNorm), ("logits", trace.logits),
    ]
  }
}
