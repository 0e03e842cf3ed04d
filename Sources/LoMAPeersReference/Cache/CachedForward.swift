// BAS-1, BAS-5, BAS-9: a text whose first T tokens are prefilled, compressed once, and read by the tokens that follow.

import LoMAPeers
import NaiveLlama

/// A text through a decoder over cached entries.
package struct CachedForward: Sendable {
  package let prefill: CachedTrace
  /// What each layer keeps of the prefill, an entry for every row of it.
  package let caches: [LayerCache]
  /// The logits from the prefill's last row on: [N − T + 1, V'].
  package let logits: Tensor
  /// What each layer keeps after the last token.
  package let after: [LayerCache]

  /// The bits of all layers after the prefill (BAS-6). Throws `cacheSizeOutOfRange`.
  package var bits: Int {
    get throws(PeerError) {
      var bits = 0
      for cache in caches { bits = try StoredBits.sum(bits, cache.bits) }
      return bits
    }
  }
}

extension CachedDecoder {
  /// N tokens of an ordinary text, of which the first T are the prefill. Those behind it are fed one a pass, or in one
  /// pass where `passLength` allows; the result does not depend on it.
  ///
  /// Throws `prefillOutOfRange` unless 1 ≤ T ≤ N, and whatever the method throws.
  package func forward(
    _ tokens: [Int], prefill length: Int, policy: CachePolicy?, passLength: Int
  ) throws(PeerReferenceError) -> CachedForward {
    precondition(passLength >= 1, "at least one token a pass")
    guard length >= 1, length <= tokens.count else {
      throw .rejected(.prefillOutOfRange(length, limit: tokens.count))
    }
    let embeddings = try embed(tokens)
    let prefill = try prefill(
      embeddings: embeddings.selecting(rows: Array(0..<length)), positions: Array(0..<length),
      visible: .causal(rows: length, behind: 0))
    let kept = try compress(prefill, by: policy)
    var logits = prefill.logits.selecting(rows: [prefill.logits.rows - 1])
    var caches = kept
    let first = rules.nextPosition(length, kept)
    for start in stride(from: length, to: tokens.count, by: passLength) {
      let rows = Array(start..<start + min(tokens.count - start, passLength))
      let trace = try feed(
        embeddings: embeddings.selecting(rows: rows), positions: rows.map { first + $0 - length },
        visible: .causal(rows: rows.count, behind: start), past: caches)
      logits = logits.appending(trace.logits)
      caches = trace.caches
    }
    return CachedForward(prefill: prefill, caches: kept, logits: logits, after: caches)
  }
}

extension VisibleKeys {
  /// Rows of an ordinary text behind so many entries: each sees all entries, the rows before it, and itself.
  package static func causal(rows: Int, behind entries: Int) -> VisibleKeys {
    VisibleKeys(lists: (0..<rows).map { Array(0...entries + $0) }, keyCount: entries + rows)
  }

  /// The same rows, of the entries seeing only those that `sees` allows a row.
  package static func causal(
    rows: Int, behind entries: Int, sees: (_ row: Int, _ entry: Int) -> Bool
  ) -> VisibleKeys {
    VisibleKeys(
      lists: (0..<rows).map { row in (0..<entries).filter { sees(row, $0) } + Array(entries...entries + row) },
      keyCount: entries + rows)
  }
}
