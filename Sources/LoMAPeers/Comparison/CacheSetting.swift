// EQB-2, EQB-3: the settings of methods that act on the twin's cache: whole numbers, and the lists that are measured.
// They are derived from n and the heads by whole-number arithmetic, before anything is measured.

/// A method that acts on an ordinary model's cache, with its parameters.
package enum CacheSetting: Hashable, Sendable {
  /// Every entry, whole.
  case full
  /// The last entries alone: the line that every other method is held against (EQB-6).
  case last(entries: Int)
  /// Every key and value in b bits, a group for each token and KV head (QNT-1).
  case uniform(bits: Int)
  /// The last w entries and the best earlier ones, so many in all, in each KV head.
  case evict(window: Int, budget: Int)
  /// The same with budgets by layer that sum to a total, none below the least.
  case zigzag(window: Int, total: Int, least: Int)
  /// So many channels of every key pruned, but of the last R keys.
  case think(window: Int, pruned: Int, recent: Int)
  /// The n_low least salient entries in low bits, the others in high bits.
  case zipCache(low: Int, lowBits: Int, highBits: Int)
  /// The last ρ rows, and so many context rows that go on after each layer but the last.
  case pyramid(recent: Int, counts: [Int])
  /// So many layers read another one's cache; a search says which.
  case kvSharer(maps: Int)
  /// Keys and values through weights of this rank, their latents in b bits; nil: 16 bits.
  case lowRank(rank: Int, bits: Int?)
  /// Every key and value as s atoms of a dictionary of so many.
  case sparse(steps: Int, atoms: Int)
}

extension CacheSetting {
  /// The method's name in tables and on command lines.
  package var method: String {
    switch self {
    case .full: "full"
    case .last: "last"
    case .uniform: "uniform"
    case .evict: "evict"
    case .zigzag: "zigzag"
    case .think: "think"
    case .zipCache: "zipcache"
    case .pyramid: "pyramid"
    case .kvSharer: "kvsharer"
    case .lowRank(_, let bits): bits == nil ? "lorc" : "quantised-lorc"
    case .sparse: "csr"
    }
  }

  /// The parameters, as `high=4 low=2 entries=25`; empty where there are none.
  package var parameters: String {
    func bits(_ count: Int) -> String { count == 0 ? "none" : "\(count)" }
    return switch self {
    case .full: ""
    case .last(let entries): "entries=\(entries)"
    case .uniform(let bits): "bits=\(bits)"
    case .evict(let window, let budget): "window=\(window) entries=\(budget)"
    case .zigzag(let window, let total, let least): "window=\(window) total=\(total) least=\(least)"
    case .think(let window, let pruned, let recent): "window=\(window) pruned=\(pruned) recent=\(recent)"
    case .zipCache(let low, let lowBits, let highBits):
      "high=\(bits(highBits)) low=\(bits(lowBits)) entries=\(low)"
    case .pyramid(let recent, let counts):
      "recent=\(recent) counts=" + counts.map { "\($0)" }.joined(separator: ",")
    case .kvSharer(let maps): "maps=\(maps)"
    case .lowRank(let rank, let bits): bits.map { "rank=\(rank) bits=\($0)" } ?? "rank=\(rank)"
    case .sparse(let steps, let atoms): "steps=\(steps) atoms=\(atoms)"
    }
  }

  /// Every setting that is measured on a twin at a moment (EQB-2), method by method, the larger first.
  package static func measured(
    length n: Int, layers: Int, keyValueHeads: Int, dimension d: Int
  ) -> [CacheSetting] {
    var settings: [CacheSetting] = [.full]
    let entries = unique((0...6).map { n >> $0 }.filter { $0 >= 1 })
    settings += (entries + [0]).map { .last(entries: $0) }
    settings += [8, 4, 3, 2, 1].map { .uniform(bits: $0) }
    for budget in entries.dropFirst() { settings.append(.evict(window: max(1, budget / 4), budget: budget)) }
    for budget in entries.dropFirst() {
      let window = max(1, budget / 4)
      settings.append(.zigzag(window: window, total: layers * budget, least: window))
    }
    settings += unique((1...7).map { d * $0 / 8 }.filter { $0 >= 1 }).map {
      .think(window: thinkWindow, pruned: $0, recent: 0)
    }
    // The release's split: two of five entries are the less salient ones.
    let less = 2 * n / 5
    settings += [
      .zipCache(low: 0, lowBits: 8, highBits: 8), .zipCache(low: less, lowBits: 4, highBits: 8),
      .zipCache(low: 0, lowBits: 4, highBits: 4), .zipCache(low: less, lowBits: 2, highBits: 4),
      .zipCache(low: 0, lowBits: 2, highBits: 2), .zipCache(low: less, lowBits: 1, highBits: 2),
      .zipCache(low: 0, lowBits: 1, highBits: 1),
    ]
    let recent = 1 + n / 5
    for share in [2, 4, 8, 16] {
      var (counts, context) = ([Int](), n - recent)
      for _ in 0..<layers - 1 {
        context /= share
        counts.append(context)
      }
      settings.append(.pyramid(recent: recent, counts: counts))
    }
    if layers > 1 { settings += (1..<layers).map { .kvSharer(maps: $0) } }
    let width = keyValueHeads * d
    let ranks = [3 * width / 4, width / 2, width / 4, width / 8, width / 16]
    settings += unique(ranks.filter { $0 >= 1 }).map { .lowRank(rank: $0, bits: nil) }
    for rank in unique([width / 2, width / 4].filter { $0 >= 1 }) {
      settings += [4, 3, 2].map { .lowRank(rank: rank, bits: $0) }
    }
    settings += [4, 2, 1].map { .sparse(steps: $0, atoms: 16 * d) }
    return unique(settings)
  }

  /// w_q of ThinK's release.
  package static let thinkWindow = 32

  /// The items without repetitions, in order.
  private static func unique<Item: Equatable>(_ items: [Item]) -> [Item] {
    items.indices.filter { place in !items[..<place].contains(items[place]) }.map { items[$0] }
  }
}
