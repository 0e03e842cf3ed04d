// Registry of decisions D-2…D-5, D-8 and the axis memory_attention: every axis, its default and its alternatives.

/// One choice on every axis; `base` is every default.
public struct Profile: Hashable, Sendable {
  /// D-2: where a memory row stands in its span of c text positions.
  public enum MemoryPositions: String, CaseIterable, Hashable, Sendable {
    /// kL + (j+1)c − 1.
    case spanEnd = "span_end"
    /// kL + jc.
    case spanStart = "span_start"
  }
  /// D-2: what positions count.
  public enum Numbering: String, CaseIterable, Hashable, Sendable {
    /// Text tokens only.
    case text = "text"
    /// Every row of the training layout.
    case sequential = "sequential"
    /// Every row of the generation layout; a repetition row stands at its reading row.
    case generation = "generation"
    /// What the cache keeps: the memory of earlier chunks, then the row's own chunk.
    case compressed = "compressed"
  }
  /// D-3: which memories a memory row sees beside its own chunk's.
  public enum MemoryContext: String, CaseIterable, Hashable, Sendable {
    /// Those of every earlier chunk.
    case pastMemories = "past_memories"
    /// None.
    case ownChunk = "own_chunk"
  }
  /// The paper's bidirectional memory zone, and the causal one that ports write by mistake.
  public enum MemoryAttention: String, CaseIterable, Hashable, Sendable {
    /// All t memory rows of the chunk.
    case bidirectional = "bidirectional"
    /// Only those up to its own.
    case causal = "causal"
  }
  /// D-4: which memories a repetition row sees.
  public enum RepetitionContext: String, CaseIterable, Hashable, Sendable {
    /// Its own chunk's.
    case ownMemory = "own_memory"
    /// Those of earlier chunks too.
    case pastMemories = "past_memories"
  }
  /// D-5: which repetition rows of its chunk a repetition row sees.
  public enum RepetitionAttention: String, CaseIterable, Hashable, Sendable {
    /// Those up to its own.
    case causal = "causal"
    /// All L.
    case bidirectional = "bidirectional"
    /// Itself alone.
    case selfOnly = "self_only"
  }
  /// D-8: what a repetition row is labelled with.
  public enum RepetitionLabels: String, CaseIterable, Hashable, Sendable {
    /// The token at its own place.
    case aligned = "aligned"
    /// The token after it; the last memory row is labelled with the first.
    case shifted = "shifted"
  }

  /// D-2, POS-2.
  public var memoryPositions = MemoryPositions.spanEnd
  /// D-2, POS-1…POS-6.
  public var numbering = Numbering.text
  /// D-3, MSK-5.
  public var memoryContext = MemoryContext.pastMemories
  /// MSK-5.
  public var memoryAttention = MemoryAttention.bidirectional
  /// D-4, MSK-8.
  public var repetitionContext = RepetitionContext.ownMemory
  /// D-5, MSK-9.
  public var repetitionAttention = RepetitionAttention.causal
  /// D-8, LOS-2, LOS-3, REC-4.
  public var repetitionLabels = RepetitionLabels.aligned

  /// Every axis at its default.
  public static let base = Profile()

  private init() {}

  /// The one name of all profiles that behave alike: `memory_positions` has an effect where positions count text alone.
  public var canonical: Profile {
    var profile = self
    if numbering != .text { profile.memoryPositions = .spanEnd }
    return profile
  }

  /// The different profiles, `base` first: 240 of the 384 combinations.
  public static var all: [Profile] {
    var profiles = [base]
    for axis in Axis.allCases {
      profiles = profiles.flatMap { profile in axis.values.indices.map { profile.choosing(axis, valueAt: $0) } }
    }
    return profiles.filter { $0.canonical == $0 }
  }
  /// `base` and every profile that differs from it on one axis, in the registry's order.
  public static var singleAlternatives: [Profile] { all.filter { $0.differences.count <= 1 } }
}
