// Sections parameters, schedule, cost and profiles of compressed context memory (CCM-1…CCM-4, CCM-17, CCM-24…CCM-29).

import LoMAPeers
import LoMAVectors

extension ContextExplanation {
  /// A section besides rows, mask and rules; nil if this method has no such section.
  package func content(of section: ExplanationSection, limits: ExplanationLimits) throws -> SectionContent? {
    switch section {
    case .parameters: parametersContent()
    case .schedule: try scheduleContent(limits: limits)
    case .cost: costContent(limits: limits)
    case .profiles: Self.profilesContent(Self.axes, notes: [Self.profilesNote])
    case .rows, .positions, .mask, .rules, .weights, .layers, .reconstruction, .metrics, .choice: nil
    }
  }

  /// n, the segments of each text, the ids and a.
  private func parametersContent() -> SectionContent {
    let n = parameters.memoryTokens
    var rows = [["n", "\(n)", "memory tokens per context segment"]]
    for (index, text) in inputs.texts.enumerated() {
      let which = texts.count == 1 ? "" : " of text \(index)"
      let contexts = text.lengths.count - 1
      let plural = contexts == 1 ? "" : "s"
      let cut = contexts == 0 ? ", all in the final segment" : ": segments of " + text.lengths.inWords
      rows.append(["T", "\(contexts)", "context segment\(plural)\(which) before the final one"])
      rows.append(["N", "\(text.textRows)", "text tokens\(which)\(cut)"])
      if text.outputLength > 0 {
        rows.append(["", "\(text.outputLength)", "of them\(which) at the end: the output, which alone has labels"])
      }
    }
    if let m = inputs.generationLength {
      rows.append(["m", "\(m)", "tokens to generate, the last one chosen but not fed"])
    }
    if showsIds {
      let size = parameters.textSize
      rows.append(["V", "\(size)", "text vocabulary: ids 0..<\(size), and one logit for each"])
      rows.append(["COMP", "\(parameters.compToken(0))", "id of COMP0, the first of \(n)"])
      if parameters.profile.memory == .merge {
        rows.append(["SUM", "\(parameters.sumToken(0))", "id of SUM0, the first of \(n)"])
      }
      if let id = parameters.beginningToken { rows.append(["BOS", "\(id)", "id of the beginning token"]) }
    }
    switch (parameters.profile.memory, parameters.mergeRate) {
    case (.concat, _): break
    case (.merge, .mean): rows.append(["M_t", "mean", "of the segments' entries: M_t = (1 − 1/t)·M_{t−1} + h_t/t"])
    case (.merge, .exponential(let a)):
      rows.append(["a", "\(a)", "share of a new segment: M_t = (1 − a)·M_{t−1} + a·h_t, M_1 = h_1"])
    }
    let table = ContentTable(
      columns: [.words(""), .number(""), .words("")], rows: rows.map { $0.map { ContentCell($0) } })
    return SectionContent(section: .parameters, subtitle: "profile " + profileName, blocks: [.table(table)])
  }

  /// Whether anything about ids was given.
  var showsIds: Bool {
    inputs.textVocabulary != nil || parameters.beginningToken != nil || inputs.texts.contains { $0.ids != nil }
  }

  // MARK: schedule

  /// All events of feeding each text online.
  private func scheduleContent(limits: ExplanationLimits) throws -> SectionContent {
    let blocks = try Self.titled(Array(texts.indices)) { index in
      let (cost, steps) = (costs[index], scheduleLength(index))
      let listing: ContentBlock =
        steps > limits.lines
        ? .note(["\(steps) events, not listed: the limit here is \(limits.lines) events"])
        : .table(try table(ofScheduleFor: index))
      return [
        listing,
        .note([Self.cacheSummary(most: cost.maximum, last: cost.finalSize, uncompressed: cost.textRows)]),
      ]
    }
    let tokens = costs.count == 1 ? "\(costs[0].textRows) fed tokens" : "\(costs.count) texts"
    return SectionContent(section: .schedule, subtitle: tokens + ", rows of the online order", blocks: blocks)
  }

  /// The number of events: one per token, and two or three per context segment (CCM-24).
  func scheduleLength(_ textIndex: Int) -> Int {
    let perSegment =
      switch parameters.profile.memory {
      case .concat: 2
      case .merge: 3
      }
    return costs[textIndex].textRows + perSegment * texts[textIndex].finalSegment
  }

  /// Every event with the entries held after it.
  func schedule(_ textIndex: Int) throws -> [(step: ContextStep, entries: ContextEntries)] {
    var events: [(step: ContextStep, entries: ContextEntries)] = []
    _ = try ContextSchedule(
      texts[textIndex], generating: inputs.generationLength ?? 0, parameters: parameters, rule: .spec
    ) { events.append(($0, $1)) }
    return events
  }

  /// What a new segment counts in the running mean once it is folded in, in words (CCM-3).
  func share(ofSegment segment: Int) -> String {
    switch parameters.mergeRate {
    case _ where segment == 0: "1"
    case .mean: "1/\(segment + 1)"
    case .exponential(let a): "\(a)"
    }
  }

  private func table(ofScheduleFor textIndex: Int) throws -> ContentTable {
    let text = inputs.texts[textIndex]
    let drawsCache = costs[textIndex].maximum <= 48
    let isMerged = parameters.profile.memory == .merge
    var columns: [ContentColumn] = [
      .words("event"), .words("token"), .words("feeds"), .number("cache"), .number("memory"), .number("text"),
    ]
    if isMerged { columns.append(.words("share")) }
    if inputs.generationLength != nil { columns.append(.words("chooses")) }
    if drawsCache { columns.append(.words("entries")) }
    var starts: Set<Int> = []
    var rows: [[ContentCell]] = []
    var endsSegment = false
    for (step, entries) in try schedule(textIndex) {
      let event: (name: String, token: String, kind: RowKind?)
      var (share, chosen) = ("", "")
      switch step.event {
      case .read(let g):
        if endsSegment { starts.insert(rows.count) }
        event = ("read \(g)", tokenName(g, of: text), RowWords.ccm["text"])
        if g + 1 >= text.textRows, let m = inputs.generationLength, m > 0 { chosen = "x\(g + 1)" }
      case .compress(let segment):
        let n = parameters.memoryTokens
        event = ("compress \(segment)", n == 1 ? "COMP0" : "COMP0-\(n - 1)", RowWords.ccm["comp"])
      case .drop(let segment): event = ("drop \(segment)", "", nil)
      case .fold(let segment):
        event = ("fold \(segment)", "", RowWords.ccm["sum"])
        share = self.share(ofSegment: segment)
      }
      endsSegment = if case .read = step.event { false } else { true }
      let ink = event.kind.map { Ink.zone($0.colour) } ?? .plain
      var row = [
        ContentCell(event.name, ink: ink), ContentCell(event.token, ink: event.token.isEmpty ? .plain : ink),
        ContentCell(Self.describe(step.fedRows)), ContentCell("\(step.cacheSize)"),
        ContentCell("\(step.memoryEntries)"), ContentCell("\(step.textEntries)"),
      ]
      if isMerged { row.append(ContentCell(share)) }
      if inputs.generationLength != nil { row.append(ContentCell(chosen)) }
      if drawsCache {
        row.append(ContentCell(String(entries.rows.map { $0.place.role.letter }), ink: .letters))
      }
      rows.append(row)
    }
    return ContentTable(columns: columns, rows: rows, groupStarts: starts)
  }

  // MARK: cost

  /// The visible pairs by segment, what is held, and bytes if the size of an entry is known.
  private func costContent(limits: ExplanationLimits) -> SectionContent {
    var blocks = Self.titled(costs) { cost in
      let (pairs, full) = (cost.pairs, cost.fullAttention)
      var blocks: [ContentBlock] = []
      if pairs.count > limits.lines {
        blocks.append(.note(["\(pairs.count) segments, not listed: the limit here is \(limits.lines) segments"]))
      } else {
        let (sizes, peaks) = (cost.sizes, cost.peaks)
        blocks.append(
          .table(
            ContentTable(
              columns: [
                .number("segment"), .number("tokens"), .number("held before"), .number("held at most"),
                .number("pairs"),
              ],
              rows: pairs.indices.map { k in
                [k, cost.lengths[k], sizes[k], peaks[k], pairs[k]].map { ContentCell("\($0)") }
              })))
      }
      let online = pairs.reduce(0, +)
      blocks.append(
        .table(
          ContentTable(
            columns: [.words(""), .number("pairs"), .words("")],
            rows: [
              ["online", "\(online)", percentage(online, of: full) + " of full attention"],
              ["full attention", "\(full)", "N(N+1)/2 with N = \(cost.textRows)"],
            ].map { $0.map { ContentCell($0) } })))
      if let entryBytes {
        blocks.append(
          .table(
            Self.bytesTable(
              entryBytes, most: cost.maximum, last: cost.finalSize, uncompressed: cost.textRows)))
      }
      return blocks
    }
    blocks.append(.note([growth]))
    return SectionContent(
      section: .cost, subtitle: "visible (query, key) pairs, per layer and query head", blocks: blocks)
  }

  /// How the memory grows with the segments (CCM-28), in one sentence.
  private var growth: String {
    let n = parameters.memoryTokens
    let entries = "\(n) " + (n == 1 ? "entry" : "entries")
    let sinks =
      switch parameters.profile.sink {
      case .off: ""
      case .on: ", and every sink is one entry more"
      }
    return switch parameters.profile.memory {
    case .concat: "each context segment adds \(entries) to the memory" + sinks
    case .merge: "the memory holds \(entries), however many context segments there are" + sinks
    }
  }

  // MARK: profiles

  /// The axes of CCM-3.
  static let axes = DrawnAxes(
    origin: "clause",
    axes: ContextAxis.allCases.map { DrawnAxes.Axis(name: $0.rawValue, origin: "CCM-3", values: $0.values) })

  private static let profilesNote =
    "merge_rate has an effect under memory=merge alone: \(ContextProfile.all.count) profiles differ"
}
