// MSK, D-3: masks that are wrong as a whole, in some layers, or under two axes at once.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

extension Mutant {
  /// A mask with another rule; every row still sees at least one key.
  static func seeing(
    _ id: String, _ family: Family, _ sentence: String, on operations: Set<Operation>,
    _ allows: @escaping @Sendable (_ mask: Mask, _ query: Int, _ key: Int) -> Bool
  ) -> Mutant {
    rules(id, family, sentence, on: operations) { rules in
      rules.visible = { mask, queries in VisibleKeys(mask, queries: queries) { allows(mask, $0, $1) } }
    }
  }

  static var wholeMasks: [Mutant] {
    [
      seeing("M208", .mask, "I inverted the mask: rows see themselves and what is hidden", on: masked) {
        $1 == $2 || !$0.allows(query: $1, key: $2)
      },
      seeing("M209", .mask, "I transposed the mask", on: masked) { $0.allows(query: $2, key: $1) },
      functions("M210", .mask, "I used the mask in the first layer and a plain causal one above", on: .training) {
        $0.visibleInLayer = { visible, layer in
          guard layer > 0 else { return visible }
          let past = visible.keyCount - visible.lists.count
          return VisibleKeys(lists: visible.lists.indices.map { Array(0...past + $0) }, keyCount: visible.keyCount)
        }
      }.asked { answers, request in (request.configuration(answers)?.layers ?? 0) > 1 && request.fullChunks > 0 },
      Mutant("M211", .mask, "I forgot own_chunk where memory is causal too", on: .models) { answers, request in
        guard request.axes["memory_context"] == "own_chunk", request.axes["memory_attention"] == "causal" else {
          return nil
        }
        return (answers, request.with(axes: request.axes.filter { $0.key != "memory_context" }))
      },
    ]
  }

  private static let masked = Set.models.union([.mask])
}
