// The mistakes that a running model can show, from the project's catalogue.

import LoMAMutants
import LoMAVectors

extension Mutant {
  /// Every mistake of part I that has to do with reading and reciting. Those of losses, gradients, optimisers, metrics,
  /// counts, captures and rejections show only in answers that this module does not give; they are not in it.
  static let shown: [Mutant] =
    [
      layouts, positions, maskCells, fills, models, generation, batched, wholeMasks, tiles, limits, narrowNumbers,
      narrowSums, configured, regenerated,
    ].flatMap { $0 }.sorted { $0.id < $1.id }
}

/// For each mistake that a request for a chunk of the given text can show: its number, id, family, what its author would
/// say, and the clauses that it breaks.
@_expose(wasm, "mistakes")
@_cdecl("mistakes")
public func mistakes() -> Int32 {
  JSON.answer { json throws(Fault) in
    guard let loaded = LoadedModel.current else { throw .noModel }
    let question = try Question()
    let answers = question.answers(loaded)
    let request = question.request(.reconstruct, loaded, ["chunk": .integer(0)])
    json.list("mistakes") { list in
      for (number, mutant) in Mutant.shown.enumerated() where mutant.apply(answers, request) != nil {
        list.list { one in
          one.integer(number)
          one.string(mutant.id)
          one.string(mutant.family.rawValue)
          one.string(mutant.sentence)
          one.list { for clause in mutant.clauses { $0.string(clause) } }
        }
      }
    }
  }
}
