// Profiles of chapter 16 under which a mutant is no mistake, and mistakes that no result shows.

import LoMAAnswers
import LoMAPeers
import LoMAPeersReference
import LoMAVectors

extension Mutant {
  /// Every profile without a sink under which what a mutant does is asked for, or has nothing to act on.
  static let contextEquivalents: [Equivalent] = [
    .init(mutant: "C02", profile: "recurrence=separate", proof: "CCM-11 hides earlier memory from contexts there"),
    .init(
      mutant: "C02", profile: "memory=merge,recurrence=separate",
      proof: "CCM-13 shows the means to the final segment alone there"),
    .init(mutant: "C03", profile: "recurrence=separate", proof: "CCM-11 hides earlier memory from COMP rows there"),
    .init(
      mutant: "C03", profile: "memory=merge,recurrence=separate",
      proof: "CCM-13 shows the means to the final segment alone there"),
    .init(mutant: "C09", profile: "memory=merge,recurrence=separate", proof: "CCM-5 has one SUM block there"),
    .init(
      mutant: "C22", profile: "memory=merge,recurrence=separate", proof: "CCM-17 divides by all segments there"),
    .init(mutant: "C38a", profile: "base", proof: "nothing is merged there"),
  ]
}

/// A difference from the Spec that changes no loss, no gradient and no row of text, and so has no mutant.
package struct UnseenMistake: Sendable {
  /// What its author would say.
  package let sentence: String
  /// Why no result shows it.
  package let proof: String
  /// The mistake.
  package let change: @Sendable (inout ReferenceAnswers) -> Void

  /// Those of a part.
  package static func all(of part: Part) -> [UnseenMistake] {
    switch part {
    case .loma: []
    case .peers: ofSums + [lastLayer]
    }
  }

  private static let sums = "CCM-18: a SUM row's own key and value are replaced in every layer"

  private static var ofSums: [UnseenMistake] {
    [
      UnseenMistake(sentence: "I placed SUM rows elsewhere", proof: sums + "; `ccm_layout` shows it") { answers in
        let right = answers.peers.layout
        answers.peers.layout = { layout in
          var layout = right(layout)
          layout.rows = layout.rows.map { $0.place.role == .sum ? $0.with(position: $0.position + 3) : $0 }
          return layout
        }
      },
      UnseenMistake(sentence: "I let SUM rows see themselves alone", proof: sums + "; `ccm_mask` shows it") { answers in
        let right = answers.peers.rules.visible
        answers.peers.rules.visible = { mask, queries in
          let lists = zip(queries, right(mask, queries).lists).map { query, seen in
            mask.rows[query].place.role == .sum ? [query] : Array(seen)
          }
          return .init(lists: lists, keyCount: mask.rows.count)
        }
      },
      UnseenMistake(sentence: "I did not update SUM rows", proof: sums) { answers in
        answers.peers.rules.gate = { $0.place.role == .comp }
      },
    ]
  }

  private static let lastLayer = UnseenMistake(
    sentence: "I updated neither q nor o in the last layer",
    proof: "a memory row's query and output there reach nothing but its own logits"
  ) { answers in
    answers.peers.rules.adapts = { projection, layer, layers in
      layer < layers - 1 || projection == .key || projection == .value
    }
  }
}
