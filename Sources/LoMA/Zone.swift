// LAY-2, LAY-3, MSK-11: the zones of a layout, and a row's place in one. Paper v1 says "area", v2 says "zone".

/// Which part of a layout a row belongs to.
public enum Zone: String, CaseIterable, Hashable, Sendable {
  /// Text, read as an ordinary decoder reads it.
  case reading
  /// `<m>` rows, whose keys and values keep what a chunk said.
  case memory
  /// `<r>` rows, which reproduce a chunk from its memory alone.
  case repetition
  /// Filling at the end of a batched text.
  case pad
}

/// A row's zone with its chunk and its index in that zone; a pad has neither (LAY-3, MSK-11).
public enum Place: Hashable, Sendable {
  /// Reading row `index` of a chunk; the tail is chunk F.
  case reading(chunk: Int, index: Int)
  /// Memory row `index` of a full chunk.
  case memory(chunk: Int, index: Int)
  /// Repetition row `index` of a full chunk.
  case repetition(chunk: Int, index: Int)
  /// A row that fills a batch.
  case pad

  /// The zone alone.
  public var zone: Zone {
    switch self {
    case .reading: .reading
    case .memory: .memory
    case .repetition: .repetition
    case .pad: .pad
    }
  }

  /// The chunk, none for a pad.
  public var chunk: Int? {
    switch self {
    case .reading(let chunk, _), .memory(let chunk, _), .repetition(let chunk, _): chunk
    case .pad: nil
    }
  }

  /// The index in the zone, none for a pad.
  public var index: Int? {
    switch self {
    case .reading(_, let index), .memory(_, let index), .repetition(_, let index): index
    case .pad: nil
    }
  }
}

extension Zone {
  /// The letter that stands for the zone in a drawing.
  public var letter: Character {
    switch self {
    case .reading: "x"
    case .memory: "m"
    case .repetition: "r"
    case .pad: "p"
    }
  }
}
