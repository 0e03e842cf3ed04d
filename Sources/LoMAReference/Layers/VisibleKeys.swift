// MSK, GEN-3: which keys each query selects. A hidden key has no part in any result (MSK-12).

import LoMA

/// For every query row, the key rows it sees, in row order.
public struct VisibleKeys: Hashable, Sendable {
  /// One list of rising key indices per query; never empty (MSK-10).
  public let lists: [[Int]]
  /// How many keys there are, seen or not.
  public let keyCount: Int

  /// Checks that every query sees something, in rising order and within the keys.
  public init(lists: [[Int]], keyCount: Int) {
    for list in lists {
      precondition(!list.isEmpty, "every row sees itself")
      precondition(zip(list, list.dropFirst()).allSatisfy { $0 < $1 }, "keys rise")
      precondition(list[0] >= 0 && list[list.count - 1] < keyCount, "keys exist")
    }
    self.lists = lists
    self.keyCount = keyCount
  }

  /// The keys of a mask over one text's rows, each row query and key.
  public init(_ mask: Mask) {
    self.init(mask, queries: mask.rows.indices)
  }

  /// The keys that some rows of a mask see.
  public init(_ mask: Mask, queries: Range<Int>) {
    self.init(lists: queries.map { mask.visibleKeys(of: $0) }, keyCount: mask.rows.count)
  }
}
