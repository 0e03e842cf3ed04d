// A second derivation of LoMA, by simulation: a decoder that is fed a text token by token and keeps a cache as a list
// of entries. What a row sees is what is in the cache, or in the same pass, when the row is fed. Positions come from
// counting what was fed, labels from the tokens as they pass by. It uses no formula and no part of LoMA but its names.

import LoMA

/// A row as the decoder fed it.
struct FedRow {
  var place: Place
  var token: Int
  var position: Int
  /// The text index of the token that this row is trained to predict.
  var predictedTextIndex: Int?
  /// The rows it sees, by their number in feeding order.
  var sees: [Int]
}

/// Reads a text, compresses at each full chunk, and repeats the chunk from its memories.
struct StreamingDecoder {
  /// All rows in the order they were fed, which numbers them.
  private(set) var fed: [FedRow] = []
  /// The numbers of the rows whose entries are cached.
  private(set) var cache: [Int] = []
  /// The size of the cache after every text token, what it compresses included.
  private(set) var sizesAfterReading: [Int] = []
  /// The size of the cache in the middle of every compression.
  private(set) var sizesWhileCompressing: [Int] = []

  private let profile: Profile
  private let spanLength: Int
  private let spansPerChunk: Int
  /// Text index and token of what the current chunk has read.
  private var unread: [(textIndex: Int, token: Int)] = []
  /// First and last text index of every finished span of the current chunk.
  private var spans: [(first: Int, last: Int)] = []
  private var spanStart: Int?
  private var textIndex = 0
  private var chunk = 0

  init(text: [Int], memoryToken: Int, repetitionToken: Int, spanLength: Int, spansPerChunk: Int, profile: Profile) {
    self.profile = profile
    self.spanLength = spanLength
    self.spansPerChunk = spansPerChunk
    for token in text {
      if let previous = fed.lastIndex(where: { $0.place.zone == .reading }) {
        fed[previous].predictedTextIndex = textIndex
      }
      read(token)
      if spans.count == spansPerChunk {
        let memories = compress(memoryToken)
        repeatChunk(repetitionToken, from: memories)
        unread = []
        spans = []
        chunk += 1
      }
      sizesAfterReading.append(cache.count)
    }
  }

  private mutating func read(_ token: Int) {
    let number = fed.count
    feed(
      .reading(chunk: chunk, index: unread.count), token, textPosition: textIndex, predicts: nil,
      sees: cache + [number])
    cache.append(number)
    unread.append((textIndex, token))
    let start = spanStart ?? textIndex
    spanStart = start
    if textIndex == start + (spanLength - 1) {
      spans.append((start, textIndex))
      spanStart = nil
    }
    textIndex += 1
  }

  /// Feeds one memory row per span in one pass, caches them and forgets what was read; gives the rows' numbers.
  private mutating func compress(_ memoryToken: Int) -> [Int] {
    let pass = Array(fed.count..<fed.count + spans.count)
    let context = profile.memoryContext == .pastMemories ? cache : cache.filter { fed[$0].place.zone != .memory }
    for (index, span) in spans.enumerated() {
      let mates = profile.memoryAttention == .bidirectional ? pass : Array(pass.prefix(through: index))
      let isLabelled = profile.repetitionLabels == .shifted && pass[index] == pass.last
      feed(
        .memory(chunk: chunk, index: index), memoryToken,
        textPosition: profile.memoryPositions == .spanEnd ? span.last : span.first,
        predicts: isLabelled ? unread.first?.textIndex : nil, sees: context + mates)
    }
    cache += pass
    sizesWhileCompressing.append(cache.count)
    cache.removeAll { fed[$0].place.zone == .reading }
    return pass
  }

  /// Feeds one repetition row per token of the chunk in one pass that leaves nothing in the cache.
  private mutating func repeatChunk(_ repetitionToken: Int, from memories: [Int]) {
    let pass = Array(fed.count..<fed.count + unread.count)
    let context = profile.repetitionContext == .ownMemory ? memories : cache
    // The label of each row, in order; `shifted` has given the chunk's earliest token to the last memory row.
    var labels = unread[...]
    if profile.repetitionLabels == .shifted { labels.removeFirst() }
    for (index, source) in unread.enumerated() {
      let mates =
        switch profile.repetitionAttention {
        case .causal: Array(pass.prefix(through: index))
        case .bidirectional: pass
        case .selfOnly: [pass[index]]
        }
      feed(
        .repetition(chunk: chunk, index: index), repetitionToken, textPosition: source.textIndex,
        predicts: labels.popFirst()?.textIndex, sees: context + mates)
    }
  }

  private mutating func feed(_ place: Place, _ token: Int, textPosition: Int, predicts: Int?, sees: [Int]) {
    let position =
      switch profile.numbering {
      case .text: textPosition
      case .sequential: fed.count
      case .generation: place.zone == .repetition ? positionRead(place) : generationNumbers.count
      case .compressed: place.zone == .repetition ? positionRead(place) : cachePosition(place.zone)
      }
    fed.append(FedRow(place: place, token: token, position: position, predictedTextIndex: predicts, sees: sees))
  }

  /// Where the reading row stood whose token a repetition row reproduces.
  private func positionRead(_ place: Place) -> Int {
    let read = fed.filter { $0.place.zone == .reading && $0.place.chunk == place.chunk }
    return read[place.index ?? 0].position
  }

  /// How many entries are cached; of a compression, as if what was read were gone already and the rows before were kept.
  private func cachePosition(_ zone: Zone) -> Int {
    guard zone == .memory else { return cache.count }
    let fedInThisPass = fed.reversed().prefix { $0.place.zone == .memory }.count
    return cache.count { fed[$0].place.zone == .memory } + fedInThisPass
  }
}

extension StreamingDecoder {
  /// The decoder that has read a sample's text.
  init(_ sample: Sample, furtherTokens: Int = 0) throws {
    let vocabulary = try sampleVocabulary()
    self.init(
      text: sample.text + Array(repeating: 0, count: furtherTokens), memoryToken: vocabulary.memoryToken,
      repetitionToken: vocabulary.repetitionToken, spanLength: sample.parameters.c,
      spansPerChunk: sample.parameters.t, profile: sample.profile)
  }

  /// The numbers of the rows that generation feeds too.
  var generationNumbers: [Int] { fed.indices.filter { fed[$0].place.zone != .repetition } }

  /// Every cell of the mask among some rows, query by query.
  func cells(among numbers: [Int]) -> [Bool] {
    var column = Array(repeating: -1, count: fed.count)
    for (place, number) in numbers.enumerated() { column[number] = place }
    var cells = Array(repeating: false, count: numbers.count * numbers.count)
    for (query, number) in numbers.enumerated() {
      for key in fed[number].sees where column[key] >= 0 { cells[query * numbers.count + column[key]] = true }
    }
    return cells
  }

  /// Visible pairs whose query is one of some rows.
  func pairs(of numbers: some Sequence<Int>) -> Int { numbers.reduce(0) { $0 + fed[$1].sees.count } }
}
