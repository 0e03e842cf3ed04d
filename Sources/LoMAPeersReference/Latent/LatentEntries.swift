// LAT-4: what a producer made of some rows before it was quantised, for captures.

import LoMAPeers
import NaiveLlama

extension LatentModel {
  /// c and k^R of a layer's rows, from its trace; nil in consumers, and under `entries = heads`, where nothing is
  /// quantised.
  package func unquantised(
    layer: Int, trace: LatentLayerTrace, positions: [Int]
  ) throws(ModelError) -> StoredEntries? {
    guard case .latent(let widths) = attention.form, let projected = trace.down else { return nil }
    let down = LatentDown(
      projected: projected, gain: try latentGain(LatentLayerNames(index: layer)),
      epsilon: configuration.latentEpsilon, angles: angles(of: positions), widths: widths, functions: functions)
    return rules.unquantised(down)
  }
}
