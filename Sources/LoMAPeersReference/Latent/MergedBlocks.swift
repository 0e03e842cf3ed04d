// EQB-10, CCM-17, CCM-18: the running means of some rows' entries, as further keys of the rows that come later; forward,
// then backward. There are no SUM rows: what they would hold is read in their place.

import LoMA
import LoMAPeers
import NaiveLlama

/// The rows of each segment's memory, and how their keys and values are merged.
package struct MergedBlocks: Hashable, Sendable {
  /// As many rows in every block, by rising segment.
  package let blocks: [[Int]]
  /// How a segment enters.
  package let rate: MergeRate

  /// Nothing is merged.
  package static let none = MergedBlocks(blocks: [], rate: .mean)

  private init(blocks: [[Int]], rate: MergeRate) {
    (self.blocks, self.rate) = (blocks, rate)
  }

  /// The memory rows of a text, which stand by rising chunk; none of them without a rate.
  package init(of rows: [Row], rate: MergeRate?) {
    guard let rate else {
      self = .none
      return
    }
    var blocks: [[Int]] = []
    for (r, row) in rows.enumerated() {
      guard case .memory(let chunk, _) = row.place else { continue }
      if blocks.count == chunk { blocks.append([]) }
      precondition(blocks.count == chunk + 1, "memory rows by rising chunk")
      blocks[chunk].append(r)
    }
    self.init(blocks: blocks, rate: rate)
  }

  /// The number of keys that M_1 … M_T are.
  package var count: Int { blocks.reduce(0) { $0 + $1.count } }

  /// M_1 … M_T one behind the other, of the keys and values of all rows; none without blocks.
  package func means(of entries: StoredEntries, _ functions: LayerFunctions) -> StoredEntries {
    let segments = blocks.map {
      KeyValues(keys: entries.keys.selecting(rows: $0), values: entries.contents.selecting(rows: $0))
    }
    return MergedMemory.means(of: segments, rate: rate).reduce(entries.selecting([])) { all, mean in
      all.appending(StoredEntries(contents: functions.round(mean.values), keys: functions.round(mean.keys)))
    }
  }

  /// The gradient of all rows' entries, given that of M_1 … M_T followed by them.
  func backward(_ d: StoredEntries) -> StoredEntries {
    guard !blocks.isEmpty else { return d }
    return StoredEntries(contents: backward(d.contents), keys: backward(d.keys))
  }

  private func backward(_ d: Tensor) -> Tensor {
    var (dMeans, start): ([Tensor?], Int) = ([], 0)
    for block in blocks {
      dMeans.append(d.selecting(rows: Array(start..<start + block.count)))
      start += block.count
    }
    var dRows = d.selecting(rows: Array(start..<d.rows))
    let shape = [blocks[0].count, d.columns]
    for (block, gradient) in zip(blocks, MergedMemory.backward(dMeans, rate: rate, shape: shape)) {
      dRows.replace(rows: block, by: dRows.selecting(rows: block) + gradient)
    }
    return dRows
  }
}
