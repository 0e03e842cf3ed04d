// The cache schedule, derived a second time from nothing but who sees whom: an entry may leave the cache as soon as no
// row that is still to be fed sees it.

import LoMA

/// One event of the cache and the entries it leaves there.
struct DerivedStep: Equatable {
  var event: CacheEvent
  var fedRows: Range<Int>
  var memoryEntries: Int
  var readingEntries: Int
  var entries: [Int]
}

extension CacheSchedule {
  /// The schedule under test in the form of the derivation.
  var derivedForm: [DerivedStep] {
    steps.map {
      DerivedStep(
        event: $0.event, fedRows: $0.fedRows, memoryEntries: $0.memoryEntries, readingEntries: $0.readingEntries,
        entries: entries(after: $0))
    }
  }
}

/// The steps of feeding a sample's text, from the mask of a longer text: only there is it known what later rows see.
func derivedSchedule(_ sample: Sample) throws -> [DerivedStep] {
  let chunkAndOne = sample.parameters.c * sample.parameters.t + 1
  let decoder = try StreamingDecoder(sample, furtherTokens: chunkAndOne)
  let numbers = decoder.generationNumbers
  var rowOfNumber: [Int: Int] = [:]
  for (row, number) in numbers.enumerated() { rowOfNumber[number] = row }
  let places = numbers.map { decoder.fed[$0].place }
  var lastQuery = Array(repeating: 0, count: numbers.count)
  for (query, number) in numbers.enumerated() {
    for key in decoder.fed[number].sees { if let row = rowOfNumber[key] { lastQuery[row] = query } }
  }

  var steps: [DerivedStep] = []
  var cached: [Int] = []
  func emit(_ event: CacheEvent, _ fedRows: Range<Int>) {
    let memories = cached.filter { places[$0].zone == .memory }.count
    steps.append(
      DerivedStep(
        event: event, fedRows: fedRows, memoryEntries: memories, readingEntries: cached.count - memories,
        entries: cached))
  }
  var (row, tokensFed) = (0, 0)
  while true {
    // A text token is a pass of its own; the memory rows that follow it are one pass.
    var end = row + 1
    if case .memory(let chunk, _) = places[row] {
      while places[end].zone == .memory && places[end].chunk == chunk { end += 1 }
      cached += row..<end
      emit(.compress(chunk: chunk), row..<end)
    } else {
      if tokensFed == sample.textLength { return steps }
      cached += row..<end
      emit(.read(textIndex: tokensFed), row..<end)
      tokensFed += 1
    }
    let dead = cached.filter { lastQuery[$0] < end }
    if let chunk = dead.first.flatMap({ places[$0].chunk }) {
      cached.removeAll { dead.contains($0) }
      emit(.drop(chunk: chunk), end..<end)
    }
    row = end
  }
}
