// Sections cost, metrics, choice and profiles (COST-1, COST-2, REC-2, GEN-5, the registry of decisions).

import LoMA
import LoMAVectors

extension Explanation {
  /// The visible pairs of each computation compared with full attention; also bytes if the size of an entry is known.
  func costContent() throws(InputError) -> SectionContent {
    var blocks: [ContentBlock] = []
    for (index, cost) in costs.enumerated() {
      if costs.count > 1 { blocks.append(.title("text \(index)")) }
      var rows: [[ContentCell]] = []
      func add(_ name: String, _ value: String, _ note: String) {
        rows.append([ContentCell(name), ContentCell(value), ContentCell(note)])
      }
      let full = cost.fullAttention
      for (name, pairs) in [("generation", cost.generation), ("training", cost.training)] {
        add(name, "\(pairs)", full == 0 ? "" : percentage(pairs, of: full) + " of full attention")
      }
      for (name, pairs) in try reconstructionCosts(index) { add(name, pairs, "") }
      add("full attention", "\(full)", "n(n+1)/2 with n = \(cost.textLength)")
      blocks.append(.table(ContentTable(columns: [.words(""), .number("pairs"), .words("")], rows: rows)))
      if let entryBytes {
        let length = cost.textLength
        blocks.append(
          .table(
            Self.bytesTable(
              entryBytes, most: parameters.cacheMaximum(whileFeeding: length),
              last: parameters.cacheSize(afterFeeding: length), uncompressed: length)))
      }
    }
    blocks.append(.note(costNotes))
    return SectionContent(
      section: .cost, subtitle: "visible (query, key) pairs, per layer and query head", blocks: blocks)
  }

  /// The reconstruction cost of every chunk if they differ; one line if they are equal.
  private func reconstructionCosts(_ textIndex: Int) throws(InputError) -> [(String, String)] {
    func line(_ cost: Cost, _ chunk: Int) throws(InputError) -> (String, String) {
      ("reconstructing chunk \(chunk)", "\(try cost.reconstruction(chunk: chunk))")
    }
    let cost = costs[textIndex]
    let chunks = reconstructedChunks(cost.textLength)
    guard let first = chunks.first, let last = chunks.last else { return [] }
    if inputs.chunk != nil { return [try line(cost, first)] }
    switch inputs.profile.repetitionContext {
    case .ownMemory:
      guard chunks.count > 1 else { return [try line(cost, first)] }
      return [("reconstructing each of \(chunks.count) chunks", "\(try cost.reconstruction(chunk: first))")]
    case .pastMemories:
      var lines: [(String, String)] = []
      for chunk in chunks.prefix(8) { lines.append(try line(cost, chunk)) }
      if last > 8 { lines.append(("chunks 8-\(last - 1)", "…")) }
      if last > 7 { lines.append(try line(cost, last)) }
      return lines
    }
  }

  /// What the costs tend to for long texts, in plain sentences.
  private var costNotes: [String] {
    let c = parameters.c
    let (part, formula) =
      switch inputs.profile.memoryContext {
      case .pastMemories: (c + 1, "(c+1)/c²")
      case .ownChunk: (c, "c/c²")
      }
    var notes = ["as the text grows, generation tends to \(formula) = \(percentage(part, of: c * c)) of full attention"]
    if c == 1 { notes.append("with c = 1 nothing is compressed: the memories only add work") }
    if c == 2, inputs.profile.memoryContext == .pastMemories {
      notes.append("with c = 2 generation costs less than full attention only after about seven chunks")
    }
    return notes
  }

  /// The counts of REC-2, pooled over all texts.
  func metricsContent() -> SectionContent {
    func row(_ name: String, _ accuracy: Accuracy?, _ what: String) -> [ContentCell] {
      [
        ContentCell(name), ContentCell(accuracy.map { "\($0.correct)/\($0.total)" } ?? "none"),
        ContentCell(accuracy.map { accuracyPercentage($0.correct, of: $0.total) } ?? ""), ContentCell(what),
      ]
    }
    let table = ContentTable(
      columns: [.words(""), .number(""), .number(""), .words("")],
      rows: [
        row("token repetition accuracy", metrics?.tokenRepetitionAccuracy, "tokens reproduced"),
        row("repetition accuracy", metrics?.repetitionAccuracy, "chunks without one error"),
      ])
    return SectionContent(section: .metrics, subtitle: "full chunks only, all texts together", blocks: [.table(table)])
  }

  /// The token chosen by the given scores; nil unless there is one score per id of the model's vocabulary.
  var greedyToken: Int? {
    guard let vocabulary, inputs.scores.count == vocabulary.modelSize else { return nil }
    return vocabulary.greedyToken(inputs.scores)
  }

  /// The given scores, and the chosen one.
  func choiceContent() -> SectionContent {
    guard let vocabulary, let chosen = greedyToken else {
      return SectionContent(section: .choice, subtitle: "none without a score per id", blocks: [])
    }
    let table = ContentTable(
      columns: [.number("id"), .number("score"), .words("")],
      rows: inputs.scores.enumerated().map { id, score in
        let note = id == chosen ? "chosen" : id < vocabulary.textSize ? "" : "suppressed"
        return [ContentCell("\(id)"), ContentCell("\(score)"), ContentCell(note)]
      }, groupStarts: [vocabulary.textSize])
    return SectionContent(
      section: .choice,
      subtitle: "token \(chosen), the lowest id among the highest scores of 0..<\(vocabulary.textSize)",
      blocks: [.table(table)])
  }

  /// The registry's axes.
  static let axes = DrawnAxes(
    origin: "decision",
    axes: Axis.allCases.map { DrawnAxes.Axis(name: $0.rawValue, origin: $0.decision, values: $0.values) })

  /// Every axis with its decision, its default and its alternatives.
  static func profilesContent() -> SectionContent {
    profilesContent(
      axes, notes: ["memory_positions has an effect under numbering=text alone: \(Profile.all.count) profiles differ"])
  }
}
