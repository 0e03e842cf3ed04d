// What is wrong with an answer: the row, the pair where there is one, and the clause.

import LoMA
import LoMAExplanation

/// One wrong answer in words.
package struct LessonFinding: Sendable {
  /// The clause that says what is right.
  package let clause: String
  /// Row, pair, what was answered and what is right.
  package let sentence: String
  /// What else can be said: the whole count, and the mistake that gives exactly this answer.
  package var notes: [String] = []
  /// The mask with its wrong cells, where the answer is one.
  package var mask: MarkedMask?

  init(_ clause: String, _ sentence: String) {
    self.clause = clause
    self.sentence = sentence + ": " + clause + " " + (ClauseSentence.all[clause] ?? "")
  }

  init(_ clause: String, explained sentence: String) {
    self.clause = clause
    self.sentence = sentence
  }
}

/// Clauses that the mask's own sentences do not cover, in one sentence each.
enum ClauseSentence {
  static let all = [
    "LAY-2": "a full chunk becomes its reading rows, t memory rows and as many repetition rows as it has tokens",
    "LAY-4": "a training layout has n + F(t + L) rows for F full chunks",
    "LAY-5": "the generation layout has n + F·t rows",
    "POS-1": "a reading row stands at its text index",
    "POS-2": "a memory row stands at the last token of its share of the chunk",
    "POS-3": "a repetition row stands where its token stood",
    "MOD-2": "divide by the root of the mean square plus epsilon, then multiply by the gain",
    "MOD-3": "numbers half a head apart are rotated by the position times theta to the power -2i/d",
    "MOD-4": "the softmax of q·k/√d over the rows that the mask shows, in every head",
    "MOD-6": "each part reads a normalised row and adds its result to that row",
    "GEN-2": "a token that is fed sees the cache and itself, and its entry stays",
    "GEN-3": "a full chunk is compressed at once: its memory rows in one pass, then its reading entries go",
    "GEN-4": "the next token is chosen from the last reading row, before the chunk is compressed",
    "GEN-6": "the cache holds t entries for every full chunk and one for every token of the tail",
    "GEN-7": "one pass over the training layout computes what the cache computes",
    "REC-1": "the chunk's repetition rows are fed behind the cache, and each predicts the token at its own place",
    "LOS-1": "a reading row is labelled with the next token of the text, the last one with none",
    "LOS-2": "a memory row has no label",
    "LOS-3": "a repetition row is labelled with the token at its own place, not with the next",
    "LOS-4": "two means: over the labelled reading rows, and over the repetition rows",
    "COST-2": "the scores are the visible pairs of the generation layout, n(n+1)/2 without compression",
  ]
}

extension LessonReference {
  /// What is wrong with the words of an answer; nil if it is right.
  package func finding(_ words: [String], to ask: Ask) throws(LessonError) -> LessonFinding? {
    let right = try answer(ask)
    do { return try judged(words, right, ask) } catch { throw .refused("\(error)") }
  }

  private func judged(_ words: [String], _ right: LessonAnswer, _ ask: Ask) throws -> LessonFinding? {
    var finding: LessonFinding?
    var given = LessonAnswer.words(words)
    switch right {
    case .words(let expected):
      guard words != expected else { return nil }
      finding = try wordsFinding(words, expected, ask)
    case .numbers(let expected, let width):
      let numbers = words.map { Double($0) }
      if let place = numbers.firstIndex(of: nil) {
        return LessonFinding(ask.clause, "'\(words[place].prefix(30))' is no number")
      }
      given = .numbers(numbers.compactMap { $0 }, width: width)
      guard numbers.count == expected.count else {
        return LessonFinding(ask.clause, "\(numbers.count) numbers instead of \(expected.count)")
      }
      let every = numbers.compactMap { $0 }
      guard var first = LessonAnswer.firstDifference(expected, every) else { return nil }
      // Attention to a hidden row says more than the shares that it takes from the others.
      if case .weights = ask,
        let hidden = expected.indices.first(where: { expected[$0] == 0 && every[$0].magnitude > 2e-5 })
      {
        first = hidden
      }
      finding = try numbersFinding(first, every[first], expected, width, ask)
    }
    if namesMistakes, let name = mistake(giving: given, to: ask) {
      finding?.notes.insert("this is what one gets " + name, at: 0)
    }
    return finding
  }

  // MARK: integers

  private func wordsFinding(_ words: [String], _ expected: [String], _ ask: Ask) throws -> LessonFinding {
    let first = zip(words, expected).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    let place = first ?? min(words.count, expected.count)
    func compared(_ what: String) -> String {
      guard place < words.count else { return what + " is missing, it must be \(expected[place])" }
      return place < expected.count
        ? what + " is \(words[place].prefix(30)), it must be \(expected[place])"
        : "\(words.count - expected.count) words too many"
    }
    switch ask {
    case .entries: return LessonFinding("GEN-6", compared("the number of entries"))
    case .rows(let sizes): return try rowsFinding(words, expected, place, sizes)
    case .positions(let sizes):
      let rows = try rows(sizes)
      guard place < rows.count else { return LessonFinding("LAY-4", "\(words.count) positions for \(rows.count) rows") }
      return LessonFinding(rows[place].positionClause, compared("the position of " + rows.describe(place)))
    case .mask(let sizes): return try maskFinding(words, expected, try rows(sizes), sizes)
    case .cache(let sizes): return try cacheFinding(words, expected, place, sizes)
    case .labels(let text):
      let rows = try rows(text)
      guard place < rows.count else { return LessonFinding("LAY-4", "\(words.count) labels for \(rows.count) rows") }
      return LessonFinding(rows[place].labelClause, compared("the label of " + rows.describe(place)))
    case .recite(let chunk, _):
      let rows = try rows(ask.text).filter { $0.place.zone == .repetition && $0.place.chunk == chunk }
      guard place < rows.count else {
        return LessonFinding("REC-1", "\(words.count) tokens for \(rows.count) repetition rows")
      }
      return LessonFinding(
        "REC-1",
        compared("the token of repetition row \(place) of chunk \(chunk), at position \(rows[place].position),"))
    case .looks(_, let text):
      let rows = try rows(text)
      let memory = rows.indices.filter { rows[$0].place.zone == .memory }
      guard place < memory.count else {
        return LessonFinding("MOD-4", "\(words.count) rows for \(memory.count) memory rows")
      }
      return LessonFinding("MOD-4", compared("the row that \(rows.describe(memory[place])) gives most attention"))
    case .find(let sizes, let cells): return try pairFinding(words, expected, cells, sizes)
    case .cost:
      let names = ["scores with compression", "scores without", "rows fed with compression", "rows fed without"]
      let clause = place < 2 ? "COST-2" : "LAY-5"
      return LessonFinding(clause, compared("the number of " + (place < names.count ? names[place] : "words")))
    case .norm, .query, .weights, .layer, .next, .onePass, .losses:
      return LessonFinding(ask.clause, compared("the answer"))
    }
  }

  private func rowsFinding(_ words: [String], _ expected: [String], _ place: Int, _ sizes: Sizes) throws
    -> LessonFinding
  {
    let (rows, row) = (try rows(sizes), place / 3)
    guard row < rows.count else { return LessonFinding("LAY-4", "\(words.count / 3) rows instead of \(rows.count)") }
    let given = words.dropFirst(row * 3).prefix(3).joined(separator: " ")
    return LessonFinding(
      "LAY-2",
      given.isEmpty
        ? "row \(row) is missing, it must be \(rows[row].place.description)"
        : "row \(row) is '\(given.prefix(30))', it must be \(rows[row].place.description)")
  }

  private func maskFinding(_ words: [String], _ expected: [String], _ rows: [Row], _ sizes: Sizes) throws
    -> LessonFinding
  {
    guard words.count == expected.count, words.allSatisfy({ $0 == "0" || $0 == "1" }) else {
      return LessonFinding("LAY-4", "\(words.count) words instead of \(rows.count)·\(rows.count) times 0 or 1")
    }
    let wrong = words.indices.filter { words[$0] != expected[$0] }
    let (query, key) = wrong[0].quotientAndRemainder(dividingBy: rows.count)
    let mask = Mask(rows: rows, profile: profile)
    let clause = mask.rule(query: query, key: key).clause
    let other = query == key ? "itself" : mask.describe(row: key)
    let verb = words[wrong[0]] == "1" ? "sees" : "does not see"
    let sentences = MaskSentences(profile: profile)
    var finding = LessonFinding(
      clause, explained: "\(mask.describe(row: query)) \(verb) \(other) in your mask: \(clause) \(sentences[clause])")
    finding.notes = ["wrong cells: \(wrong.count) of \(expected.count)"]
    let given = words.map { $0 == "1" }
    finding.mask = MarkedMask(
      c: sizes.c, t: sizes.t, length: sizes.length, profile: profile, given: given)
    return finding
  }

  private func cacheFinding(_ words: [String], _ expected: [String], _ place: Int, _ sizes: Sizes) throws
    -> LessonFinding
  {
    let steps = try CacheSchedule(fedLength: sizes.length, parameters: try sizes.parameters()).steps
    guard place < steps.count else { return LessonFinding("GEN-3", "\(words.count) events instead of \(steps.count)") }
    let given = place < words.count ? words[place].prefix(60) : "missing"
    let (clause, event) =
      switch steps[place].event {
      case .read(let textIndex): ("GEN-2", "token \(textIndex) is read, whose row enters")
      case .compress(let chunk): ("GEN-3", "the memory rows of chunk \(chunk) are fed")
      case .drop(let chunk): ("GEN-3", "the reading rows of chunk \(chunk) are dropped")
      }
    return LessonFinding(clause, "event \(place), \(event): your cache is \(given), it must be \(expected[place])")
  }

  private func pairFinding(
    _ words: [String], _ expected: [String], _ cells: [Bool], _ sizes: Sizes
  ) throws -> LessonFinding {
    let mask = Mask(rows: try rows(sizes), profile: profile)
    let (query, key) = (Int(expected[0]) ?? 0, Int(expected[1]) ?? 0)
    let clause = mask.rule(query: query, key: key).clause
    let verb = cells[query * mask.rows.count + key] ? "sees" : "does not see"
    return LessonFinding(
      clause,
      explained:
        "you found '\(words.joined(separator: " ").prefix(30))'; the first wrong pair is \(query) \(key): in the "
        + "given mask \(mask.describe(row: query)) \(verb) \(mask.describe(row: key)): "
        + MaskSentences(profile: profile).explain(query: query, key: key, in: mask))
  }

  // MARK: numbers

  private func numbersFinding(
    _ place: Int, _ given: Double, _ expected: [Double], _ width: Int, _ ask: Ask
  ) throws -> LessonFinding {
    let (row, column) = place.quotientAndRemainder(dividingBy: max(width, 1))
    let ending = "\(LessonReference.short(given)), it must be \(LessonReference.short(expected[place]))"
    switch ask {
    case .norm(let token): return LessonFinding("MOD-2", "number \(column) of the row of token \(token) is \(ending)")
    case .query(let position, let token):
      let (head, i) = column.quotientAndRemainder(dividingBy: try model.checkpoint.configuration.heads.dimension)
      let half = try model.checkpoint.configuration.heads.dimension / 2
      let pair = "the pair \(i % half) and \(i % half + half)"
      return LessonFinding(
        "MOD-3", "the row of token \(token) at position \(position), head \(head), \(pair): number \(i) is \(ending)")
    case .weights(let layer, let text):
      let mask = Mask(rows: try rows(text), profile: profile)
      let pair = "in layers.\(layer) \(mask.describe(row: row)) gives \(mask.describe(row: column)) \(ending)"
      let rule = mask.rule(query: row, key: column)
      guard !rule.isVisible else { return LessonFinding("MOD-4", pair) }
      return LessonFinding(
        rule.clause, explained: pair + ": " + rule.clause + " " + MaskSentences(profile: profile)[rule.clause])
    case .layer(let text):
      return LessonFinding("MOD-6", "number \(column) of \(try rows(text).describe(row)) is \(ending)")
    case .next(let text):
      let last = try rows(text).lastIndex { $0.place.zone == .reading } ?? 0
      let clause = text.count % (try model.parameters.chunkLength) == 0 ? "GEN-4" : "GEN-2"
      return LessonFinding(clause, "the score of id \(column) after \(try rows(text).describe(last)) is \(ending)")
    case .onePass(let text):
      let last = try rows(text).lastIndex { $0.place.zone == .reading } ?? 0
      return LessonFinding("GEN-7", "the score of id \(column) in \(try rows(text).describe(last)) is \(ending)")
    case .losses:
      let what = place == 0 ? "the mean over reading rows" : "the mean over repetition rows"
      return LessonFinding("LOS-4", what + " is " + ending)
    default: return LessonFinding(ask.clause, "number \(place) is " + ending)
    }
  }

  /// A number to six digits.
  private static func short(_ number: Double) -> String {
    guard number.isFinite, number != 0 else { return number == 0 ? "0" : "\(number)" }
    var scale = 1.0
    while number.magnitude * scale < 100_000, scale < 1e300 { scale *= 10 }
    while number.magnitude * scale >= 1_000_000 { scale /= 10 }
    return "\((number * scale).rounded() / scale)"
  }
}

extension [Row] {
  /// A row in words: its number, and its place.
  func describe(_ row: Int) -> String { "row \(row) (" + self[row].place.description + ")" }
}

extension Row {
  var positionClause: String {
    switch place {
    case .reading, .pad: "POS-1"
    case .memory: "POS-2"
    case .repetition: "POS-3"
    }
  }

  var labelClause: String {
    switch place {
    case .reading, .pad: "LOS-1"
    case .memory: "LOS-2"
    case .repetition: "LOS-3"
    }
  }
}

extension Ask {
  /// The clause of the whole answer.
  package var clause: String {
    switch self {
    case .entries: "GEN-6"
    case .rows, .mask: "LAY-4"
    case .positions: "POS-1"
    case .norm: "MOD-2"
    case .query: "MOD-3"
    case .weights, .looks: "MOD-4"
    case .layer: "MOD-6"
    case .cache: "GEN-3"
    case .next: "GEN-4"
    case .recite: "REC-1"
    case .onePass: "GEN-7"
    case .labels: "LOS-1"
    case .losses: "LOS-4"
    case .find: "MSK-1"
    case .cost: "COST-2"
    }
  }

  /// The text of a request that has one.
  var text: [Int] {
    switch self {
    case .weights(_, let text), .layer(let text), .next(let text), .recite(_, let text), .onePass(let text),
      .looks(_, let text), .labels(let text), .losses(let text):
      text
    case .entries, .rows, .positions, .mask, .norm, .query, .cache, .find, .cost: []
    }
  }
}
