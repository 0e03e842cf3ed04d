// Sections parameters, rows and mask (PAR, LAY, POS, LOS, MSK).

import LoMA

extension Explanation {
  /// c, t, L, the chunks of each text, the vocabulary and the profile.
  func parametersContent() -> SectionContent {
    var rows = [
      ["c", "\(parameters.c)", "compression ratio: text tokens per memory token"],
      ["t", "\(parameters.t)", "memory length: memory tokens per chunk"],
      ["L", "\(parameters.chunkLength)", "chunk length, t·c: text tokens per chunk"],
    ]
    for (index, text) in inputs.texts.enumerated() {
      let (full, tail) = (parameters.fullChunks(text.length), parameters.tailLength(text.length))
      let chunks = "\(full) full chunk" + (full == 1 ? "" : "s")
      let name = inputs.texts.count == 1 ? "text tokens" : "text tokens of text \(index)"
      rows.append(["n", "\(text.length)", name + ": \(chunks)" + (tail > 0 ? " and a tail of \(tail)" : ", no tail")])
    }
    if let generationLength = inputs.generationLength {
      rows.append(["m", "\(generationLength)", "tokens to generate, the last one chosen but not fed"])
    }
    if let vocabulary {
      rows.append(["V", "\(vocabulary.textSize)", "text vocabulary: ids 0..<\(vocabulary.textSize)"])
      rows.append(["<m>", "\(vocabulary.memoryToken)", "id of the memory token"])
      rows.append(["<r>", "\(vocabulary.repetitionToken)", "id of the repetition token"])
      rows.append(["V'", "\(vocabulary.modelSize)", "the model's vocabulary: ids 0..<\(vocabulary.modelSize)"])
    }
    let table = ContentTable(
      columns: [.words(""), .number(""), .words("")], rows: rows.map { $0.map { ContentCell($0) } })
    return SectionContent(
      section: .parameters, subtitle: "profile " + inputs.profile.name, blocks: [.table(table)])
  }

  /// Every row of every text's layout.
  func rowsContent(_ batch: Batch?, limits: ExplanationLimits) -> SectionContent {
    guard let batch, batch.rowCount <= limits.lines else {
      return .tooLong(.rows, "\(rowCount) rows", limit: "\(limits.lines) rows")
    }
    var blocks: [ContentBlock] = []
    for (index, rows) in batch.texts.enumerated() {
      if batch.texts.count > 1 { blocks.append(.title("text \(index)")) }
      blocks.append(.table(table(of: rows, textIndex: index)))
    }
    return SectionContent(section: .rows, subtitle: layoutCaption, blocks: blocks)
  }

  /// Which row of each text sees which.
  func maskContent(_ batch: Batch?, limits: ExplanationLimits) -> SectionContent {
    guard let batch, batch.rowCount <= limits.maskRows else {
      return .tooLong(.mask, "\(rowCount) rows", limit: "\(limits.maskRows) rows")
    }
    var blocks: [ContentBlock] = []
    for (index, rows) in batch.texts.enumerated() where !rows.isEmpty {
      if batch.texts.count > 1 { blocks.append(.title("text \(index)")) }
      blocks.append(.mask(picture(of: rows, textIndex: index)))
    }
    return SectionContent(section: .mask, subtitle: layoutCaption, blocks: blocks)
  }

  /// The clauses of the mask that apply to zones which occur; all clauses if the rows are unknown.
  func rulesContent(_ batch: Batch?) -> SectionContent {
    let occurring = Set((batch?.texts ?? []).joined().map { $0.place.zone })
    let sentences = MaskSentences(profile: inputs.profile).all.filter { sentence in
      occurring.isEmpty || [sentence.query, sentence.key].allSatisfy { $0.map(occurring.contains) ?? true }
    }
    let rows = sentences.map { sentence in
      [ContentCell(sentence.clause), ContentCell(sentence.sentence, ink: sentence.query.map { .zone($0) } ?? .plain)]
    }
    let table = ContentTable(columns: [.words(""), .words("")], rows: rows)
    return SectionContent(section: .rules, subtitle: "profile " + inputs.profile.name, blocks: [.table(table)])
  }

  /// The drawings of the masks of all texts, or nil if they exceed the limit.
  package func maskPictures(limits: ExplanationLimits) throws(InputError) -> [MaskPicture]? {
    guard rowCount <= limits.maskRows else { return nil }
    return try batch().texts.enumerated().map { picture(of: $0.element, textIndex: $0.offset) }
  }

  /// The mask of one text with the names of its tokens.
  private func picture(of rows: [Row], textIndex: Int) -> MaskPicture {
    let which = inputs.texts.count == 1 ? "" : "text \(textIndex), "
    return MaskPicture(
      mask: Mask(rows: rows, profile: inputs.profile), tokens: rows.map { tokenName($0, textIndex: textIndex) },
      caption: which + layoutCaption)
  }

  /// A description of the inputs, on one line.
  package var title: String {
    let texts =
      inputs.texts.count == 1
      ? "text of \(inputs.texts[0].length) tokens" : "batch of \(inputs.texts.count) texts"
    return "LoMA: c = \(parameters.c), t = \(parameters.t), \(texts), profile \(inputs.profile.name)"
  }

  /// A description of the layout with its number of rows.
  var layoutCaption: String {
    let rows = "\(rowCount) row" + (rowCount == 1 ? "" : "s")
    let prompt = inputs.generationLength == nil ? "" : " of the prompt"
    return inputs.layout.rawValue + " layout" + prompt + ", " + rows
  }

  /// The text of a row's token.
  func tokenName(_ row: Row, textIndex: Int) -> String {
    switch row.place {
    case .reading(let chunk, let index):
      inputs.texts[textIndex].name(ofTextIndex: chunk * parameters.chunkLength + index)
    case .memory: "<m>"
    case .repetition: "<r>"
    case .pad: "pad"
    }
  }

  /// The text of a row's label; in a text given by its length, ids are text indices.
  func labelName(_ row: Row, textIndex: Int) -> String? {
    guard let label = row.label else { return nil }
    return switch inputs.texts[textIndex] {
    case .length: "x\(label)"
    case .tokens: "\(label)"
    }
  }

  private func table(of rows: [Row], textIndex: Int) -> ContentTable {
    var starts: Set<Int> = []
    let cells = rows.enumerated().map { index, row in
      if index > 0, row.place.chunk != rows[index - 1].place.chunk { starts.insert(index) }
      return [
        ContentCell("\(index)"), ContentCell(row.place.zone.rawValue, ink: .zone(row.place.zone)),
        ContentCell(row.place.chunk.map(String.init) ?? "-"), ContentCell(row.place.index.map(String.init) ?? "-"),
        ContentCell("\(row.position)"), ContentCell(tokenName(row, textIndex: textIndex), ink: .zone(row.place.zone)),
        ContentCell(labelName(row, textIndex: textIndex) ?? "-"),
      ]
    }
    return ContentTable(
      columns: [
        .number("row"), .words("zone"), .number("chunk"), .number("index"), .number("position"), .words("token"),
        .words("label"),
      ], rows: cells, groupStarts: starts)
  }
}

extension SectionContent {
  /// The sentence shown instead of a listing that is too long.
  static func tooLong(_ section: ExplanationSection, _ size: String, limit: String) -> SectionContent {
    SectionContent(
      section: section, subtitle: size,
      blocks: [.note(["not shown: the limit here is \(limit); parameters, cost and profiles answer at any length"])])
  }
}
