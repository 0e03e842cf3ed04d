// Cases on trained models: chunks that are read, compressed, dropped and reconstructed without an error, and text that
// continues after a compression. A mistake that only moves a digit of a random model's logits loses text here.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors

/// Cases of chapters 5 to 8 on models that were trained by a recipe.
package enum LosslessCases {
  /// Six chunks of eight bytes; the model was trained on texts of three.
  package static let sentence = "the memory of a chunk is all that is left of it."
  /// A random text of two chunks and one token.
  private static func random(_ model: TrainedModel) -> [Int] {
    CaseInputs.text(2 * model.c * model.t + 1, below: 16, seed: 170)
  }

  static var all: [Case] { reconstructions + generations + forwards }

  private static var reconstructions: [Case] {
    let cases =
      [TrainedModel.randomC4, .randomC8].flatMap { model in (0..<2).map { (model, random(model), $0) } }
      + [0, 2, 5].map { (TrainedModel.textC4, Array(sentence.utf8).map(Int.init), $0) }
    return cases.map { model, text, chunk in
      .tensors(
        "generation.reconstruct.\(model.name).lossless-chunk\(chunk)", .generation,
        hunts: "a chunk that its memory no longer holds", clauses: ["REC-1", "REC-3", "REC-4", "MSK-8", "MSK-9"],
        request(.reconstruct, model, text, ["chunk": .integer(chunk)]))
    }
  }

  private static var generations: [Case] {
    let prompt = Array("the memory rows of the".utf8).map(Int.init)
    return [(TrainedModel.randomC4, random(.randomC4), 3), (.textC4, prompt, 4)].map { model, prompt, m in
      .tensors(
        "generation.generate.\(model.name).lossless", .generation,
        hunts: "text that goes on without what was compressed",
        clauses: ["GEN-1", "GEN-2", "GEN-3", "GEN-4", "GEN-5", "GEN-6", "GEN-7", "GEN-8"],
        request(.generate, model, prompt, ["generate": .integer(m)]))
    }
  }

  private static var forwards: [Case] {
    let texts = [
      (TrainedModel.randomC4, random(.randomC4)), (.randomC8, random(.randomC8)),
      (.textC4, Array(sentence.utf8.prefix(17)).map(Int.init)),
    ]
    return texts.map { model, text in
      .tensors(
        "model.forward.\(model.name).lossless", .model, hunts: "weights that are read wrongly from BF16",
        clauses: ["MOD-1", "MOD-2", "MOD-6", "MSK-7", "MSK-8"], request(.forward, model, text, [:]))
    }
  }

  package static func request(
    _ operation: Operation, _ model: TrainedModel, _ text: [Int], _ parameters: [String: RequestParameter]
  ) -> Request {
    Request(
      operation, axes: [:],
      parameters: model.vocabulary.parameters.adding(["c": .integer(model.c), "t": .integer(model.t)])
        .adding(parameters),
      model: model.path, input: CaseInputs.file(CaseInputs.batch([text])), captures: [])
  }
}
