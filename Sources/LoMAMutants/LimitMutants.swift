// POS, MSK-2, MSK-4: tables and loops with room for a limited number of positions, tokens or chunks.

import LoMA
import LoMAReference

extension Mutant {
  static var limits: [Mutant] {
    [
      functions("M221", .engine, "I had a table of 2048 positions and took its last entry beyond", on: .models) {
        let right = $0.angles
        $0.angles = { positions, rotation in right(positions.map { min($0, 2047) }, rotation) }
      }.asked { answers, request in request.largestPosition(answers) > 2047 },
      remembering("M222", chunks: 3), remembering("M223", chunks: 8),
      reading("M224", tokens: 8), reading("M225", tokens: 16), reading("M226", tokens: 32),
      restarting("M227", chunks: 2), restarting("M228", chunks: 6),
    ]
  }

  private static func remembering(_ id: String, chunks: Int) -> Mutant {
    seeing(
      id, .engine, "I had room for the memories of \(chunks) chunks, and showed no later one to other chunks",
      on: .models
    ) { mask, query, key in
      let (a, b) = (mask.rows[query].place, mask.rows[key].place)
      let isLost = b.zone == .memory && b.chunk != a.chunk && (b.chunk ?? 0) >= chunks
      return mask.allows(query: query, key: key) && !isLost
    }.asked { _, request in request.longest > (chunks + 1) * request.chunkLength }
  }

  private static func reading(_ id: String, tokens: Int) -> Mutant {
    seeing(
      id, .engine, "I let memory see the first \(tokens) tokens of its chunk", on: .models
    ) { mask, query, key in
      let (a, b) = (mask.rows[query].place, mask.rows[key].place)
      let isLost = a.zone == .memory && b.zone == .reading && (b.index ?? 0) >= tokens
      return mask.allows(query: query, key: key) && !isLost
    }.asked { _, request in request.chunkLength > tokens && request.fullChunks > 0 }
  }

  private static func restarting(_ id: String, chunks: Int) -> Mutant {
    answers(id, .positions, "I started positions again after every \(chunks) compressions", on: .caches) {
      answers, _ in
      let right = answers.rules.position
      answers.rules.position = { place, parameters, profile in right(place.counting(from: chunks), parameters, profile)
      }
    }.asked { _, request in
      if request.operation == .reconstruct { return ((try? request.integer("chunk")) ?? 0) >= chunks }
      return request.longest > chunks * request.chunkLength
    }
  }
}

extension Place {
  /// The place with its chunk number modulo `chunks`.
  fileprivate func counting(from chunks: Int) -> Place {
    switch self {
    case .reading(let chunk, let index): .reading(chunk: chunk % chunks, index: index)
    case .memory(let chunk, let index): .memory(chunk: chunk % chunks, index: index)
    case .repetition(let chunk, let index): .repetition(chunk: chunk % chunks, index: index)
    case .pad: .pad
    }
  }
}
