// MOD-7: the stable names of all tensors that a forward pass computes.

import NaiveLlama

/// What a decoder layer computes, with or without compressed context memory.
protocol LayerIntermediates {
  var input: Tensor { get }
  var attentionNorm: Tensor { get }
  var query: Tensor { get }
  /// Keys and values of the pass's own rows, as they are read.
  var kept: KeyValues { get }
  var attention: AttentionOutput { get }
  var attentionOutput: Tensor { get }
  var attentionResidual: Tensor { get }
  var feedForwardNorm: Tensor { get }
  var gate: Tensor { get }
  var up: Tensor { get }
  var activation: Tensor { get }
  var feedForwardOutput: Tensor { get }
}

extension DecoderLayerTrace: LayerIntermediates {
  var kept: KeyValues { own }
}

/// Every intermediate of a pass with its name, in the order of computation.
///
/// `hidden.0` is the embedding, `hidden.N` the output of layer N − 1.
func intermediates(
  of layers: [some LayerIntermediates], hidden: Tensor, finalNorm: Tensor, logits: Tensor
) -> [(name: String, tensor: Tensor)] {
  var list: [(name: String, tensor: Tensor)] = []
  for (index, layer) in layers.enumerated() {
    let prefix = "layers.\(index)."
    list += [
      ("hidden.\(index)", layer.input),
      (prefix + "attention.norm", layer.attentionNorm), (prefix + "attention.query", layer.query),
      (prefix + "attention.key", layer.kept.keys), (prefix + "attention.value", layer.kept.values),
      (prefix + "attention.probabilities", layer.attention.probabilities),
      (prefix + "attention.context", layer.attention.context),
      (prefix + "attention.output", layer.attentionOutput), (prefix + "middle", layer.attentionResidual),
      (prefix + "feed_forward.norm", layer.feedForwardNorm), (prefix + "feed_forward.gate", layer.gate),
      (prefix + "feed_forward.up", layer.up), (prefix + "feed_forward.activation", layer.activation),
      (prefix + "feed_forward.output", layer.feedForwardOutput),
    ]
  }
  return list + [("hidden.\(layers.count)", hidden), ("final_norm", finalNorm), ("logits", logits)]
}

extension ForwardTrace {
  /// Every intermediate with its name, in the order of computation.
  package var named: [(name: String, tensor: Tensor)] {
    intermediates(of: layers, hidden: hidden, finalNorm: finalNorm, logits: logits)
  }
}
