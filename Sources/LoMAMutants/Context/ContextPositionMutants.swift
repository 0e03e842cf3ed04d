// CCM-7, CCM-25: other positions, in the parallel layout and online alike.

import LoMAPeers
import LoMAPeersReference
import LoMAVectors

/// A row, and what its position may be counted from.
private struct ContextSpot {
  let place: ContextPlace
  /// N: the text rows before it, or before its block.
  let textRows: Int
  /// Those before its segment.
  let start: Int
  /// All rows before it.
  let fedRows: Int
  /// n.
  let memoryTokens: Int

  /// j of a COMP or SUM row, 0 of a text row.
  var slot: Int { place.role == .text ? 0 : place.index ?? 0 }
  /// The number of segments before its own.
  var segment: Int { place.segment ?? 0 }
}

extension Mutant {
  private static func position(
    _ id: String, _ sentence: String, _ position: @escaping @Sendable (ContextSpot) -> Int
  ) -> Mutant {
    .context(
      id, .positions, sentence, on: .contextModels.union([.ccmLayout]), where: { _ in true }
    ) { answers, request in
      guard let lengths = try? request.integers("lengths") else { return nil }
      var answers = answers
      let layout = answers.peers.layout
      answers.peers.layout = { renumbered(layout($0), position) }
      answers.peers.rules.position = { place, textRows, parameters in
        let (segment, n) = (place.segment ?? 0, parameters.memoryTokens)
        let spot = ContextSpot(
          place: place, textRows: textRows, start: lengths.prefix(segment).reduce(0, +),
          fedRows: textRows + n * segment + (place.role == .text ? 0 : place.index ?? 0), memoryTokens: n)
        return position(spot)
      }
      return (answers, request)
    }
  }

  private static func renumbered(
    _ layout: ContextLayout, _ position: (ContextSpot) -> Int
  ) -> ContextLayout {
    var (layout, textRows, start) = (layout, 0, 0)
    for (index, row) in layout.rows.enumerated() {
      if case .text(_, 0) = row.place { start = textRows }
      let spot = ContextSpot(
        place: row.place, textRows: textRows, start: start, fedRows: index,
        memoryTokens: layout.parameters.memoryTokens)
      layout.rows[index] = row.with(position: position(spot))
      if row.place.role == .text { textRows += 1 }
    }
    return layout
  }

  static var contextPositions: [Mutant] {
    [
      position("C13", "I numbered all rows one after the other") { $0.fedRows },
      position("C14", "I placed COMP_j at N + j − 1, the first beside the last text row") {
        $0.textRows + $0.slot - ($0.place.role == .text ? 0 : 1)
      },
      position("C15", "I placed all COMP rows of a block at N") { $0.textRows },
      position("C16", "I began positions anew in each segment") { $0.textRows - $0.start + $0.slot },
      position("C17", "I let each segment's memory push the text behind it by n") {
        $0.textRows + $0.slot + $0.segment * $0.memoryTokens
      },
    ]
  }
}
