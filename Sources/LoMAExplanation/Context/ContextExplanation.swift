// `loma explain --method ccm` as a value: checked inputs, and the rows, masks and costs that follow from them (chapter 16
// of the Spec).

import LoMA
import LoMAPeers
import LoMAVectors

/// Inputs that passed all checks, with their costs; layouts are built only when a section needs them.
package struct ContextExplanation: MethodExplanation {
  /// The most rows of a text that is explained; every section is fast below it.
  package static let rowLimit = 1 << 20
  /// The sections of this method.
  package static let sections: [ExplanationSection] = [
    .parameters, .rows, .positions, .mask, .rules, .schedule, .cost, .profiles,
  ]
  package static let drawnSections: [ExplanationSection] = [.mask, .positions, .schedule]

  package let inputs: ContextInputs
  /// V, n, BOS, the decisions and a.
  package let parameters: ContextParameters
  /// The texts in segments, with ids.
  package let texts: [ContextText]
  /// The cost of each text with all but the last generated token (CCM-27…CCM-29).
  package let costs: [ContextCost]
  /// The size of a cache entry in bytes, if its factors are given (COST-1); else nil.
  package let entryBytes: Int?

  /// Makes all checks in the order of the Spec's list, each of them for all texts.
  ///
  /// Throws a `PeerError`, or an `InputError` for the factors of COST-1.
  package init(_ inputs: ContextInputs) throws {
    let parameters = try ContextParameters(
      textSize: Self.vocabulary(inputs), memoryTokens: inputs.memoryTokens,
      beginningToken: inputs.beginningToken, profile: inputs.profile,
      rate: inputs.rate)
    for text in inputs.texts {
      for (segment, length) in text.lengths.enumerated() where length < 1 {
        throw PeerError.segmentEmpty(segment: segment)
      }
    }
    for text in inputs.texts {
      guard !text.lengths.isEmpty else { throw PeerError.noSegment }
      if let ids = text.ids, ids.count != text.textRows {
        throw PeerError.segmentsMismatch(tokens: ids.count, lengths: text.textRows)
      }
    }
    // m − 1 tokens more are fed.
    let further = max(inputs.generationLength ?? 1, 1) - 1
    for text in inputs.texts { try Self.checkRows(of: text, further: further, parameters) }
    let texts = inputs.texts.map { $0.cut }
    for text in texts {
      for (segment, tokens) in text.segments.enumerated() { try parameters.check(tokens, segment: segment) }
    }
    for text in texts { try text.check(parameters) }
    if let m = inputs.generationLength, m < 0 { throw PeerError.negativeGenerationLength(m) }
    self.inputs = inputs
    self.parameters = parameters
    self.texts = texts
    // What is generated belongs to the final segment, which drops nothing: its ids do not matter.
    let costs = try texts.map { text in
      let final = text.final + Array(repeating: 0, count: further)
      return try ContextCost(
        ContextText(segments: text.contexts + [final], outputLength: text.outputLength), parameters: parameters)
    }
    self.costs = costs
    self.entryBytes = try inputs.cacheEntry?.bytes(forEntries: costs.map { max($0.maximum, $0.textRows) })
  }

  /// Throws `textTooLong` if a layout of a text and of what is fed after it has more rows than are explained.
  private static func checkRows(
    of text: SegmentedText, further: Int, _ parameters: ContextParameters
  ) throws(PeerError) {
    let (textRows, contexts) = (min(text.textRows, rowLimit) + min(further, rowLimit), text.lengths.count - 1)
    try parameters.check(textRows: textRows, contexts: contexts)
    guard text.textRows <= rowLimit, parameters.rows(textRows: textRows, contexts: contexts) <= rowLimit else {
      throw .textTooLong(limit: rowLimit)
    }
  }

  /// V: given, or the largest id plus one.
  private static func vocabulary(_ inputs: ContextInputs) -> Int {
    if let size = inputs.textVocabulary { return size }
    let largest =
      inputs.texts.map { text in text.ids.map { $0.max() ?? 0 } ?? text.textRows - 1 } + [
        inputs.beginningToken ?? 0
      ]
    let id = max(largest.max() ?? 0, 0)
    return id == .max ? id : id + 1
  }

  // MARK: rows and masks

  /// The number of rows of the longest layout (CCM-5).
  package var rowCount: Int {
    texts.map { text in
      parameters.rows(textRows: text.segments.reduce(0) { $0 + $1.count }, contexts: text.finalSegment)
    }.max() ?? 0
  }

  /// The clauses of the mask in words.
  package var sentences: [DrawnSentence] {
    ContextMaskSentences(profile: parameters.profile).all.map { sentence in
      DrawnSentence(
        clause: sentence.clause, queries: sentence.queries.map { RowWords.ccm[$0.rawValue] },
        keys: sentence.keys.map { RowWords.ccm[$0.rawValue] }, sentence: sentence.sentence)
    }
  }

  /// The rows and masks of all texts, padded on the left (CCM-8).
  package func pictures() throws -> [MaskPicture] {
    let batch = ContextBatch(
      try texts.map { try ContextLayout($0, parameters: parameters) }, parameters: parameters)
    return batch.texts.enumerated().map { textIndex, rows in
      let mask = batch.mask(textIndex)
      let which = texts.count == 1 ? "" : "text \(textIndex), "
      return MaskPicture(
        rows: rows.map { drawn($0, of: inputs.texts[textIndex]) }, words: .ccm, sentences: sentences,
        caption: which + layoutCaption
      ) { query, key in
        let rule = mask.rule(query: query, key: key)
        return DrawnRule(clause: rule.clause, isVisible: rule.isVisible)
      }
    }
  }

  private func drawn(_ row: ContextRow, of text: SegmentedText) -> DrawnRow {
    let hasIds = text.ids != nil
    let name =
      switch row.place {
      case .text: tokenName(row.position, of: text)
      case .comp(_, let index): "COMP\(index)"
      case .sum(_, let index): "SUM\(index)"
      case .pad: "pad"
      }
    // A text row's position is its text index (CCM-7), and its label is the next token (CCM-23).
    let label = row.label.map { label in
      DrawnToken(name: tokenName(row.position + 1, of: text), id: hasIds ? label : nil)
    }
    return DrawnRow(
      kind: RowWords.ccm[row.place.role.rawValue], group: row.place.segment, index: row.place.index,
      position: row.position, token: DrawnToken(name: name, id: hasIds ? row.token : nil), label: label)
  }

  /// How text token g is written: BOS, its id, or xg if it has none or is still to be generated.
  func tokenName(_ g: Int, of text: SegmentedText) -> String {
    guard g < text.textRows else { return "x\(g)" }
    let id = text.ids?[g] ?? g
    return id == parameters.beginningToken ? "BOS" : text.ids == nil ? "x\(g)" : "\(id)"
  }

  // MARK: names

  /// CCM, in a sentence.
  package var method: String { "CCM" }

  /// The profile as text.
  package var profileName: String { parameters.profile.name }

  /// The style of all pages, and breaks in long names.
  package var pageStyle: Markup { .joined([HTMLAssets.style, HTMLAssets.breakingNames], by: "\n") }

  /// The layout of training and scoring (CCM-5).
  package var layoutName: String { "parallel" }

  /// A description of the layout with its number of rows.
  package var layoutCaption: String {
    layoutName + " layout" + (inputs.generationLength == nil ? "" : " of the prompt") + ", " + rowsInWords
  }

  /// A description of the inputs, on one line.
  package var title: String {
    let batch =
      texts.count == 1
      ? "segments of " + inputs.texts[0].lengths.inWords + " tokens" : "batch of \(texts.count) texts"
    return "CCM: n = \(parameters.memoryTokens), \(batch), profile \(profileName)"
  }
}

extension RowWords {
  /// Those of compressed context memory; text, COMP and SUM have the colours of reading, memory and repetition.
  package static let ccm = RowWords(
    kind: "role", group: "segment",
    kinds: ContextRole.allCases.map { role in
      let colour: Zone =
        switch role {
        case .text: .reading
        case .comp: .memory
        case .sum: .repetition
        case .pad: .pad
        }
      return RowKind(name: role.rawValue, letter: role.letter, colour: colour)
    })
}

extension SegmentedText {
  /// N, the number of text tokens; at most the largest integer.
  var textRows: Int {
    lengths.reduce(0) { sum, length in
      let (next, overflow) = sum.addingReportingOverflow(length)
      return overflow ? .max : next
    }
  }

  /// The text in segments.
  fileprivate var cut: ContextText {
    let ids = ids ?? Array(0..<textRows)
    var segments: [[Int]] = []
    var start = 0
    for length in lengths {
      segments.append(Array(ids[start..<start + length]))
      start += length
    }
    return ContextText(segments: segments, outputLength: outputLength)
  }
}

extension ContextCost {
  /// N, the number of text rows fed.
  var textRows: Int { lengths.reduce(0, +) }
}

extension [Int] {
  /// The numbers in a sentence, at most eight of them.
  var inWords: String {
    guard count > 1, let last else { return map { "\($0)" }.joined() }
    guard count <= 8 else { return prefix(6).map { "\($0)" }.joined(separator: ", ") + ", …, \(last)" }
    return dropLast().map { "\($0)" }.joined(separator: ", ") + " and \(last)"
  }
}
