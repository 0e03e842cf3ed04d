// LAY-2, LAY-3, MSK-11: the zones of a layout, and the place of a row. Paper v1 says "area", v2 says "zone".

/// The part of a layout that a row belongs to.
public enum Zone: String, CaseIterable, Hashable, Sendable {
  /// Text tokens, read as by an ordinary decoder.
  case reading
  /// `<m>` rows, whose keys and values are what remains of a chunk.
  case memory
  /// `<r>` rows, which reproduce a chunk from its memory.
  case repetition
  /// Padding at the end of the shorter texts of a batch.
  case pad
}

/// A row's zone, chunk and index in the zone; a pad has only a zone (LAY-3, MSK-11).
public enum Place: Hashable, Sendable {
  /// Reading row `index` of a chunk; the tail counts as chunk F.
  case reading(chunk: Int, index: Int)
  /// Memory row `index` of a full chunk.
  case memory(chunk: Int, index: Int)
  /// Repetition row `index` of a full chunk.
  case repetition(chunk: Int, index: Int)
  /// A padding row of a batch.
  case pad

  /// The zone without chunk and index.
  public var zone: Zone {
    switch self {
    case .reading: .reading
    case .memory: .memory
    case .repetition: .repetition
    case .pad: .pad
    }
  }

  /// The chunk; nil for a pad.
  public var chunk: Int? {
    switch self {
    case .reading(let chunk, _), .memory(let chunk, _), .repetition(let chunk, _): chunk
    case .pad: nil
    }
  }

  /// The index in the zone; nil for a pad.
  public var index: Int? {
    switch self {
    case .reading(_, let index), .memory(_, let index), .repetition(_, let index): index
    case .pad: nil
    }
  }
}

extension Zone {
  /// The letter of the zone in pictures: x, m, r or p.
  public var letter: Character {
    switch self {
    case .reading: "x"
    case .memory: "m"
    case .repetition: "r"
    case .pad: "p"
    }
  }
}
