// EQB-10, CCM-17, CCM-18: the running means of some rows' keys and values, as further keys of the rows that come later;
// forward, then backward. There are no SUM rows: what they would hold is read in their place.

import LoMA
import LoMAPeers
import NaiveLlama

/// The rows of each segment's memory, and how their keys and values are merged.
package struct MergedBlocks: Hashable, Sendable {
  /// As many rows in every block, by rising segment.
  package let blocks: [[Int]]
  /// How a segment enters.
  package let rate: MergeRate

  /// The memory rows of a text, which stand by rising chunk.
  package init(of rows: [Row], rate: MergeRate) {
    var blocks: [[Int]] = []
    for (r, row) in rows.enumerated() {
      guard case .memory(let chunk, _) = row.place else { continue }
      if blocks.count == chunk { blocks.append([]) }
      precondition(blocks.count == chunk + 1, "memory rows by rising chunk")
      blocks[chunk].append(r)
    }
    (self.blocks, self.rate) = (blocks, rate)
  }

  /// M_1 … M_T one behind the other, of the keys and values of all rows; none without blocks.
  package func means(of rows: KeyValues) -> KeyValues {
    MergedMemory.means(of: blocks.map { rows.selecting($0) }, rate: rate).reduce(rows.selecting([])) {
      $0.appending($1)
    }
  }

  /// M_T alone, which is what a cache holds; nothing without blocks.
  package func last(of rows: KeyValues) -> KeyValues {
    MergedMemory.means(of: blocks.map { rows.selecting($0) }, rate: rate).last ?? rows.selecting([])
  }

  /// The gradient of all rows' keys, or values, given that of M_1 … M_T followed by them.
  package func backward(_ d: Tensor) -> Tensor {
    guard let first = blocks.first else { return d }
    var (dMeans, start): ([Tensor?], Int) = ([], 0)
    for block in blocks {
      dMeans.append(d.selecting(rows: Array(start..<start + block.count)))
      start += block.count
    }
    var dRows = d.selecting(rows: Array(start..<d.rows))
    for (block, gradient) in zip(
      blocks, MergedMemory.backward(dMeans, rate: rate, shape: [first.count, d.columns]))
    {
      dRows.replace(rows: block, by: dRows.selecting(rows: block) + gradient)
    }
    return dRows
  }
}
