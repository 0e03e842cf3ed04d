// CCM-36: the questions of a property case of compressed context memory; all are fixed before the first answer.

import LoMAPeers
import LoMAVectors

extension CaseQuestions {
  /// The questions of a property of part II; throws `manifest` if the operation is not asked this property.
  func context(_ property: Property, of operation: PeerOperation) throws(CorpusError) -> [Question] {
    switch (property, operation) {
    case (.repeat, .ccmForward): return [question(), question()]
    case (.batch, .ccmForward): return try contextBatch()
    case (.online, .ccmOnline): return try online()
    case (.inert, .ccmForward):
      let rows = try contextRows()
      let sums = rows.indices.filter { rows[$0].place.role == .sum }
      guard !sums.isEmpty else { throw damaged("it has no SUM row") }
      return try replacing([sums])
    case (.interference, .ccmForward): return try replacing(try replacedRows().map { [$0] })
    case (.gate, .conditionalLinear): return try gate()
    case _: throw .manifest("\(item.id): no \(property.rawValue) is asked of \(operation.rawValue)")
    }
  }

  /// The rows that `interference` replaces, one a question: all but SUM rows.
  func replacedRows() throws(CorpusError) -> [Int] {
    let rows = try contextRows()
    return rows.indices.filter { rows[$0].place.role != .sum }
  }

  /// The tokens that `online` feeds behind the text: all that are forced but the last.
  ///
  /// A case that feeds tokens names them, so that the second question does not wait for the first answer.
  func fedTokens() throws(CorpusError) -> [Int] {
    let count = max(0, (item.integer("generate") ?? 0) - 1)
    if count == 0 { return [] }
    guard let forced = try? array("forced").integers(), forced.count == count + 1 else {
      throw damaged("it feeds \(count) tokens and does not force them")
    }
    return Array(forced.prefix(count))
  }

  /// The rows of a case that has one text.
  private func contextRows() throws(CorpusError) -> [ContextRow] {
    let texts = try StoredContextTexts(item, input: input)
    guard let rows = texts.batch.texts.first, texts.texts.count == 1 else {
      throw damaged("it does not have exactly one text")
    }
    return rows
  }

  /// The base twice, then with each of these sets of rows replaced.
  private func replacing(_ sets: [[Int]]) throws(CorpusError) -> [Question] {
    let (embeddings, replacements) = (try array("embeddings"), try array("replacements"))
    guard embeddings.shape == [1] + replacements.shape, embeddings.elementType == replacements.elementType,
      let count = replacements.shape.first, try contextRows().count == count
    else { throw damaged("replacements do not fit embeddings, or these the text") }
    let base = question(without: ["replacements"])
    let width = embeddings.bytes.count / count
    var questions = [base, base]
    for rows in sets {
      var bytes = embeddings.bytes
      for row in rows {
        let place = row * width..<(row + 1) * width
        bytes.replaceSubrange(place, with: replacements.bytes[place])
      }
      questions.append(question([try remade(embeddings, bytes)], without: ["replacements"]))
    }
    return questions
  }

  /// The batch, then each text alone.
  private func contextBatch() throws(CorpusError) -> [Question] {
    // Embeddings would have to lose the pads of a text that is asked alone.
    if input.contains(where: { $0.name == "embeddings" }) { throw damaged("a batch is asked of tokens") }
    var questions = [question()]
    for text in try StoredContextTexts(item, input: input).texts {
      questions.append(question(try tensors([text]), without: ["output_lengths"]))
    }
    return questions
  }

  /// The text segment by segment, then in the parallel layout with what was forced at its end.
  private func online() throws(CorpusError) -> [Question] {
    _ = try contextRows()
    let whole = try StoredContextTexts(item, input: input).first(followedBy: try fedTokens())
    return [
      question(),
      question(
        op: .peer(.ccmForward), try tensors([whole]), without: ["generate", "forced", "output_lengths"]),
    ]
  }

  /// The base twice, another adapter, an adapter whose B is zeros, and no row with an adapter.
  private func gate() throws(CorpusError) -> [Question] {
    let names: Set = ["lora_a.replacement", "lora_b.replacement"]
    let others = [
      try array("lora_a"), try array("lora_b"), try array("lora_a.replacement"), try array("lora_b.replacement"),
    ]
    guard others[0].shape == others[2].shape, others[1].shape == others[3].shape,
      others[0].elementType == others[2].elementType, others[1].elementType == others[3].elementType
    else { throw damaged("its replacements have other shapes or types") }
    let opened = try array("gate")
    let base = question(without: names)
    do {
      let replaced = try [(others[0], others[2]), (others[1], others[3])].map { old, new throws(ContainerError) in
        try NamedArray(old.name, old.elementType, shape: old.shape, bytes: new.bytes)
      }
      let zeros = Array(repeating: UInt8(0), count: others[1].bytes.count)
      let noB = try NamedArray("lora_b", others[1].elementType, shape: others[1].shape, bytes: zeros)
      let count = opened.shape.reduce(1, *)
      let closed = try NamedArray("gate", shape: opened.shape, booleans: Array(repeating: false, count: count))
      return [
        base, base, question(replaced, without: names), question([noB], without: names),
        question([closed], without: names),
      ]
    } catch { throw damaged(error.description) }
  }

  private func tensors(_ texts: [[[Int]]]) throws(CorpusError) -> [NamedArray] {
    do { return try texts.contextTensors() } catch { throw damaged(error.description) }
  }
}
