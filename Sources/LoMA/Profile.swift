// Registry of decisions D-2…D-5, D-8 and the axis memory_attention: every axis, its default and its alternatives.

/// One choice on every axis; `base` is every default.
public struct Profile: Hashable, Sendable {
  /// D-2: at which text position of its span of c tokens a memory row stands.
  public enum MemoryPositions: String, CaseIterable, Hashable, Sendable {
    /// The last of the span, kL + (j+1)c − 1.
    case spanEnd = "span_end"
    /// The first of the span, kL + jc.
    case spanStart = "span_start"
  }
  /// D-2: which rows or tokens positions count.
  public enum Numbering: String, CaseIterable, Hashable, Sendable {
    /// Text tokens only.
    case text = "text"
    /// Every row of the training layout.
    case sequential = "sequential"
    /// Every row of the generation layout; a repetition row has the position of its reading row.
    case generation = "generation"
    /// The rows the cache keeps: the memory of earlier chunks, then the row's own chunk.
    case compressed = "compressed"
  }
  /// D-3: which memory rows a memory row sees besides those of its own chunk.
  public enum MemoryContext: String, CaseIterable, Hashable, Sendable {
    /// Those of every earlier chunk.
    case pastMemories = "past_memories"
    /// No others.
    case ownChunk = "own_chunk"
  }
  /// The memory rows of its own chunk that a memory row sees: all in the paper; a causal zone is a common mistake.
  public enum MemoryAttention: String, CaseIterable, Hashable, Sendable {
    /// All t memory rows of the chunk.
    case bidirectional = "bidirectional"
    /// Those up to and including itself.
    case causal = "causal"
  }
  /// D-4: the memory rows of which chunks a repetition row sees.
  public enum RepetitionContext: String, CaseIterable, Hashable, Sendable {
    /// Those of its own chunk.
    case ownMemory = "own_memory"
    /// Those of its own chunk and of every earlier one.
    case pastMemories = "past_memories"
  }
  /// D-5: which repetition rows of its chunk a repetition row sees.
  public enum RepetitionAttention: String, CaseIterable, Hashable, Sendable {
    /// Those up to and including itself.
    case causal = "causal"
    /// All L of them.
    case bidirectional = "bidirectional"
    /// Only itself.
    case selfOnly = "self_only"
  }
  /// D-8: the label of a repetition row.
  public enum RepetitionLabels: String, CaseIterable, Hashable, Sendable {
    /// The token at its own index.
    case aligned = "aligned"
    /// The next token; the last memory row has the first token as its label.
    case shifted = "shifted"
  }

  /// D-2: the place of a memory row in its span (POS-2).
  public var memoryPositions = MemoryPositions.spanEnd
  /// D-2: what positions count (POS-1…POS-6).
  public var numbering = Numbering.text
  /// D-3: memory rows of other chunks that a memory row sees (MSK-5).
  public var memoryContext = MemoryContext.pastMemories
  /// Memory rows of its own chunk that a memory row sees (MSK-5).
  public var memoryAttention = MemoryAttention.bidirectional
  /// D-4: memory rows that a repetition row sees (MSK-8).
  public var repetitionContext = RepetitionContext.ownMemory
  /// D-5: repetition rows that a repetition row sees (MSK-9).
  public var repetitionAttention = RepetitionAttention.causal
  /// D-8: labels of repetition rows (LOS-2, LOS-3, REC-4).
  public var repetitionLabels = RepetitionLabels.aligned

  /// Every axis at its default.
  public static let base = Profile()

  private init() {}

  /// The one representative of profiles that behave alike: `memory_positions` matters only with `numbering = text`.
  public var canonical: Profile {
    var profile = self
    if numbering != .text { profile.memoryPositions = .spanEnd }
    return profile
  }

  /// All distinct profiles, `base` first: 240 of the 384 combinations.
  public static var all: [Profile] {
    var profiles = [base]
    for axis in Axis.allCases {
      profiles = profiles.flatMap { profile in axis.values.indices.map { profile.choosing(axis, valueAt: $0) } }
    }
    return profiles.filter { $0.canonical == $0 }
  }
  /// `base`, then every profile that differs from it on exactly one axis, in the registry's order.
  public static var singleAlternatives: [Profile] { all.filter { $0.differences.count <= 1 } }
}
