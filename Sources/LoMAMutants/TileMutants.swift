// MSK-12: a kernel that works by tiles and loses keys at their edges.

import LoMA
import NaiveLlama

extension Mutant {
  /// Attention that loses some of the keys that rows see.
  private static func losing(
    _ id: String, _ sentence: String, keys least: Int, _ left: @escaping @Sendable (VisibleKeys) -> [[Int]]
  ) -> Mutant {
    functions(id, .engine, sentence, on: .attending) { functions in
      let right = functions.attend
      functions.attend = { q, k, v, visible, heads, workers in
        right(q, k, v, VisibleKeys(lists: left(visible), keyCount: visible.keyCount), heads, workers)
      }
    }.asked { answers, request in
      // What a cached row sees is known only while the text is fed.
      guard let visible = request.visible(answers) else { return request.mostKeys >= least }
      return visible.contains { left($0) != $0.lists }
    }
  }

  static var tiles: [Mutant] {
    [
      skipping("M212", tile: 16), skipping("M213", tile: 32), skipping("M214", tile: 64), skipping("M215", tile: 128),
      dropping("M216", tile: 16), dropping("M217", tile: 32), dropping("M218", tile: 64), dropping("M219", tile: 128),
      losing("M220", "I lost the first key that a row sees behind 64 keys", keys: 65) { visible in
        visible.rows { seen, own in own >= 64 && seen.count > 1 ? Array(seen.dropFirst()) : seen }
      },
    ]
  }

  /// Rows of one tile get the key tiles of its first row.
  private static func skipping(_ id: String, tile: Int) -> Mutant {
    losing(id, "I skipped tiles of \(tile) keys in which the first of \(tile) rows sees nothing", keys: tile + 1) {
      visible in
      var tiles: Set<Int> = []
      return visible.lists.enumerated().map { row, seen in
        if row % tile == 0 { tiles = Set(seen.map { $0 / tile }) }
        let left = seen.filter { tiles.contains($0 / tile) }
        // A row's own tile is always read.
        return left.isEmpty ? Array(seen.suffix(1)) : left
      }
    }
  }

  private static func dropping(_ id: String, tile: Int) -> Mutant {
    losing(id, "I lost a key where a row and those before it fill tiles of \(tile)", keys: tile) { visible in
      visible.rows { seen, own in (own + 1) % tile == 0 && seen.count > 1 ? Array(seen.dropFirst()) : seen }
    }
  }
}

extension VisibleKeys {
  /// Other keys of every row, made from the right ones and the row itself; the rows fed now are the last keys.
  fileprivate func rows(_ change: (_ seen: [Int], _ own: Int) -> [Int]) -> [[Int]] {
    lists.enumerated().map { change($1, keyCount - lists.count + $0) }
  }
}
