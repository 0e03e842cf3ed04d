// CCM-36: a candidate's answers about compressed context memory, compared with each other.

import LoMAPeers
import LoMAVectors

extension PropertyJudge {
  /// The verdict on a property of part II, from answers of the right form.
  func context(_ property: Property, _ answers: [[NamedArray]]) throws(CorpusError) -> CaseResult {
    switch property {
    case .repeat: return difference(answers[0], answers[1]) ?? repeated(answers[0])
    case .batch: return try contextBatch(answers)
    case .online: return try online(answers)
    case .inert: return try inert(answers)
    case .interference: return try contextInterference(answers)
    case .gate: return try gate(answers)
    case .poison, .prefix, .cache, .shift:
      throw .manifest("\(judge.item.id): no \(property.rawValue) is judged in part II")
    }
  }

  /// The tensors of an answer, with those shapes that follow from the case.
  func contextForm(
    of question: Question, _ operation: PeerOperation
  ) throws(CorpusError) -> [AnswerForm.ExpectedTensor] {
    func numbers(_ name: String, _ shape: [Int]?) -> AnswerForm.ExpectedTensor {
      .init(name: name, shape: shape, kind: .floating)
    }
    func integers(_ name: String) -> AnswerForm.ExpectedTensor { .init(name: name, shape: nil, kind: .integer) }
    switch operation {
    case .ccmForward:
      let texts = try StoredContextTexts(judge.item, input: question.input)
      let batch = texts.batch.texts
      return [numbers("logits", [batch.count, batch.first?.count ?? 0, texts.parameters.textSize])]
    case .ccmOnline:
      let texts = try StoredContextTexts(judge.item, input: question.input)
      let count = texts.texts[0].joined().count + (try questions.fedTokens().count)
      return [
        numbers("logits", [count, texts.parameters.textSize]), integers("chosen"), integers("events"),
        integers("cache.rows"),
      ] + ["appended.keys", "appended.values", "cache.keys", "cache.values"].map { numbers($0, nil) }
    case .conditionalLinear:
      let (x, weight) = (try questions.array("x").shape, try questions.array("weight").shape)
      return [numbers("y", Array(x.prefix(1)) + Array(weight.prefix(1)))]
    default:
      throw .manifest("\(judge.item.id): no property is asked of \(operation.rawValue)")
    }
  }

  /// The logits of answer 0, fed segment by segment, equal those of the text rows of the parallel layout, answer 1.
  private func online(_ answers: [[NamedArray]]) throws(CorpusError) -> CaseResult {
    let texts = try StoredContextTexts(judge.item, input: judge.input)
    let layout = texts.layout(texts.first(followedBy: try questions.fedTokens()))
    let rows = layout?.rows ?? []
    let forward = try lines(answers[1], texts).rows(rows.indices.filter { rows[$0].place.role == .text })
    let places = rows.filter { $0.place.role == .text }.map { $0.place.words }
    return judge.verdict(of: [
      compare(0, try lines(answers[0], texts), forward, bound: nearBound) {
        "text token \($0)" + (places.indices.contains($0) ? " (\(places[$0]))" : "")
      }
    ])
  }

  /// Each text alone, answer i + 1, gives the same at its text rows as in the batch.
  private func contextBatch(_ answers: [[NamedArray]]) throws(CorpusError) -> CaseResult {
    let texts = try StoredContextTexts(judge.item, input: judge.input)
    let (together, batch) = (try lines(answers[0], texts), texts.batch)
    var comparisons: [Comparison] = []
    for (index, text) in texts.texts.enumerated() {
      let rows = texts.layout(text)?.rows ?? []
      let own = rows.indices.filter { rows[$0].place.role == .text }
      let all = batch.texts[index]
      let first = index * all.count
      let mine = all.indices.filter { all[$0].place.role == .text }.map { first + $0 }
      comparisons.append(
        compare(
          index + 1, try lines(answers[index + 1], texts).rows(own), together.rows(mine),
          bound: nearBound
        ) { "text \(index), row \(own[$0]) (\(rows[own[$0]].place.words))" })
    }
    return judge.verdict(of: comparisons)
  }

  /// In answer 2 all SUM rows hold something else: text rows keep every bit (CCM-18).
  private func inert(_ answers: [[NamedArray]]) throws(CorpusError) -> CaseResult {
    let rows = try ContextRows(self, answers, name: "logits")
    if let broken = rows.broken ?? rows.undetermined { return broken }
    let changed = rows.indices.first { rows.change(in: 2, of: $0) != nil }
    let tensors = [exact("2.logits", isRight: changed == nil)]
    guard let row = changed, let cell = rows.change(in: 2, of: row) else {
      return judge.verdict(.pass, "", tensors: tensors)
    }
    return judge.verdict(
      .fail, "a text row heard what a SUM row holds", tensors: tensors,
      finding: finding(
        "2.logits", rows.arrays[2], rows.arrays[0], cell: cell,
        place: "with other embeddings in all SUM rows, \(rows.mask?.describe(row: row) ?? "row \(row)") changed "
          + "(CCM-18)"))
  }

  /// In answer i + 2 one row is replaced: the text rows that it reaches change, all others keep every bit.
  private func contextInterference(_ answers: [[NamedArray]]) throws(CorpusError) -> CaseResult {
    let rows = try ContextRows(self, answers, name: "logits")
    if let broken = rows.broken ?? rows.undetermined { return broken }
    guard let mask = rows.mask else { throw questions.damaged("it has no text") }
    let reach = ContextReach(mask)
    let count = mask.rows.count
    var (tensors, wrong): ([TensorResult], Finding?) = ([], nil)
    var cells = [Bool](repeating: false, count: count * count)
    for (place, replaced) in try questions.replacedRows().enumerated() {
      let answer = place + 2
      let bad = rows.indices.filter { (rows.change(in: answer, of: $0) != nil) != reach.reaches(replaced, $0) }
      tensors.append(exact("\(answer).logits", isRight: bad.isEmpty))
      for row in bad { cells[row * count + replaced] = true }
      guard wrong == nil, let row = bad.first else { continue }
      let what = reach.reaches(replaced, row) ? "kept every bit" : "changed"
      wrong = finding(
        "\(answer).logits", rows.arrays[answer], rows.arrays[0],
        cell: rows.change(in: answer, of: row) ?? row * rows.width,
        place: "with row \(replaced) replaced, row \(row) \(what), but " + reach.explain(replaced, row))
    }
    guard let wrong else { return judge.verdict(.pass, "", tensors: tensors) }
    return judge.verdict(
      .fail, "a row heard what does not reach it, or not what does", tensors: tensors, finding: wrong,
      divergence: Divergence(tensor: Divergence.whoHeardWhom, shape: [count, count], isWrong: cells))
  }

  /// Another adapter changes the rows with an open gate and no other (answer 2); with B = 0 every row, answer 3, is what
  /// it is without an adapter, answer 4.
  private func gate(_ answers: [[NamedArray]]) throws(CorpusError) -> CaseResult {
    let rows = try ContextRows(self, answers, name: "y")
    if let broken = rows.broken ?? rows.undetermined { return broken }
    guard let opened = try? questions.array("gate").booleans(), opened.count == rows.indices.count else {
      throw questions.damaged("its gate has not as many rows as x")
    }
    let bad = rows.indices.first { (rows.change(in: 2, of: $0) != nil) != opened[$0] }
    let leaking = rows.indices.first { rows.change(in: 3, of: $0, from: 4) != nil }
    let tensors = [exact("2.y", isRight: bad == nil), exact("3.y", isRight: leaking == nil)]
    if let row = bad {
      let said =
        opened[row]
        ? "with another adapter row \(row), whose gate is true, kept every bit"
        : "with another adapter row \(row), whose gate is false, changed"
      return judge.verdict(
        .fail, "the adapter does not act on the rows whose gate is true, and on no other", tensors: tensors,
        finding: finding(
          "2.y", rows.arrays[2], rows.arrays[0], cell: rows.change(in: 2, of: row) ?? row * rows.width,
          place: said + " (CCM-20)"))
    }
    guard let row = leaking, let cell = rows.change(in: 3, of: row, from: 4) else {
      return judge.verdict(.pass, "", tensors: tensors)
    }
    return judge.verdict(
      .fail, "with B = 0 the adapter adds something", tensors: tensors,
      finding: finding(
        "3.y", rows.arrays[3], rows.arrays[4], cell: cell,
        place: "with lora_b of zeros row \(row) is not what it is with all gates false (CCM-20)"))
  }

  /// Twice the allowed error of the logits of `ccm_forward`.
  private var nearBound: Double {
    2 * judge.bounds.generalBound(of: "logits", op: PeerOperation.ccmForward.rawValue, dtype: judge.dtype)
  }

  private func lines(_ answer: [NamedArray], _ texts: StoredContextTexts) throws(CorpusError) -> Lines {
    Lines(values: try numbers("logits", in: answer), width: texts.parameters.textSize)
  }
}

/// The compared rows of one tensor in several answers to a property that compares bits.
private struct ContextRows {
  let arrays: [NamedArray]
  /// The compared rows: text rows of logits, every row of a stage.
  let indices: [Int]
  /// The mask over the rows of the text; nil for a stage.
  let mask: ContextMask?
  let width: Int
  /// The verdict if a compared number is not finite.
  let broken: CaseResult?
  /// The verdict if the base request got other bytes the second time.
  let undetermined: CaseResult?
  private let values: [[Double]]

  init(_ judge: PropertyJudge, _ answers: [[NamedArray]], name: String) throws(CorpusError) {
    arrays = try answers.map { answer throws(CorpusError) in try judge.array(name, in: answer) }
    values = try answers.map { answer throws(CorpusError) in try judge.numbers(name, in: answer) }
    let width = max(1, arrays[0].shape.last ?? 1)
    self.width = width
    if name == "logits" {
      let batch = try StoredContextTexts(judge.judge.item, input: judge.judge.input).batch
      mask = batch.mask(0)
      indices = batch.texts[0].indices.filter { batch.texts[0][$0].place.role == .text }
    } else {
      mask = nil
      indices = Array(0..<values[0].count / width)
    }
    broken = Self.broken(judge, arrays, values, indices, width: width)
    let bytes = arrays.prefix(2).map { Array($0.bytes) }
    let size = width * arrays[0].elementType.width
    // A row that is not compared may hold anything, even something else each time (CCM-30).
    let compared = indices.flatMap { Array($0 * size..<($0 + 1) * size) }
    if let byte = compared.first(where: { bytes[0][$0] != bytes[1][$0] }) {
      undetermined = judge.judge.verdict(
        .indeterminate, "the same question got other bytes: \(name)",
        tensors: [judge.exact("1." + name, isRight: false)],
        finding: judge.finding(
          "1." + name, arrays[1], arrays[0], cell: byte / arrays[0].elementType.width,
          place: "the same question again"))
    } else {
      undetermined = nil
    }
  }

  /// The first cell of a row that differs from that of another answer, +0 and −0 being equal; nil if none does.
  func change(in answer: Int, of row: Int, from base: Int = 0) -> Int? {
    (row * width..<(row + 1) * width).first { values[answer][$0] != values[base][$0] }
  }

  private static func broken(
    _ judge: PropertyJudge, _ arrays: [NamedArray], _ values: [[Double]], _ indices: [Int], width: Int
  ) -> CaseResult? {
    for (answer, numbers) in values.enumerated() {
      let cells = indices.lazy.flatMap { $0 * width..<($0 + 1) * width }
      guard let cell = cells.first(where: { !numbers[$0].isFinite }) else { continue }
      let name = "\(answer).\(arrays[answer].name)"
      return judge.judge.verdict(
        .invalidOutput, "non-finite: \(name)", tensors: [judge.exact(name, isRight: false)],
        finding: judge.finding(
          name, arrays[answer], arrays[answer], cell: cell,
          place: "answer \(answer), element \(Comparison.index(of: cell, arrays[answer].shape))"))
    }
    return nil
  }
}
