// A second derivation of the mask, by simulation: a reader that is fed a text row by row and keeps a cache as a list of
// row numbers. What a row sees is what the reader holds for it when the row is fed. It uses no formula and nothing of
// LoMAPeers but its names.

import LoMAPeers

/// Reads one text and notes what each row of the layout sees, by row number.
struct SimulatedReader {
  /// The keys of every row, rising.
  private(set) var sees: [[Int]] = []
  /// The numbers held after each segment: sinks, then memory.
  private(set) var heldAfterSegment: [[Int]] = []
  /// The most rows held at once.
  private(set) var largest = 0

  private let text: ContextText
  private let n: Int
  private let (merges, looksBack, keepsBegin): (Bool, Bool, Bool)
  private let begin: Int
  private var sinks: [Int] = []
  /// Rows whose keys stand for all segments so far: COMP rows, or the newest SUM rows.
  private var memory: [Int] = []
  private var compRows: [Int] = []
  /// Entries that stand for a memory which no SUM row stands for yet.
  private var unnamedMemory = 0

  init(_ text: ContextText, n: Int, begin: Int, profile: ContextProfile) {
    self.text = text
    self.n = n
    self.begin = begin
    merges = profile.memory == .merge
    looksBack = profile.recurrence == .recurrent
    keepsBegin = profile.sink == .on
    for tokens in text.contexts { compress(tokens) }
    if merges, !looksBack, !text.contexts.isEmpty { average() }
    var own: [Int] = []
    for _ in text.final { own.append(feed(sinks + memory + own)) }
    note(own.count)
  }

  /// Feeds a row that sees some rows and itself; gives its number.
  private mutating func feed(_ keys: [Int]) -> Int {
    let number = sees.count
    sees.append((keys + [number]).sorted())
    return number
  }

  private mutating func note(_ working: Int) {
    largest = max(largest, earlierEntries + working)
  }

  private var earlierEntries: Int { sinks.count + max(memory.count, unnamedMemory) }

  /// Reads a segment and its COMP rows, then forgets the segment.
  private mutating func compress(_ tokens: [Int]) {
    let before = sinks + (looksBack ? memory : [])
    var (read, block, newSinks): ([Int], [Int], [Int]) = ([], [], [])
    for token in tokens {
      read.append(feed(before + read))
      if keepsBegin, token == begin { newSinks.append(read[read.count - 1]) }
    }
    for _ in 0..<n { block.append(feed(before + read + block)) }
    note(read.count + block.count)
    sinks += newSinks
    compRows += block
    if !merges {
      memory += block
    } else if looksBack {
      // SUM rows see what the segment saw and all of the segment.
      var means: [Int] = []
      for _ in 0..<n { means.append(feed(Array(Set(sinks + before + read + block + means)))) }
      memory = means
    } else {
      unnamedMemory = n
    }
    heldAfterSegment.append(sinks + memory)
  }

  /// The one SUM block of `recurrence = separate`: sees every COMP row.
  private mutating func average() {
    var means: [Int] = []
    for _ in 0..<n { means.append(feed(sinks + compRows + means)) }
    memory = means
    unnamedMemory = 0
  }
}
