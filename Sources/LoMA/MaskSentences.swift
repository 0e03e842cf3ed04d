// MSK-1…MSK-11 in words: one sentence per clause under a profile. The only place that puts the mask into words.

/// A clause of the mask, the zones it is about, and its sentence.
public struct MaskSentence: Hashable, Sendable {
  /// The clause's id, MSK-1…MSK-11.
  public let clause: String
  /// The zone of the query; nil if the clause is about every zone.
  public let query: Zone?
  /// The zone of the key; nil if the clause is about every zone.
  public let key: Zone?
  /// What the clause says under the profile.
  public let sentence: String
}

/// One sentence for each clause of the mask, under one profile.
public struct MaskSentences: Hashable, Sendable {
  /// MSK-1…MSK-9 and MSK-11, in order; MSK-10 follows from them and decides no cell of its own.
  public let all: [MaskSentence]

  /// The sentences under a profile's decisions.
  public init(profile: Profile) {
    let ownMemories =
      switch profile.memoryAttention {
      case .bidirectional: "see all memory rows of their own chunk"
      case .causal: "see the memory rows of their own chunk up to themselves"
      }
    let pastMemories =
      switch profile.memoryContext {
      case .pastMemories: " and of earlier chunks"
      case .ownChunk: ", none of other chunks"
      }
    let memoriesToRepeat =
      switch profile.repetitionContext {
      case .ownMemory: "see the memories of their own chunk only"
      case .pastMemories: "see the memories of their own chunk and of earlier chunks"
      }
    let repetitions =
      switch profile.repetitionAttention {
      case .causal: "see the repetition rows of their own chunk up to themselves"
      case .bidirectional: "see all repetition rows of their own chunk"
      case .selfOnly: "see themselves and no other repetition row"
      }
    self.all = [
      MaskSentence(
        "MSK-1", .reading, .reading, "reading rows see the reading rows of their own chunk up to themselves"),
      MaskSentence("MSK-2", .reading, .memory, "reading rows see the memories of earlier chunks"),
      MaskSentence("MSK-3", .reading, .repetition, "reading rows never see repetition rows"),
      MaskSentence("MSK-4", .memory, .reading, "memory rows see all reading rows of their own chunk"),
      MaskSentence("MSK-5", .memory, .memory, "memory rows " + ownMemories + pastMemories),
      MaskSentence("MSK-6", .memory, .repetition, "memory rows never see repetition rows"),
      MaskSentence("MSK-7", .repetition, .reading, "repetition rows never see reading rows"),
      MaskSentence("MSK-8", .repetition, .memory, "repetition rows " + memoriesToRepeat),
      MaskSentence("MSK-9", .repetition, .repetition, "repetition rows " + repetitions),
      MaskSentence("MSK-11", .pad, nil, "pad rows see only themselves and are seen by no other row"),
    ]
  }

  /// The sentence of a clause; empty if the clause is not one of the mask.
  public subscript(clause: String) -> String { all.first { $0.clause == clause }?.sentence ?? "" }

  /// Why row `query` sees row `key`, or does not: one sentence that cites the clause.
  public func explain(query: Int, key: Int, in mask: Mask) -> String {
    let rule = mask.rule(query: query, key: key)
    let verb = rule.isVisible ? "sees" : "does not see"
    return mask.describe(row: query) + " " + verb + " " + (query == key ? "itself" : mask.describe(row: key)) + ": "
      + rule.clause + " " + self[rule.clause]
  }
}

extension MaskSentence {
  fileprivate init(_ clause: String, _ query: Zone?, _ key: Zone?, _ sentence: String) {
    self.clause = clause
    self.query = query
    self.key = key
    self.sentence = sentence
  }
}

extension Mask {
  /// A row in words: its number in the layout, zone, chunk and index.
  public func describe(row: Int) -> String { "row \(row) (" + rows[row].place.description + ")" }
}

extension Place {
  /// The place in words: zone, chunk and index.
  public var description: String {
    switch self {
    case .reading(let chunk, let index), .memory(let chunk, let index), .repetition(let chunk, let index):
      "\(zone.rawValue), chunk \(chunk), index \(index)"
    case .pad: "pad"
    }
  }
}
