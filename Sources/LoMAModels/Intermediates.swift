// MOD-7: the stable names of all tensors that a forward pass computes.

import NaiveLlama

extension ForwardTrace {
  /// Every intermediate with its name, in the order of computation.
  ///
  /// `hidden.0` is the embedding, `hidden.N` the output of layer N − 1.
  package var named: [(name: String, tensor: Tensor)] {
    var list: [(name: String, tensor: Tensor)] = []
    for (index, layer) in layers.enumerated() {
      let prefix = "layers.\(index)."
      list += [
        ("hidden.\(index)", layer.input),
        (prefix + "attention.norm", layer.attentionNorm), (prefix + "attention.query", layer.query),
        (prefix + "attention.key", layer.own.keys), (prefix + "attention.value", layer.own.values),
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
