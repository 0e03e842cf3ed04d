// OPS-7: interference and poison, which say where bits must stay the same and where they must change.

import LoMA
import LoMAVectors

extension PropertyJudge {
  /// In answer r + 2 row r is replaced: the rows that see it change, all others keep every bit.
  func interference(_ answers: [[NamedArray]]) throws(CorpusError) -> CaseResult {
    let texts = try TextRows(judge.item, input: judge.input)
    let rows = texts.training(texts.texts).texts.first ?? []
    let mask = Mask(rows: rows, profile: texts.profile)
    let sentences = MaskSentences(profile: texts.profile)
    return try interference(answers, rows: rows.count, sees: { mask.allows(query: $0, key: $1) }) {
      sentences.explain(query: $0, key: $1, in: mask)
    }
  }

  /// The same of so many rows, of which `sees` says whether a query sees a key, and `explain` why.
  func interference(
    _ answers: [[NamedArray]], rows count: Int, sees: (_ query: Int, _ key: Int) -> Bool,
    explain: (_ query: Int, _ key: Int) -> String
  ) throws(CorpusError) -> CaseResult {
    let rows = 0..<count
    let base = try array("logits", in: answers[0])
    if let broken = try nonFinite("logits", answers) { return broken }
    let width = base.bytes.count / max(1, rows.count)
    var (tensors, wrong): ([TensorResult], Finding?) = ([], nil)
    var cells = [Bool](repeating: false, count: rows.count * rows.count)
    for (changed, answer) in answers.dropFirst(2).enumerated() {
      let name = "\(changed + 2).logits"
      let after = try array("logits", in: answer)
      let bad = rows.indices.filter { row in
        let place = row * width..<(row + 1) * width
        return (base.bytes[place] == after.bytes[place]) == sees(row, changed)
      }
      tensors.append(exact(name, isRight: bad.isEmpty))
      for row in bad { cells[row * rows.count + changed] = true }
      guard wrong == nil, let row = bad.first else { continue }
      let place = row * width..<(row + 1) * width
      let byte = place.first { base.bytes[$0] != after.bytes[$0] } ?? place.lowerBound
      let what = sees(row, changed) ? "kept every bit" : "changed"
      wrong = finding(
        name, after, base, cell: byte / base.elementType.width,
        place: "with row \(changed) replaced, row \(row) \(what), but "
          + explain(row, changed))
    }
    guard let wrong else { return judge.verdict(.pass, "", tensors: tensors) }
    return judge.verdict(
      .fail, "a row heard what it does not see, or not what it sees", tensors: tensors, finding: wrong,
      divergence: Divergence(
        tensor: Divergence.whoHeardWhom, shape: [rows.count, rows.count], isWrong: cells))
  }

  /// In answer r + 2 everything hidden from row r is poisoned: the context of row r keeps every bit.
  func poison(_ answers: [[NamedArray]]) throws(CorpusError) -> CaseResult {
    let base = try array("context", in: answers[0])
    if let broken = try nonFinite("context", Array(answers.prefix(2))) { return broken }
    let width = base.bytes.count / max(1, answers.count - 2)
    var (tensors, wrong): ([TensorResult], Finding?) = ([], nil)
    for (row, answer) in answers.dropFirst(2).enumerated() {
      let name = "\(row + 2).context"
      let after = try array("context", in: answer)
      let byte = (row * width..<(row + 1) * width).first { base.bytes[$0] != after.bytes[$0] }
      tensors.append(exact(name, isRight: byte == nil))
      guard wrong == nil, let byte else { continue }
      wrong = finding(
        name, after, base, cell: byte / base.elementType.width,
        place: "row \(row) changed when the keys hidden from it were poisoned (MSK-12)")
    }
    guard let wrong else { return judge.verdict(.pass, "", tensors: tensors) }
    return judge.verdict(.fail, "a row heard poisoned keys that it does not see", tensors: tensors, finding: wrong)
  }

  /// `.invalidOutput` if an answer has a NaN or an infinity, else nil.
  private func nonFinite(_ name: String, _ answers: [[NamedArray]]) throws(CorpusError) -> CaseResult? {
    for (index, answer) in answers.enumerated() {
      guard let cell = try numbers(name, in: answer).firstIndex(where: { !$0.isFinite }) else { continue }
      let array = try array(name, in: answer)
      let place = "answer \(index), element \(Comparison.index(of: cell, array.shape))"
      return judge.verdict(
        .invalidOutput, "non-finite: \(index).\(name)", tensors: [exact("\(index).\(name)", isRight: false)],
        finding: finding("\(index).\(name)", array, array, cell: cell, place: place))
    }
    return nil
  }
}
