// LAT-9, LAT-15: a text fed to a cache of entries, without compression, and tokens generated after it.

import LoMAPeers
import NaiveLlama

/// A text being read or written by a model with latent attention; every row sees itself and all before it.
package struct LatentReader: Sendable {
  /// The model.
  package let model: LatentModel
  /// By rising producer, an entry per row fed.
  package private(set) var stored: [StoredEntries]
  /// The number of rows fed.
  package private(set) var count = 0
  /// The logits of the last row fed; nil before the first.
  package private(set) var lastLogits: [Double]?

  /// A reader that has read nothing.
  package init(model: LatentModel) {
    self.model = model
    self.stored = model.noPast
  }

  /// Feeds tokens in one pass and keeps their entries; the result does not depend on how a text is cut into passes.
  package mutating func feed(_ tokens: [Int]) throws(ModelError) -> LatentTrace {
    precondition(!tokens.isEmpty, "at least one token")
    let positions = Array(count..<count + tokens.count)
    let visible = VisibleKeys(lists: positions.map { Array(0...$0) }, keyCount: count + tokens.count)
    let trace = try model.forward(
      embeddings: try model.embed(tokens), positions: positions, visible: visible, past: stored)
    for (place, entries) in trace.stored.enumerated() { stored[place] = stored[place].appending(entries) }
    count += tokens.count
    lastLogits = Array(trace.logits.row(tokens.count - 1))
    return trace
  }

  /// Chooses m tokens after what was fed; the last one is chosen but not fed. `next` is the token to feed, given the
  /// chosen one and its step; `observe` gets each pass with the position of its row.
  package mutating func generate(
    _ m: Int, next: (_ chosen: Int, _ step: Int) -> Int, observe: (LatentTrace, _ position: Int) -> Void
  ) throws(ModelError) -> [Int] {
    var chosen: [Int] = []
    while chosen.count < m, let logits = lastLogits {
      chosen.append(model.rules.choose(logits))
      guard chosen.count < m else { break }
      let position = count
      observe(try feed([next(chosen[chosen.count - 1], chosen.count - 1)]), position)
    }
    return chosen
  }
}
