// The masks of the lesson that finds mistakes: each has a few wrong cells.

import LoMA

/// A mask with one mistake.
enum WrongMask: CaseIterable {
  case textIsSeen
  case memoryIsCausal
  case allMemories
  case reciterSeesAhead

  var sizes: Sizes {
    switch self {
    case .textIsSeen: Sizes((2, 1, 5))
    case .memoryIsCausal, .reciterSeesAhead: Sizes((4, 2, 11))
    case .allMemories: Sizes((2, 1, 6))
    }
  }

  /// The cells, row by row.
  var cells: [Bool] {
    let rows = LessonReference.rows(sizes, profile: .base)
    let right = Mask(rows: rows, profile: .base)
    return rows.indices.flatMap { query in
      rows.indices.map { key in
        isWrong(rows[query].place, rows[key].place) != right.allows(query: query, key: key)
      }
    }
  }

  private func isWrong(_ query: Place, _ key: Place) -> Bool {
    switch (self, query, key) {
    case (.textIsSeen, .reading(let k, _), .reading(let m, let j)): k == m + 1 && j == 1
    case (.memoryIsCausal, .memory(let k, let i), .memory(let m, let j)): k == m && j > i
    case (.allMemories, .repetition(let k, _), .memory(let m, _)): m < k
    case (.reciterSeesAhead, .repetition(let k, let i), .repetition(let m, let j)): k == m && i == 3 && j == 4
    default: false
    }
  }
}
