// MSK-1…MSK-11: may a query row see a key row? One arm per pair of zones. Paper §3.2, decisions D-3…D-6.

/// Whether the mask lets a query row see a key row, and the clause that decides it.
public struct MaskRule: Hashable, Sendable {
  /// The clause that decides the pair.
  public let clause: String
  /// Whether the query sees the key.
  public let isVisible: Bool
}

/// The attention mask over the rows of one text; causality is by row index, never by position.
public struct Mask: Hashable, Sendable {
  /// The rows, queries and keys alike.
  public let rows: [Row]
  /// The decisions, some of which change what is visible.
  public let profile: Profile

  /// The mask over the rows of one text, with or without pads.
  public init(rows: [Row], profile: Profile) {
    self.rows = rows
    self.profile = profile
  }

  /// The rule for row `query` as the query and row `key` as the key, both indices into `rows`.
  public func rule(query: Int, key: Int) -> MaskRule {
    switch (rows[query].place, rows[key].place) {
    case (.reading(let k, let i), .reading(let m, let j)):
      return MaskRule(clause: "MSK-1", isVisible: m == k && j <= i)
    case (.reading(let k, _), .memory(let m, _)):
      return MaskRule(clause: "MSK-2", isVisible: m < k)
    case (.reading, .repetition):
      return MaskRule(clause: "MSK-3", isVisible: false)
    case (.memory(let k, _), .reading(let m, _)):
      return MaskRule(clause: "MSK-4", isVisible: m == k)
    case (.memory(let k, let i), .memory(let m, let j)):
      return MaskRule(clause: "MSK-5", isVisible: m == k ? memoryAttends(i, j) : m < k && memoryLooksBack)
    case (.memory, .repetition):
      return MaskRule(clause: "MSK-6", isVisible: false)
    case (.repetition, .reading):
      return MaskRule(clause: "MSK-7", isVisible: false)
    case (.repetition(let k, _), .memory(let m, _)):
      return MaskRule(clause: "MSK-8", isVisible: m == k || m < k && repetitionLooksBack)
    case (.repetition(let k, let i), .repetition(let m, let j)):
      return MaskRule(clause: "MSK-9", isVisible: m == k && repetitionAttends(i, j))
    case (.pad, _), (_, .pad):
      return MaskRule(clause: "MSK-11", isVisible: query == key)
    }
  }

  /// Whether row `query` sees row `key`.
  public func allows(query: Int, key: Int) -> Bool { rule(query: query, key: key).isVisible }

  /// The rows that `query` sees, in row order.
  public func visibleKeys(of query: Int) -> [Int] { rows.indices.filter { allows(query: query, key: $0) } }

  /// The whole mask, row-major: [rows, rows], query first.
  ///
  /// Equal to `rule` for each pair, and much faster: for rows of two different chunks the rule depends only on zones
  /// and chunks, so one cell decides a whole block of queries and keys.
  public func cells() -> [Bool] {
    let blocks = blocks()
    var cells: [Bool] = []
    cells.reserveCapacity(rows.count * rows.count)
    for queries in blocks {
      let chunk = rows[queries.lowerBound].place.chunk
      var line = Array(repeating: false, count: rows.count)
      var keysOfSameChunk: [Int] = []
      for keys in blocks {
        if rows[keys.lowerBound].place.chunk == chunk {
          keysOfSameChunk += keys
        } else if allows(query: queries.lowerBound, key: keys.lowerBound) {
          for key in keys { line[key] = true }
        }
      }
      for query in queries {
        for key in keysOfSameChunk { line[key] = allows(query: query, key: key) }
        cells += line
      }
    }
    return cells
  }

  /// The maximal runs of rows with the same zone and chunk.
  private func blocks() -> [Range<Int>] {
    var blocks: [Range<Int>] = []
    var start = 0
    for (row, next) in zip(rows.indices, rows.indices.dropFirst())
    where rows[row].place.zone != rows[next].place.zone || rows[row].place.chunk != rows[next].place.chunk {
      blocks.append(start..<next)
      start = next
    }
    if start < rows.count { blocks.append(start..<rows.count) }
    return blocks
  }

  /// MSK-5 inside a chunk: `memory_attention`.
  private func memoryAttends(_ query: Int, _ key: Int) -> Bool {
    switch profile.memoryAttention {
    case .bidirectional: true
    case .causal: key <= query
    }
  }

  /// MSK-5 across chunks: `memory_context`.
  private var memoryLooksBack: Bool { profile.memoryContext == .pastMemories }

  /// MSK-8 across chunks: `repetition_context`.
  private var repetitionLooksBack: Bool { profile.repetitionContext == .pastMemories }

  /// MSK-9 inside a chunk: `repetition_attention`.
  private func repetitionAttends(_ query: Int, _ key: Int) -> Bool {
    switch profile.repetitionAttention {
    case .causal: key <= query
    case .bidirectional: true
    case .selfOnly: key == query
    }
  }
}
