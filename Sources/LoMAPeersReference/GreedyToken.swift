// CCM-27, LAT-15, after GEN-5: which token is chosen from a row of logits.

/// The lowest id among the exact maxima of a row of logits.
package func greedyToken(_ logits: [Double]) -> Int {
  var best = 0
  for id in logits.indices where logits[id] > logits[best] { best = id }
  return best
}
