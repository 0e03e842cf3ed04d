// LAT-9: an ordinary text read token by token from what producers stored of the tokens before.

import LoMAPeers
import NaiveLlama

/// A text being read or written; every row sees itself and all rows before it.
package struct LatentReader: Sendable {
  package let model: LatentModel
  /// What every producer stored of the tokens fed, by rising producer.
  package private(set) var stored: [StoredEntries]
  /// The number of tokens fed; the next one stands at this position.
  package private(set) var fedLength = 0
  /// The logits of the last row fed; nil before the first.
  package private(set) var lastLogits: [Double]?

  /// A reader that has read nothing.
  package init(model: LatentModel) {
    self.model = model
    stored = model.noPast
  }

  /// Feeds tokens in one pass behind what is stored, and answers it. After an error nothing was fed.
  @discardableResult
  package mutating func read(_ tokens: [Int]) throws(ModelError) -> LatentTrace {
    precondition(!tokens.isEmpty, "at least one token a pass")
    let (first, all) = (fedLength, fedLength + tokens.count)
    let trace = try model.forward(
      embeddings: try model.embed(tokens), positions: Array(first..<all),
      visible: VisibleKeys(lists: (first..<all).map { Array(0...$0) }, keyCount: all), past: stored)
    for (place, entries) in trace.stored.enumerated() { stored[place] = stored[place].appending(entries) }
    fedLength = all
    lastLogits = Array(trace.logits.row(tokens.count - 1))
    return trace
  }

  /// The greedy token of some logits: the lowest id among exact maxima (GEN-5).
  package static func greedyToken(_ logits: [Double]) -> Int { LatentRules.spec.choose(logits) }
}
