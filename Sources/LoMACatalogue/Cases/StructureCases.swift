// The structure level: layout, mask, schedule, metrics and cost as exact integers.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors

/// Cases of chapters 2 to 7 and 9.
enum StructureCases {
  static var all: [Case] { layouts + masks + schedules + metrics + costs }

  /// c and t of the chunks whose layouts are compared.
  private static let shapes = [(1, 1), (2, 1), (1, 2), (2, 2), (3, 2), (2, 3), (4, 2), (8, 1), (1, 8), (4, 4), (8, 2)]

  /// The text lengths at which a layout changes its form, and their neighbours.
  private static func lengths(_ length: Int) -> [Int] {
    Array(Set([0, 1, length - 1, length, length + 1, 2 * length, 3 * length + 1])).sorted()
  }

  private static func texts(
    _ operation: Operation, _ what: String, c: Int, t: Int, lengths: [Int], hunts: String,
    clauses: [String], profile: Profile = .base, layout: String = "training",
    vocabulary: CaseVocabulary = .small
  ) -> Case {
    let texts = CaseInputs.texts(lengths, below: vocabulary.text, seed: UInt64(c * 100 + t))
    let parameters: [String: RequestParameter] = vocabulary.parameters.adding(
      ["c": .integer(c), "t": .integer(t), "layout": .word(layout)])
    return .tensors(
      "structure.\(operation.rawValue).\(what)", .structure, hunts: hunts, clauses: clauses,
      Request(
        operation, axes: profile.axes, parameters: parameters, model: nil,
        input: CaseInputs.file(CaseInputs.batch(texts)), captures: []))
  }

  /// The cases that layout and mask have in common: a ragged batch of each shape, each length alone, each alternative.
  private static func both(_ operation: Operation, clauses: [String]) -> [Case] {
    var cases: [Case] = []
    for (c, t) in shapes {
      cases.append(
        texts(
          operation, "c\(c)-t\(t)-batch", c: c, t: t, lengths: lengths(c * t),
          hunts: "a chunk border or a pad off by one at c = \(c), t = \(t)",
          clauses: clauses + ["LAY-1", "LAY-2", "LAY-4", "MSK-11"]))
    }
    for n in [0, 1, 3, 4, 5, 8, 13] {
      cases.append(
        texts(
          operation, "c2-t2-n\(n)", c: 2, t: 2, lengths: [n], hunts: "special rows missing or spare after \(n) tokens",
          clauses: clauses + ["LAY-1", "LAY-2", "LAY-4"] + (n == 0 ? ["PAR-4"] : [])))
    }
    for profile in Profile.firstAlternatives where profile != .base {
      cases.append(
        texts(
          operation, "\(profile.slug).c3-t2", c: 3, t: 2, lengths: [19, 6], hunts: "\(profile.name) not followed",
          clauses: clauses, profile: profile))
    }
    for profile in Profile.firstAlternatives where profile != .base {
      guard operation == .layout ? changesGenerationRows(profile) : changesGenerationMask(profile) else { continue }
      cases.append(
        texts(
          operation, "generation.\(profile.slug).c2-t2", c: 2, t: 2, lengths: [13],
          hunts: "the generation layout does not follow \(profile.name)", clauses: clauses + ["LAY-5"],
          profile: profile, layout: "generation"))
    }
    cases.append(
      texts(
        operation, "generation.c2-t2", c: 2, t: 2, lengths: [13, 0, 4, 3],
        hunts: "the generation layout keeps repetition rows or loses memory rows", clauses: clauses + ["LAY-5"],
        layout: "generation"))
    return cases
  }

  private static func changesGenerationRows(_ profile: Profile) -> Bool {
    profile.numbering != .text || profile.memoryPositions != .spanEnd || profile.repetitionLabels != .aligned
  }

  private static func changesGenerationMask(_ profile: Profile) -> Bool {
    profile.memoryContext != .pastMemories || profile.memoryAttention != .bidirectional
  }

  private static var layouts: [Case] {
    both(.layout, clauses: ["LAY-3", "LAY-6", "POS-1", "POS-2", "POS-3", "LOS-1", "LOS-2", "LOS-3"]) + [
      texts(
        .layout, "special-ids", c: 2, t: 2, lengths: [9], hunts: "special ids taken to be V and V + 1",
        clauses: ["PAR-2", "LAY-3"], vocabulary: CaseVocabulary(text: 11, memory: 40, repetition: 23, model: 64)),
      texts(
        .layout, "bytes", c: 4, t: 2, lengths: [20], hunts: "the default special ids missed",
        clauses: ["PAR-2", "LAY-3"], vocabulary: .bytes),
    ]
  }

  private static var masks: [Case] {
    var cases = both(
      .mask, clauses: (1...10).map { "MSK-\($0)" })
    // The pairs of alternatives that both change the mask.
    for memory in [Profile.MemoryAttention.causal] {
      for context in Profile.MemoryContext.allCases where context != .pastMemories {
        var profile = Profile.base
        profile.memoryAttention = memory
        profile.memoryContext = context
        cases.append(
          texts(
            .mask, "\(profile.slug).c2-t3", c: 2, t: 3, lengths: [19], hunts: "two alternatives at once",
            clauses: ["MSK-5"], profile: profile))
      }
    }
    for attention in Profile.RepetitionAttention.allCases where attention != .causal {
      var profile = Profile.base
      profile.repetitionAttention = attention
      profile.repetitionContext = .pastMemories
      cases.append(
        texts(
          .mask, "\(profile.slug).c2-t3", c: 2, t: 3, lengths: [19], hunts: "two alternatives at once",
          clauses: ["MSK-8", "MSK-9"], profile: profile))
    }
    return cases
  }

  private static var schedules: [Case] {
    var cases: [Case] = []
    for (c, t) in shapes {
      let length = c * t
      cases.append(
        schedule("c\(c)-t\(t)", c: c, t: t, prompt: 3 * length + 1, generate: 0, "a compression early, late or lost"))
    }
    for n in [0, 1, 3, 4, 5, 8] {
      cases.append(schedule("c2-t2-n\(n)", c: 2, t: 2, prompt: n, generate: 0, "the cache after \(n) tokens"))
    }
    for m in [0, 1, 2, 5] {
      cases.append(
        schedule(
          "c2-t2-prompt3-generate\(m)", c: 2, t: 2, prompt: 3, generate: m,
          "the last token chosen is fed, or one too few"))
    }
    return cases
  }

  private static func schedule(_ what: String, c: Int, t: Int, prompt: Int, generate: Int, _ hunts: String) -> Case {
    .tensors(
      "structure.schedule.\(what)", .structure, hunts: hunts,
      clauses: ["GEN-2", "GEN-3", "GEN-5", "GEN-6", "GEN-8"],
      Request(
        .schedule, axes: [:],
        parameters: [
          "c": .integer(c), "t": .integer(t), "prompt_length": .integer(prompt), "generate": .integer(generate),
        ],
        model: nil, input: CaseInputs.file([]), captures: []))
  }

  private static var costs: [Case] {
    var cases: [Case] = []
    for (c, t) in shapes {
      cases.append(cost("c\(c)-t\(t)", c: c, t: t, n: 7 * c * t + c * t / 2, .base, "a closed form of COST-2 wrong"))
    }
    for profile in Profile.firstAlternatives where profile != .base {
      cases.append(cost("\(profile.slug).c4-t2", c: 4, t: 2, n: 45, profile, "\(profile.name) not counted"))
    }
    cases.append(cost("c4-t2-n0", c: 4, t: 2, n: 0, .base, "an empty text that costs something"))
    cases.append(cost("c4-t2-n7", c: 4, t: 2, n: 7, .base, "a tail compressed"))
    cases.append(cost("c8-t8-n65536", c: 8, t: 8, n: 65_536, .base, "pairs counted in too narrow an integer"))
    return cases
  }

  private static func cost(_ what: String, c: Int, t: Int, n: Int, _ profile: Profile, _ hunts: String) -> Case {
    .tensors(
      "structure.cost.\(what)", .structure, hunts: hunts, clauses: ["COST-1", "COST-2", "GEN-6"],
      Request(
        .cost, axes: profile.axes,
        parameters: [
          "c": .integer(c), "t": .integer(t), "text_length": .integer(n), "layers": .integer(32),
          "kv_heads": .integer(8), "head_dim": .integer(128), "bytes_per_element": .integer(2),
        ],
        model: nil, input: CaseInputs.file([]), captures: []))
  }
}
