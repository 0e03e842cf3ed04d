// EQB-5, EQB-6: a text in the twin's cache, and what a method leaves of it gives back.

import LoMA
import LoMAPeers
import LoMAPeersReference
import NaiveLlama

/// The first n tokens of a text, prefilled once, which every method with a plain prefill starts from.
package struct TwinText: Sendable {
  private let model: CachedDecoder
  private let rows: MomentRows
  private let prefill: CachedTrace

  /// Reads the rows fed before the moment.
  package init(_ rows: MomentRows, model: CachedDecoder) throws(PeerReferenceError) {
    self.model = model
    self.rows = rows
    prefill = try Self.prefill(rows, through: model)
  }

  private static func prefill(
    _ rows: MomentRows, through decoder: CachedDecoder
  ) throws(PeerReferenceError) -> CachedTrace {
    try decoder.prefill(
      embeddings: try decoder.embed(rows.fed.map { $0.token }), positions: rows.fed.map { $0.position },
      visible: .causal(rows: rows.fed.count, behind: 0))
  }

  /// What a method leaves, and the bits of it.
  package func left(by method: TwinMethod) throws(PeerReferenceError) -> (caches: [LayerCache], bits: Int) {
    let trace = method.hasPlainPrefill ? prefill : try Self.prefill(rows, through: method.decoder)
    let caches = try method.decoder.compress(trace, by: method.policy)
    var bits = 0
    for cache in caches { bits = try peers(try StoredBits.sum(bits, cache.bits)) }
    return (caches, bits)
  }

  /// What caches give back, read by a method's decoder. A repetition row sees the entries of its chunk and the
  /// repetition rows of it before; a reading row all entries.
  package func measured(
    _ caches: [LayerCache], by method: TwinMethod, vocabulary: Vocabulary, chunkLength: Int
  ) throws(PeerReferenceError) -> Measured {
    let next = VisibleKeys.causal(rows: rows.next.count, behind: rows.fed.count)
    var measured = Measured()
    measured.count(
      rows, repetition: try recite(caches, method, chunkLength),
      next: rows.next.isEmpty ? nil : try logits(rows.next, next, caches, method.decoder), vocabulary: vocabulary,
      length: chunkLength)
    return measured
  }

  /// The tokens that the repetition rows of all chunks choose, chunk by chunk.
  package func recital(
    _ caches: [LayerCache], by method: TwinMethod, vocabulary: Vocabulary, chunkLength: Int
  ) throws(PeerReferenceError) -> [Int] {
    let logits = try recite(caches, method, chunkLength)
    return (0..<logits.rows).map { vocabulary.greedyToken(Array(logits.row($0))) }
  }

  /// The logits of all repetition rows in one pass.
  private func recite(
    _ caches: [LayerCache], _ method: TwinMethod, _ chunkLength: Int
  ) throws(PeerReferenceError) -> Tensor {
    let entries = rows.fed.count
    let visible = VisibleKeys(
      lists: rows.repetition.indices.map { row in
        let first = row / chunkLength * chunkLength
        return Array(first..<first + chunkLength) + (first...row).map { entries + $0 }
      }, keyCount: entries + rows.repetition.count)
    return try logits(rows.repetition, visible, caches, method.decoder)
  }

  private func logits(
    _ fed: [Row], _ visible: VisibleKeys, _ caches: [LayerCache], _ decoder: CachedDecoder
  ) throws(PeerReferenceError) -> Tensor {
    try decoder.feed(
      embeddings: try decoder.embed(fed.map { $0.token }), positions: fed.map { $0.position }, visible: visible,
      past: caches
    ).logits
  }
}
