// EQB-3: which rows of a text are fed, where they stand and what they see. Two trained groups of one comparison differ
// in this and in their attention, and in nothing else.

import LoMA
import LoMAPeers
import LoMAPeersReference
import LoMAReference
import NaiveLlama

/// The rows of a text in training, of which every chunk ends in repetition rows.
package enum RowArrangement: String, CaseIterable, Hashable, Sendable {
  /// LoMA's training layout.
  case loma
  /// The same without memory: `Twin`.
  case twin
  /// The concatenated memory of chapter 16, recited as LoMA's: `RecitedContext`.
  case context
  /// The same rows with the merged memory of chapter 16: `MergedRecital`.
  case merged
}

extension RowArrangement {
  /// The ids of a model of so many text tokens: LoMA's are V and V + 1; a memory of t different rows has t of them.
  package func vocabulary(textSize: Int, memoryLength: Int) throws(InputError) -> Vocabulary {
    switch self {
    case .loma, .twin: try Vocabulary(textSize: textSize)
    case .context, .merged:
      try Vocabulary(
        textSize: textSize, memoryToken: textSize, repetitionToken: textSize + memoryLength,
        modelSize: textSize + memoryLength + 1)
    }
  }

  /// The rows of a text that are fed, given LoMA's training layout of it under a profile.
  func rows(_ rows: [Row], _ parameters: Parameters, _ profile: Profile) -> [Row] {
    switch self {
    case .loma: rows
    case .twin: Twin.rows(rows, profile)
    case .context, .merged: RecitedContext.rows(rows, parameters)
    }
  }

  /// Which keys a row sees.
  package var rules: LoMARules {
    switch self {
    case .loma: .spec
    case .twin: Twin.rules
    case .context: RecitedContext.rules
    case .merged: MergedRecital.rules
    }
  }

  /// The memory rows of a text that are merged, by CCM-3's mean; nil where each is held as it is.
  package func merged(_ rows: [Row]) -> MergedBlocks? {
    switch self {
    case .loma, .twin, .context: nil
    case .merged: MergedBlocks(of: rows, rate: .mean)
    }
  }

  /// The keys beside those of rows: the means of what is merged (EQB-10).
  package func further(_ rows: [Row]) -> FurtherKeys? {
    merged(rows).map { FurtherKeys(made: $0.means, backward: $0.backward) }
  }
}

extension LoMARules {
  /// The Spec's rules with another mask: a row sees itself and what `sees` says of earlier ones.
  init(seeing sees: @escaping @Sendable (_ query: Place, _ key: Place) -> Bool) {
    self = .spec
    visible = { mask, queries in
      VisibleKeys(
        lists: queries.map { query in
          mask.rows.indices.filter { $0 <= query && sees(mask.rows[query].place, mask.rows[$0].place) }
        }, keyCount: mask.rows.count)
    }
  }
}
