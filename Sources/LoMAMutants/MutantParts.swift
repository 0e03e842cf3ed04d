// The mutants of both parts, and one of any part by its id. Mutant.swift stands without this file: the explorer's module
// (Docs/Explorer) has only those of part I that a running model can show.

import LoMAVectors

extension Mutant {
  /// Every mutant of part I, by id.
  package static let all: [Mutant] =
    [
      layouts, positions, maskCells, fills, models, losses, gradients, generation, optimisers, metrics, costs,
      batched, wholeMasks, tiles, limits, narrowNumbers, narrowSums, configured, captured, trained, regenerated,
      rejections, ofFamilies,
    ].flatMap { $0 }.sorted { $0.id < $1.id }

  /// Every mutant of chapter 16, by id.
  private static let context: [Mutant] =
    [
      contextMasks, contextPositions, contextMerges, contextAdapters, contextLosses, contextGradients, contextCaches,
      contextLayouts,
    ]
    .flatMap { $0 }.sorted { $0.id < $1.id }

  /// Every mutant of chapters 17 and 18, by id.
  private static let latent: [Mutant] =
    [latentEntries, latentSharing, latentQuantisers, latentGradients, latentCosts, latentGeneration].flatMap { $0 }
    .sorted { $0.id < $1.id }

  /// Every mutant of chapter 19, by id.
  private static let baselines: [Mutant] =
    [prunedBaselines, codedBaselines, pooledBaselines, commonBaselines].flatMap { $0 }.sorted { $0.id < $1.id }

  /// Every mutant of a part, by id.
  package static func all(of part: Part) -> [Mutant] {
    switch part {
    case .loma: all
    case .peers: context + latent + baselines
    }
  }

  /// The families that a part has mutants of.
  package static func families(of part: Part) -> [Family] {
    let mutants = all(of: part)
    return Family.allCases.filter { family in mutants.contains { $0.family == family } }
  }

  /// The mutant with an id, or one of several ids and axis=value joined by commas; nil if a word is malformed.
  package static func named(_ id: String) -> Mutant? { single(id) ?? several(id) }

  /// The mutant of any part with an id.
  static func single(_ id: String) -> Mutant? {
    Part.allCases.lazy.flatMap { all(of: $0) }.first { $0.id == id }
  }
}
