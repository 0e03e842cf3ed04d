// LAT-2…LAT-6: what latent attention decides on top of a decoder, as one value. The Spec's is the one instance here; a
// deliberately wrong one is another, so the passes have no switch for it.

import LoMAPeers
import NaiveLlama

/// What a producer's down-projection made of some rows, and what is needed to store it.
package struct LatentDown: Sendable {
  /// W_DKV y and W_KR y side by side: [rows, d_c + d_r].
  package let projected: Tensor
  /// The gain of the latent's norm; nil where it has none.
  package let gain: [Double]?
  /// ε of the latent's norm.
  package let epsilon: Double
  /// The angles of the rows; nil if d_r = 0.
  package let angles: RotaryAngles?
  /// The widths.
  package let widths: LatentWidths
  /// What each layer computes, and how its output is rounded.
  package let functions: LayerFunctions

  /// c before the quantiser: the norm of the first d_c columns, or these (LAT-4).
  package var latent: Tensor {
    let c = projected.columns(0..<widths.latent)
    guard let gain else { return c }
    return functions.rmsNorm(c, gain: gain, epsilon: epsilon)
  }

  /// k^R before the quantiser: the last d_r columns, rotated (LAT-4).
  package var rotatedKey: Tensor {
    let key = projected.columns(widths.latent..<widths.latent + widths.rotated)
    guard let angles else { return key }
    return functions.rotate(key, by: angles)
  }
}

/// The quantisers of an entry: of the latent in groups of g, of the rotated key as one group (LAT-4).
package struct EntryQuantisers: Hashable, Sendable {
  /// Q_b.
  package let latent: Quantiser
  /// Q_{b_r}.
  package let rotatedKey: Quantiser

  /// Throws `bitsOutOfRange`.
  package init(_ widths: LatentWidths, _ profile: LatentProfile) throws(PeerError) {
    latent = try Quantiser(
      form: profile.quantiser, bits: widths.bits, group: widths.group, scaleRounding: profile.scaleRounding)
    rotatedKey = try Quantiser(
      form: profile.quantiser, bits: widths.rotatedBits, group: max(widths.rotated, 1),
      scaleRounding: profile.scaleRounding)
  }
}

/// Who writes, what is stored, and how it is read.
package struct LatentRules: Sendable {
  /// LAT-2: the producer of a layer, given s.
  package var producer: @Sendable (_ layer: Int, _ stride: Int) -> Int = { layer, stride in layer / stride * stride }
  /// LAT-5: the layer whose up-projections are read, given the reading layer and its producer.
  package var upProjection: @Sendable (_ layer: Int, _ producer: Int, LatentProfile.UpProjection) -> Int = {
    layer, producer, axis in
    switch axis {
    case .own: layer
    case .shared: producer
    }
  }
  /// LAT-2: whether a consumer reads entries that its producer's weights make of the consumer's own input.
  package var remakesEntries = false
  /// LAT-3: the query latent, from W_DQ y, the norm's gain and ε.
  package var queryLatent: @Sendable (Tensor, [Double], Double, LayerFunctions) -> Tensor = { down, gain, epsilon, f in
    f.rmsNorm(down, gain: gain, epsilon: epsilon)
  }
  /// LAT-3: the queries [rows, H·(d_n + d_r)] with their rotated parts rotated; the angles are nil if d_r = 0.
  package var rotateQuery: @Sendable (Tensor, RotaryAngles?, LatentWidths, LayerFunctions) -> Tensor = {
    query, angles, widths, f in
    guard let angles else { return query }
    let parts = query.splitHeads(widths.heads, left: widths.plain)
    return Tensor.joinHeads(widths.heads, left: parts.left, right: f.rotate(parts.right, by: angles))
  }
  /// LAT-4: c and k^R of some rows, before the quantiser.
  package var unquantised: @Sendable (LatentDown) -> StoredEntries = {
    StoredEntries(contents: $0.latent, keys: $0.rotatedKey)
  }
  /// LAT-4: what is stored of some rows.
  package var entries: @Sendable (LatentDown, EntryQuantisers) -> StoredEntries = { down, quantisers in
    StoredEntries(
      contents: down.functions.round(quantisers.latent.quantised(down.latent)),
      keys: down.functions.round(quantisers.rotatedKey.quantised(down.rotatedKey)))
  }
  /// LAT-5: the latents that the up-projections get, from those stored, the gain of the producer's norm, nil where it has
  /// none, and ε; the same.
  package var read: @Sendable (Tensor, [Double]?, Double, LayerFunctions) -> Tensor = { stored, _, _, _ in stored }
  /// LAT-5: plain keys [entries, H·d_n] and values [entries, H·d_v] of all heads, from the up-projection's output.
  package var split: @Sendable (Tensor, LatentWidths) -> (plainKeys: Tensor, values: Tensor) = { up, widths in
    let parts = up.splitHeads(widths.heads, left: widths.plain)
    return (plainKeys: parts.left, values: parts.right)
  }
  /// LAT-6: what scores are multiplied with, 1/√(d_n + d_r), rounded once after the root and once after the division.
  package var scale: @Sendable (LatentWidths) -> Double = { 1 / Double($0.key).squareRoot() }
  /// LAT-15: the greedy token of a row of logits.
  package var choose: @Sendable ([Double]) -> Int = { greedyToken($0) }
  /// LAT-4: the gradient of what is quantised, given that of what is read; the same (P-21).
  package var quantiserBackward: @Sendable (Tensor) -> Tensor = { $0 }
  /// LAT-2: the gradient of a producer's entries by all that read them, given that of the later readers and that of this
  /// one; the sum.
  package var readersBackward: @Sendable (_ later: StoredEntries, _ reader: StoredEntries) -> StoredEntries = {
    StoredEntries(contents: $0.contents + $1.contents, keys: $0.keys + $1.keys)
  }
  /// LAT-5: the gradient of the one rotated key [entries, d_r], given those that H heads have of it [entries, H·d_r]; the
  /// sum.
  package var rotatedKeyBackward: @Sendable (Tensor, _ heads: Int) -> Tensor = { $0.summedOverHeads($1) }

  /// The rules of the Spec.
  package static let spec = LatentRules()
}
