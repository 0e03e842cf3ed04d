// RUN-25: the data to draw a wrong tensor: a mask with its wrong cells, or error/bound by row and column.

import LoMAJudgement
import LoMAVectors

/// A picture as run-length-encoded letters.
struct Drawing {
  /// The maximum number of rows of a mask that is drawn cell by cell.
  private static let maskRows = 160
  /// The maximum number of texts of a batch whose masks are drawn.
  private static let panelLimit = 3
  /// The upper limits of error/bound of each class of cells, from right to worst.
  private static let steps: [Double] = [0, 1, 10, 1e3, 1e6, .infinity]

  private let divergence: Divergence
  private let names: CellNames
  private let texts: CaseLayout?

  /// Nil if there is nothing to draw: no grid, or a single cell.
  init?(_ result: CaseResult, texts: CaseLayout?) {
    guard let divergence = result.divergence, divergence.rows > 1 || divergence.columns > 1 else { return nil }
    self.divergence = divergence
    self.texts = texts
    names = CellNames(result, divergence, texts)
  }

  /// The picture in the form that the page's script reads.
  func json(_ words: inout WordList) -> JSONValue { mask(&words) ?? grid(&words) }

  /// The candidate's mask and the expected one, text by text; nil if the tensor is not a mask or its wrong cells are
  /// unknown.
  private func mask(_ words: inout WordList) -> JSONValue? {
    guard ["mask", Divergence.whoHeardWhom].contains(divergence.tensor), let wrong = divergence.wrong, let texts,
      texts.rowCount == divergence.columns, texts.texts.count * texts.rowCount == divergence.rows
    else { return nil }
    let side = texts.rowCount
    var cells: [Int: Set<Int>] = [:]
    for run in wrong {
      for element in run { cells[element / (side * side), default: []].insert(element % (side * side)) }
    }
    let drawable = cells.keys.sorted().filter { shownRows($0, cells[$0] ?? []) <= Self.maskRows }
    if drawable.isEmpty { return nil }
    let panels = drawable.prefix(Self.panelLimit).map { text in
      panel(text, wrong: cells[text] ?? [], &words)
    }
    return .members([
      .init("masks", .array(panels)), .init("more", .integer(cells.count - panels.count)),
      .init("texts", .integer(texts.texts.count)),
    ])
  }

  /// The number of rows of a text up to the last that is not a pad or is wrong.
  private func shownRows(_ text: Int, _ wrong: Set<Int>) -> Int {
    guard let texts, texts.texts.indices.contains(text) else { return .max }
    let side = texts.rowCount
    let own = texts.texts[text].lastIndex { !$0.isPad } ?? -1
    return wrong.reduce(own) { max($0, $1 / side, $1 % side) } + 1
  }

  private func panel(_ text: Int, wrong: Set<Int>, _ words: inout WordList) -> JSONValue {
    guard let texts else { return .null }
    let (side, rows) = (texts.rowCount, shownRows(text, wrong))
    var letters = RunLengths()
    for query in 0..<rows {
      for key in 0..<rows {
        let isSeen = texts.sees(text, query, key)
        // The letters stand for: hidden, seen, wrongly seen, wrongly hidden.
        letters.append(wrong.contains(query * side + key) ? (isSeen ? 3 : 2) : isSeen ? 1 : 0)
      }
    }
    let labels = texts.texts[text].prefix(rows).map { $0.text }
    return .members([
      .init("text", .integer(text)), .init("rows", words.add(labels.joined(separator: "\n"))),
      .init("cells", .string(letters.text)),
    ])
  }

  private func grid(_ words: inout WordList) -> JSONValue {
    let (height, width) = (divergence.cells.count, divergence.cells.first?.count ?? 0)
    var letters = RunLengths()
    for ratio in divergence.cells.joined() {
      letters.append(Self.steps.firstIndex { ratio <= $0 } ?? Self.steps.count - 1)
    }
    let rows = (0..<height).map { name(divergence.rows(ofCell: $0), names.row) }
    let columns = (0..<width).map { name(divergence.columns(ofCell: $0), names.column) }
    let worst = divergence.cells.enumerated().map { (row: $0.offset, ratio: $0.element.max() ?? 0) }
      .filter { $0.ratio > 1 }.sorted { ($1.ratio, $0.row) < ($0.ratio, $1.row) }
    return .members([
      .init("tensor", words.add(divergence.tensor)),
      .init("size", .array([.integer(divergence.rows), .integer(divergence.columns)])),
      .init("rows", words.add(rows.joined(separator: "\n"))),
      .init("columns", words.add(columns.joined(separator: "\n"))), .init("cells", .string(letters.text)),
      .init(
        "worst",
        .array(worst.prefix(3).map { .array([.integer($0.row), .string(short($0.ratio))]) })),
    ])
  }

  /// The name of a block: its first row, and its last if the name differs, without a common beginning.
  private func name(_ range: ClosedRange<Int>, _ name: (Int) -> String) -> String {
    let (first, last) = (name(range.lowerBound), name(range.upperBound))
    if first == last { return first }
    let (start, end) = (first.split(separator: " "), last.split(separator: " "))
    return "\(first) – \(start.dropLast() == end.dropLast() ? String(end[end.count - 1]) : last)"
  }
}

/// Run-length encoding: `a3bc2` is a, a, a, b, c, c.
struct RunLengths {
  private var finished: [UInt8] = []
  private var last: (letter: Int, count: Int)?

  /// Appends a cell; letters count from 0.
  mutating func append(_ letter: Int) {
    if let run = last, run.letter == letter {
      last = (letter, run.count + 1)
    } else {
      finished += end
      last = (letter, 1)
    }
  }

  /// The encoded text so far.
  var text: String { String(decoding: finished + end, as: UTF8.self) }

  private var end: [UInt8] {
    last.map { [UInt8(97 + $0.letter)] + ($0.count > 1 ? Array(String($0.count).utf8) : []) } ?? []
  }
}

/// A list of distinct texts: each is stored in the page once.
struct WordList {
  private(set) var words: [String] = []
  private var places: [String: Int] = [:]
  /// The total size in bytes.
  private(set) var size = 0

  /// The index of a text, added if it is new.
  mutating func add(_ text: String) -> JSONValue {
    if let place = places[text] { return .integer(place) }
    places[text] = words.count
    words.append(text)
    size += text.utf8.count
    return .integer(words.count - 1)
  }
}
