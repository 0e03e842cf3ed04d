// The zones a row of a layout can belong to (LAY-2, MSK-11; paper v1 says "area", v2 says "zone").

/// Which part of a layout a row belongs to.
public enum Zone: CaseIterable, Hashable, Sendable {
  /// Text, read as an ordinary decoder reads it.
  case reading
  /// `<m>` rows, whose keys and values keep what a chunk said.
  case memory
  /// `<r>` rows, which reproduce a chunk from its memory alone.
  case repetition
  /// Filling at the end of a batched text.
  case pad
}
