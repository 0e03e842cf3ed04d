// LAT-3: in which order a file has the rows that make rotated channels, and which rows those are.

/// How the channels that are rotated together stand in a weight.
package enum PairOrder: Hashable, CaseIterable, Sendable {
  /// Channel i with i + d_r/2, as everywhere in this project (P-6).
  case halfSplit
  /// Channel 2i with 2i + 1, as in DeepSeek's release: `rope_interleave`.
  case neighbours
}

extension LatentShape {
  /// Of every weight that makes rotated channels: for each row in half-split order, its row in neighbouring pairs.
  ///
  /// Row i of a rotated part is row 2i there, and row i + d_r/2 row 2i + 1. Empty under `entries = heads`.
  package var neighbouringRows: [(name: String, rows: [Int])] {
    guard case .latent(let widths) = attention.form else { return [] }
    let half = widths.rotated / 2
    func parts(_ count: Int, plain: Int) -> [Int] {
      var rows: [Int] = []
      for part in 0..<count {
        let first = part * (plain + widths.rotated)
        let rotated = first + plain
        rows += first..<rotated
        for i in 0..<half { rows.append(rotated + 2 * i) }
        for i in 0..<half { rows.append(rotated + 2 * i + 1) }
      }
      return rows
    }
    let (queries, down) = (parts(widths.heads, plain: widths.plain), parts(1, plain: widths.latent))
    var list: [(name: String, rows: [Int])] = []
    for layer in 0..<layers {
      let name = LatentLayerNames(index: layer)
      list.append((widths.queryLatent == nil ? name.query : name.queryUp, queries))
      if attention.isProducer(layer) { list.append((name.keyValueDown, down)) }
    }
    return list
  }
}
