// MSK-11, LOS-4: texts of different lengths side by side. Decision D-6.

/// Layouts padded on the right to one common number of rows.
public struct Batch: Hashable, Sendable {
  /// The rows of each text; all texts have `rowCount` of them.
  public let texts: [[Row]]
  /// The padded length, the largest of the layouts.
  public let rowCount: Int

  /// Pads every layout to the longest with rows that see only themselves (MSK-11).
  public init(_ layouts: [Layout]) { self.init(rows: layouts.map { $0.rows }) }

  /// Pads the rows of several texts to the longest likewise.
  public init(rows texts: [[Row]]) {
    let longest = texts.map { $0.count }.max() ?? 0
    let pad = Row(token: 0, place: .pad, position: 0, label: nil)
    self.rowCount = longest
    self.texts = texts.map { $0 + Array(repeating: pad, count: longest - $0.count) }
  }

  /// How many rows a term's mean pools, over all texts together (LOS-4).
  public func labelledRows(_ term: LossTerm) -> Int {
    var count = 0
    for rows in texts {
      for row in rows where row.lossTerm == term { count += 1 }
    }
    return count
  }
}
