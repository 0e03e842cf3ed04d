// Draws an explanation of compressed context memory for programs: the sections that are its own. Numbers that may be
// fractions are strings, written as in the text drawing.

import LoMAPeers
import LoMAVectors

extension ContextExplanation {
  /// The most events of a JSON schedule, which names the entries held after each.
  private static let eventLimit = 2048

  /// The format, and the method beside it.
  package var heading: [JSONObject.Member] {
    [.init("format", .string("loma explanation 1")), .init("method", .string("ccm"))]
  }

  /// A section besides rows and mask; nil if this method has no such section.
  package func value(of section: ExplanationSection, limits: ExplanationLimits) throws -> JSONValue? {
    switch section {
    case .parameters: parametersValue
    case .rules: .array(sentences.map { $0.value })
    case .schedule: try .texts(texts.indices) { try scheduleValue($0, limits: limits) }
    case .cost: .texts(costs, costValue)
    case .profiles: Self.axes.value
    case .rows, .positions, .mask, .weights, .layers, .reconstruction, .metrics, .choice: nil
    }
  }

  private var parametersValue: JSONValue {
    let share: String? =
      switch parameters.mergeRate {
      case .mean: nil
      case .exponential(let a): "\(a)"
      }
    return .members([
      .init("memory_tokens", .integer(parameters.memoryTokens)), .init("rate", .string(orNull: share)),
      .init("text_vocabulary", .integer(orNull: showsIds ? parameters.textSize : nil)),
      .init("beginning_token", .integer(orNull: parameters.beginningToken)),
      .init(
        "texts",
        .array(
          inputs.texts.map { text in
            .members([
              .init("length", .integer(text.textRows)), .init("segments", .array(text.lengths.map { .integer($0) })),
              .init("output_length", .integer(text.outputLength)),
            ])
          })),
      .init("generate", .integer(orNull: inputs.generationLength)),
      .init(
        "profile", .members(ContextAxis.allCases.map { .init($0.rawValue, .string(parameters.profile[$0])) })),
    ])
  }

  /// `row_count` online rows are fed, starting at `first_row`; sizes and entries are those after the event.
  private func scheduleValue(_ textIndex: Int, limits: ExplanationLimits) throws -> JSONValue {
    let cost = costs[textIndex]
    let (count, limit) = (scheduleLength(textIndex), min(limits.lines, Self.eventLimit))
    guard count <= limit else { return scheduleValue(cost, .notShown(count, limit: limit)) }
    let events = try schedule(textIndex).map { step, entries in
      let (name, argument, number, share): (String, String, Int, String?) =
        switch step.event {
        case .read(let g): ("read", "text_index", g, nil)
        case .compress(let segment): ("compress", "segment", segment, nil)
        case .drop(let segment): ("drop", "segment", segment, nil)
        case .fold(let segment): ("fold", "segment", segment, self.share(ofSegment: segment))
        }
      return JSONValue.members(
        [
          .init("event", .string(name)), .init(argument, .integer(number)),
          .init("first_row", .integer(step.fedRows.lowerBound)), .init("row_count", .integer(step.fedRows.count)),
          .init("cache", .integer(step.cacheSize)), .init("memory", .integer(step.memoryEntries)),
          .init("text", .integer(step.textEntries)), .init("entries", .array(entries.numbers.map { .integer($0) })),
        ] + (share.map { [.init("share", .string($0))] } ?? []))
    }
    return scheduleValue(cost, .array(events))
  }

  private func scheduleValue(_ cost: ContextCost, _ events: JSONValue) -> JSONValue {
    .members([
      .init("fed", .integer(cost.textRows)), .init("largest_cache", .integer(cost.maximum)),
      .init("final_cache", .integer(cost.finalSize)), .init("events", events),
    ])
  }

  /// By segment: pairs, what is held before it and at most; also bytes if the size of an entry is known.
  private func costValue(_ cost: ContextCost) -> JSONValue {
    let pairs = cost.pairs
    var members: [JSONObject.Member] = [
      .init("length", .integer(cost.textRows)), .init("online", .integer(pairs.reduce(0, +))),
      .init("full_attention", .integer(cost.fullAttention)),
      .init("pairs", .array(pairs.map { .integer($0) })), .init("sizes", .array(cost.sizes.map { .integer($0) })),
      .init("peaks", .array(cost.peaks.map { .integer($0) })),
    ]
    if let entryBytes {
      members.append(
        .init(
          "bytes",
          .bytes(entryBytes, most: cost.maximum, last: cost.finalSize, uncompressed: cost.textRows)))
    }
    return .members(members)
  }
}

extension DrawnSentence {
  /// The clause with the roles that it is about.
  fileprivate var value: JSONValue {
    .members([
      .init("clause", .string(clause)), .init("queries", .array(queries.map { .string($0.name) })),
      .init("keys", .array(keys.map { .string($0.name) })), .init("sentence", .string(sentence)),
    ])
  }
}
