// Section parameters, and the rows and masks that are drawn (PAR, LAY, POS, LOS, MSK).

import LoMA
import LoMAVectors

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

  /// The clauses of the mask in words.
  package var sentences: [DrawnSentence] {
    MaskSentences(profile: inputs.profile).all.map { sentence in
      func kinds(_ zone: Zone?) -> [RowKind] { zone.map { [RowWords.loma[$0.rawValue]] } ?? [] }
      return DrawnSentence(
        clause: sentence.clause, queries: kinds(sentence.query), keys: kinds(sentence.key),
        sentence: sentence.sentence)
    }
  }

  /// The rows and masks of all texts.
  package func pictures() throws -> [MaskPicture] {
    try batch().texts.enumerated().map { textIndex, rows in
      let mask = Mask(rows: rows, profile: inputs.profile)
      let which = inputs.texts.count == 1 ? "" : "text \(textIndex), "
      return MaskPicture(
        rows: rows.map { drawn($0, textIndex: textIndex) }, words: .loma, sentences: sentences,
        caption: which + layoutCaption
      ) { query, key in
        let rule = mask.rule(query: query, key: key)
        return DrawnRule(clause: rule.clause, isVisible: rule.isVisible)
      }
    }
  }

  /// A row with the names of its tokens; in a text given by its length, ids are text indices and are not shown as ids.
  private func drawn(_ row: Row, textIndex: Int) -> DrawnRow {
    let text = inputs.texts[textIndex]
    let hasIds = text.ids != nil
    let label = row.label.map { label in
      DrawnToken(name: hasIds ? text.name(ofId: label) : "x\(label)", id: hasIds ? label : nil)
    }
    return DrawnRow(
      kind: RowWords.loma[row.place.zone.rawValue], group: row.place.chunk, index: row.place.index,
      position: row.position,
      token: DrawnToken(name: tokenName(row, textIndex: textIndex), id: hasIds ? row.token : nil), label: label)
  }

  /// A description of the inputs, on one line.
  package var title: String {
    let texts =
      inputs.texts.count == 1
      ? "text of \(inputs.texts[0].length) tokens" : "batch of \(inputs.texts.count) texts"
    return "LoMA: c = \(parameters.c), t = \(parameters.t), \(texts), profile \(inputs.profile.name)"
  }

  /// The profile as text.
  package var profileName: String { inputs.profile.name }

  /// LoMA, in a sentence.
  package var method: String { "LoMA" }

  /// The style of all pages.
  package var pageStyle: Markup { HTMLAssets.style }

  /// The training or the generation layout.
  package var layoutName: String { inputs.layout.rawValue }

  /// A description of the layout with its number of rows.
  package var layoutCaption: String {
    let prompt = inputs.generationLength == nil ? "" : " of the prompt"
    return layoutName + " layout" + prompt + ", " + rowsInWords
  }

  /// The text of a row's token.
  private func tokenName(_ row: Row, textIndex: Int) -> String {
    switch row.place {
    case .reading(let chunk, let index):
      inputs.texts[textIndex].name(ofTextIndex: chunk * parameters.chunkLength + index)
    case .memory: "<m>"
    case .repetition: "<r>"
    case .pad: "pad"
    }
  }
}
