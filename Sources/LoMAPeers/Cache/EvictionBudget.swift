// BAS-12: how many entries stay in a layer, and how ZigZagKV shares a total among layers.

/// The window and budget of one layer, checked.
package struct EvictionBudget: Hashable, Sendable {
  /// w, how many of the last entries stay, and whose attention chooses the others.
  package let window: Int
  /// B, how many entries stay in each KV head, those of the window among them.
  package let budget: Int

  /// Throws `windowOutOfRange` unless 1 ≤ w ≤ T, then `budgetBelowWindow` unless B ≥ w.
  package init(window: Int, budget: Int, rows: Int) throws(PeerError) {
    try CacheChecks.window(window, rows: rows)
    guard budget >= window else { throw .budgetBelowWindow(budget, window: window) }
    self.window = window
    self.budget = budget
  }

  /// The entries that stay of T: min(B, T).
  package func kept(of rows: Int) -> Int { min(budget, rows) }

  /// The bits of a layer: 2·G·d·16·min(B, T). Throws `cacheSizeOutOfRange`.
  package func bits(rows: Int, heads: Int, dimension: Int) throws(PeerError) -> Int {
    try StoredBits.whole(entries: kept(of: rows), width: StoredBits.product(heads, dimension))
  }
}

/// What ZigZagKV shares among layers, checked.
package struct ZigZagBudget: Hashable, Sendable {
  /// w, the window of every layer.
  package let window: Int
  /// ΣB, the budgets of all layers together.
  package let total: Int
  /// B_min, the least budget of a layer.
  package let least: Int
  /// L.
  package let layers: Int
  /// T.
  package let rows: Int

  /// Throws `windowOutOfRange` unless 1 ≤ w ≤ T, then `budgetOutOfRange` unless B_min ≥ w and
  /// L·B_min ≤ ΣB ≤ L·T.
  package init(window: Int, total: Int, least: Int, layers: Int, rows: Int) throws(PeerError) {
    try CacheChecks.window(window, rows: rows)
    let most = try StoredBits.product(layers, rows)
    guard least >= window, least <= rows, total <= most, total >= layers * least else {
      throw .budgetOutOfRange(total)
    }
    self.window = window
    self.total = total
    self.least = least
    self.layers = layers
    self.rows = rows
  }

  /// B_l by layer, given c_l ≥ 1, what the heads of each layer need together: B_min + R·c_l/Σc with R = ΣB − L·B_min,
  /// rounded down and at most T; then +1 each by falling remainder, of equals the lower layer first, round after round,
  /// in layers below T, until the sum is ΣB. Throws `cacheSizeOutOfRange` if a product fits no `Int`.
  package func budgets(_ needs: [Int]) throws(PeerError) -> [Int] {
    precondition(needs.count == layers && needs.allSatisfy { $0 >= 1 }, "a need of at least one entry per layer")
    var sum = 0
    for need in needs { sum = try StoredBits.sum(sum, need) }
    let shared = total - layers * least
    var (budgets, remainders): ([Int], [Int]) = ([], [])
    for need in needs {
      let (share, remainder) = try StoredBits.product(shared, need).quotientAndRemainder(dividingBy: sum)
      budgets.append(min(least + share, rows))
      remainders.append(remainder)
    }
    let order = (0..<layers).sorted { (-remainders[$0], $0) < (-remainders[$1], $1) }
    var missing = total - budgets.reduce(0, +)
    while missing > 0 {
      let open = order.filter { budgets[$0] < rows }
      // So many rounds pass before a layer is full, or fewer are missing than layers are open.
      let rounds = min(missing / open.count, open.reduce(rows) { min($0, rows - budgets[$1]) })
      let given = rounds > 0 ? open : Array(open.prefix(missing))
      for layer in given { budgets[layer] += max(rounds, 1) }
      missing -= max(rounds, 1) * given.count
    }
    return budgets
  }

  /// The bits of all layers: 2·G·d·16·ΣB. Throws `cacheSizeOutOfRange`.
  package func bits(heads: Int, dimension: Int) throws(PeerError) -> Int {
    try StoredBits.whole(entries: total, width: StoredBits.product(heads, dimension))
  }
}
