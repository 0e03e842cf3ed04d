// MOD-7, CCM-33: the stable names of all tensors that a pass with compressed context memory computes.

import LoMAPeersReference
import NaiveLlama

extension ContextTrace {
  /// Every intermediate under its name of MOD-7, in the order of computation.
  ///
  /// Keys and values of SUM rows are the merged ones (CCM-33).
  package var named: [(name: String, tensor: Tensor)] {
    var list: [(name: String, tensor: Tensor)] = []
    for (index, layer) in layers.enumerated() {
      let prefix = "layers.\(index)."
      list += [
        ("hidden.\(index)", layer.input),
        (prefix + "attention.norm", layer.attentionNorm), (prefix + "attention.query", layer.query),
        (prefix + "attention.key", layer.written.keys), (prefix + "attention.value", layer.written.values),
        (prefix + "attention.probabilities", layer.attention.probabilities),
        (prefix + "attention.context", layer.attention.context),
        (prefix + "attention.output", layer.attentionOutput), (prefix + "middle", layer.attentionResidual),
        (prefix + "feed_forward.norm", layer.feedForwardNorm), (prefix + "feed_forward.gate", layer.gate),
        (prefix + "feed_forward.up", layer.up), (prefix + "feed_forward.activation", layer.activation),
        (prefix + "feed_forward.output", layer.feedForwardOutput),
      ]
    }
    list += [("hidden.\(layers.count)", hidden), ("final_norm", finalNorm), ("logits", logits)]
    return list
  }
}
