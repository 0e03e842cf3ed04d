// MOD-7, CCM-33: the names of all tensors that a pass with compressed context memory computes.

import LoMAPeersReference
import NaiveLlama

extension ContextLayerTrace: LayerIntermediates {
  /// Those of SUM rows are the merged ones (CCM-33).
  var kept: KeyValues { written }
}

extension ContextTrace {
  /// Every intermediate under its name of MOD-7, in the order of computation.
  package var named: [(name: String, tensor: Tensor)] {
    intermediates(of: layers, hidden: hidden, finalNorm: finalNorm, logits: logits)
  }
}
