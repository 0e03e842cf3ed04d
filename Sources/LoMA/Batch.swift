// MSK-11, LOS-4: texts of different lengths side by side. Decision D-6.

/// The layouts of several texts, padded on the right to the same number of rows.
public struct Batch: Hashable, Sendable {
  /// The rows by text; every text has `rowCount` of them.
  public let texts: [[Row]]
  /// The padded number of rows: that of the longest layout.
  public let rowCount: Int

  /// Pads every layout to the longest one with rows that see only themselves (MSK-11).
  public init(_ layouts: [Layout]) { self.init(rows: layouts.map { $0.rows }) }

  /// Pads the rows of several texts to the longest one with rows that see only themselves (MSK-11).
  public init(rows texts: [[Row]]) {
    let longest = texts.map { $0.count }.max() ?? 0
    let pad = Row(token: 0, place: .pad, position: 0, label: nil)
    self.rowCount = longest
    self.texts = texts.map { $0 + Array(repeating: pad, count: longest - $0.count) }
  }

  /// The number of rows, over all texts, whose losses the mean of a term is taken over (LOS-4).
  public func labelledRows(_ term: LossTerm) -> Int {
    var count = 0
    for rows in texts {
      for row in rows where row.lossTerm == term { count += 1 }
    }
    return count
  }
}
