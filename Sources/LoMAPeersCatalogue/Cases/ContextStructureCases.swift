// CCM-31: the structure level of chapter 16, integers that must be equal.

import LoMAAnswers
import LoMACatalogue
import LoMAPeers
import LoMAVectors

/// Layouts, masks, schedules and costs.
enum ContextStructureCases {
  static var all: [Case] { layouts + masks + schedules + costs }

  private static func structure(
    _ operation: PeerOperation, _ what: String, _ texts: ContextTexts, hunts: String, clauses: [String],
    _ more: [String: RequestParameter] = [:]
  ) -> Case {
    .tensors(
      "structure.\(operation.rawValue).\(what)", .structure, hunts: hunts, clauses: clauses,
      texts.request(operation, more))
  }

  // MARK: - Layouts

  /// The clauses of rows that some texts have at all.
  private static func clauses(ofRows texts: ContextTexts) -> [String] {
    let batch = texts.batch
    let rows = batch.texts.joined()
    var clauses = ["CCM-5", "CCM-6", "CCM-7"]
    if rows.contains(where: { $0.place.role == .comp }) { clauses += ["CCM-1", "CCM-2"] }
    if rows.contains(where: { $0.place.role == .pad }) { clauses.append("CCM-8") }
    if rows.contains(where: { $0.label != nil }) { clauses.append("CCM-23") }
    return clauses
  }

  private static func layout(_ what: String, _ texts: ContextTexts, hunts: String) -> Case {
    structure(.ccmLayout, what, texts, hunts: hunts, clauses: clauses(ofRows: texts))
  }

  private static var layouts: [Case] {
    let ofProfiles = ContextProfile.ofStructure.filter { $0.sink == .off }.map { profile in
      layout(
        profile.slug, ContextTexts([[3, 2, 4, 3], [2, 3]], outputs: [2, 0], profile, seed: 201),
        hunts: "SUM rows missing, spare or of another segment under \(profile.name)")
    }
    return ofProfiles + [
      layout(
        "one-memory-token", ContextTexts([[3, 3, 2]], outputs: [1], .merge, seed: 202).with(n: 1),
        hunts: "memory rows that push text away"),
      layout(
        "three-memory-tokens", ContextTexts([[1, 2, 1]], .merge, seed: 203).with(n: 3),
        hunts: "all memory rows of a block at one position, or ids of SUM that follow V"),
      layout(
        "no-context", ContextTexts([[5], [3]], outputs: [4, 1], .base, seed: 204),
        hunts: "memory rows where nothing is compressed"),
      layout(
        "no-context-separate", ContextTexts([[4], [2, 3]], outputs: [0, 1], .mergeSeparate, seed: 205),
        hunts: "a SUM block for a text without contexts"),
      layout(
        "single-tokens", ContextTexts([[1, 1, 1, 1]], .base, seed: 206),
        hunts: "segments of one token, or positions by chunk"),
      layout(
        "all-but-one-output", ContextTexts([[2, 5]], outputs: [4], .base, seed: 207),
        hunts: "the first token of an output unlabelled, or the input's tokens labelled"),
      layout(
        "beginning-again",
        ContextTexts([[2, 3, 2]], outputs: [1], .withSink, seed: 208).beginning(again: [(1, 0), (2, 1)]),
        hunts: "BOS as a token with a role or a position of its own"),
      layout(
        "pads", ContextTexts([[1], [4, 4, 3], [2, 2]], outputs: [0, 2, 1], .mergeSink, seed: 209).beginning(is: 0),
        hunts: "pads on the right, or at position 0"),
    ]
  }

  // MARK: - Masks

  /// The clauses that decide at least one cell: only these can a wrong mask violate.
  private static func clauses(ofCells texts: ContextTexts) -> [String] {
    let batch = texts.batch
    var clauses: Set<String> = []
    for text in batch.texts.indices {
      let mask = batch.mask(text)
      for query in mask.rows.indices {
        for key in 0...query { clauses.insert(mask.rule(query: query, key: key).clause) }
      }
    }
    return clauses.sorted()
  }

  private static func mask(_ what: String, _ texts: ContextTexts, hunts: String) -> Case {
    structure(.ccmMask, what, texts, hunts: hunts, clauses: clauses(ofCells: texts))
  }

  private static var masks: [Case] {
    let ofProfiles = ContextProfile.ofStructure.map { profile in
      mask(
        profile.slug, ContextTexts([[3, 2, 4, 2], [2, 3]], profile, seed: 211),
        hunts: "\(profile.name) not followed, or pads that see or are seen")
    }
    return ofProfiles + [
      mask(
        "exponential", ContextTexts([[2, 2, 2]], .mergeExponential, seed: 212),
        hunts: "a mask that depends on the merge rate"),
      mask(
        "three-memory-tokens", ContextTexts([[2, 1, 2]], .base, seed: 213).with(n: 3),
        hunts: "COMP rows that see each other both ways"),
      mask(
        "no-context", ContextTexts([[5]], .merge, seed: 214), hunts: "a text without contexts that is not causal"),
      mask(
        "no-context-separate", ContextTexts([[4], [1, 1]], .mergeSeparate, seed: 215),
        hunts: "a SUM block for a text without contexts"),
      mask(
        "beginning-again",
        ContextTexts([[3, 3, 3]], .withSink, seed: 216).beginning(again: [(1, 1), (2, 0)]),
        hunts: "a sink in the first row alone"),
      mask(
        "beginning-elsewhere",
        ContextTexts([[3, 3, 2], [2, 2]], .mergeSink, seed: 217).beginning(is: 0),
        hunts: "pads whose token is BOS seen as sinks"),
      mask(
        "no-beginning", ContextTexts([[3, 2, 2]], .mergeSink, seed: 218).beginning(is: -1),
        hunts: "the first row a sink whatever its token"),
      mask(
        "beginning-without-sink", ContextTexts([[2, 2, 2]], .base, seed: 219).beginning(again: [(1, 0)]),
        hunts: "BOS visible without sink"),
    ]
  }

  // MARK: - Schedules

  private static func schedule(_ what: String, _ texts: ContextTexts, generate m: Int, hunts: String) -> Case {
    let clauses = ["CCM-24"] + (m > 1 ? ["CCM-27"] : []) + (texts.texts[0].count > 1 ? ["CCM-28"] : [])
    return structure(.ccmSchedule, what, texts, hunts: hunts, clauses: clauses, ["generate": .integer(m)])
  }

  private static var schedules: [Case] {
    let ofProfiles = ContextProfile.ofStructure.map { profile in
      schedule(
        profile.slug, ContextTexts([[3, 1, 4, 2]], profile, seed: 221), generate: 2,
        hunts: "entries dropped or kept against \(profile.name), such as a sink that goes with its segment")
    }
    return ofProfiles + [
      schedule(
        "no-context", ContextTexts([[4]], .merge, seed: 222), generate: 0, hunts: "a compression of the final segment"),
      schedule(
        "one-context", ContextTexts([[2, 3]], .merge, seed: 223).with(n: 3), generate: 1,
        hunts: "the last chosen token fed, or the first fold left out"),
      schedule(
        "beginning-again",
        ContextTexts([[3, 3, 2, 2]], .withSink, seed: 224).beginning(again: [(1, 1), (2, 1), (3, 0)]), generate: 3,
        hunts: "one sink kept where there are several"),
      schedule(
        "beginning-again-merge",
        ContextTexts([[2, 3, 2]], .mergeSink, seed: 225).beginning(again: [(1, 2)]), generate: 0,
        hunts: "means in front of a later sink"),
    ]
  }

  // MARK: - Costs

  private static func cost(_ what: String, _ texts: ContextTexts, hunts: String) -> Case {
    structure(
      .ccmCost, what, texts, hunts: hunts, clauses: ["CCM-28", "CCM-29", "COST-1"],
      ["layers": .integer(3), "kv_heads": .integer(2), "head_dim": .integer(16), "bytes_per_element": .integer(2)])
  }

  private static var costs: [Case] {
    let ofProfiles = ContextProfile.ofStructure.map { profile in
      cost(
        profile.slug, ContextTexts([[3, 5, 1, 4]], profile, seed: 231),
        hunts: "pairs or sizes that are not those of \(profile.name), or a sink counted twice in a peak")
    }
    return ofProfiles + [
      cost("no-context", ContextTexts([[6]], .merge, seed: 232), hunts: "an empty memory that holds n entries"),
      cost(
        "beginning-again",
        ContextTexts([[3, 3, 2]], .mergeSink, seed: 233).beginning(again: [(0, 2), (1, 1), (2, 0)]),
        hunts: "sinks of the final segment counted, or one sink counted for several"),
    ]
  }
}
