// OWN-8: what a run on a model asks, and under which names.

import LoMA
import LoMAJudgement
import LoMAOwnModel
import LoMAVectors

/// A question of a run, whatever the element type.
package struct OwnPlace: Hashable, Sendable {
  /// What is asked of a text.
  package enum Kind: Hashable, Sendable {
    case forward, loss, generate
    case reconstruct(chunk: Int)
    /// One layer alone, fed the reference's numbers (OWN-2).
    case layer(Int)
  }

  package let kind: Kind
  /// The text's name in the plan, such as `text0`.
  package let text: String

  package init(_ kind: Kind, text: String) {
    self.kind = kind
    self.text = text
  }

  package var id: String {
    switch kind {
    case .forward: "own.forward.\(text)"
    case .loss: "own.loss.\(text)"
    case .generate: "own.generate.\(text)"
    case .reconstruct(let chunk): "own.reconstruct.\(text).chunk\(chunk)"
    case .layer(let layer): "own.layer\(layer).\(text)"
    }
  }

  package var operation: LoMAVectors.Operation {
    switch kind {
    case .forward, .layer: .forward
    case .loss: .loss
    case .generate: .generate
    case .reconstruct: .reconstruct
    }
  }

  package var level: Level {
    switch kind {
    case .forward, .loss, .layer: .model
    case .generate, .reconstruct: .generation
    }
  }

  package var hunts: String {
    switch kind {
    case .forward: "a mask, a position or a stage of this model that is not the specification's"
    case .loss: "labels or means that are not the specification's, on this model"
    case .generate: "a cache that does not hold, or a choice that does not follow from, what the layout says"
    case .reconstruct(let chunk): "chunk \(chunk) recited from other entries than its own memories"
    case .layer(let layer):
      "a mistake of one layer that the noise of the others hides: layer \(layer) alone, fed right numbers"
    }
  }

  package var clauses: [String] {
    switch kind {
    case .forward: ["MSK-11", "POS-4", "MOD-7", "OWN-1", "OWN-2", "OWN-4"]
    case .loss: ["LOS-4", "OWN-2"]
    case .generate: ["GEN-5", "GEN-6", "OWN-5", "OWN-6"]
    case .reconstruct: ["REC-1", "OWN-5"]
    case .layer: ["MOD-6", "OWN-2", "OWN-4"]
    }
  }

  /// The model that is asked, as a request names it.
  package var model: String {
    if case .layer(let layer) = kind { "models/layer\(layer)" } else { Self.wholeModel }
  }

  /// The user's own directory, as a request names it.
  package static let wholeModel = "models/own"

  /// A result without comparisons.
  package func result(_ dtype: String, profile: String, _ verdict: Verdict, _ why: String) -> CaseResult {
    CaseResult(
      id: id, dtype: dtype, level: level.rawValue, op: operation.rawValue, profile: profile, hunts: hunts,
      clauses: clauses, verdict: verdict, why: why, tensors: [], finding: nil)
  }
}

extension OwnPlan {
  /// What is asked, in order: each text of the whole model, then one layer after another, in every text. Of the chunks of a
  /// text the first two, the middle one and the last are recited, or all.
  package func places(allChunks: Bool) -> [(name: String, places: [OwnPlace])] {
    let whole = texts.map { text in
      let count = text.parameters.fullChunks(text.tokens.count)
      let chunks = allChunks ? Array(0..<count) : Self.sample(of: count)
      let kinds = [OwnPlace.Kind.forward, .loss, .generate] + chunks.map { .reconstruct(chunk: $0) }
      return (name: text.name, places: kinds.map { OwnPlace($0, text: text.name) })
    }
    let layers = sliceLayers.map { layer in
      (name: "layer \(layer)", places: texts.map { OwnPlace(.layer(layer), text: $0.name) })
    }
    return whole + layers
  }
}
