// The models that recipes trained. Recording does not train: it takes their files if they have the digests given here.

import LoMA
import LoMAReference
import LoMAVectors

/// A model that was trained by a recipe to compress with few errors or none.
package struct TrainedModel: Sendable {
  /// The name of the model and of its recipe, Docs/Recipes/NAME.json.
  package let name: String
  let vocabulary: CaseVocabulary
  package let c: Int
  package let t: Int
  /// SHA-256 of config.json and of model.safetensors, whose tensors are BF16.
  package let files: [(name: String, sha256: String)]

  package var path: String { "models/\(name)" }
  /// The recipe's path below the project.
  package var recipe: String { "Docs/Recipes/\(name).json" }

  /// Random text over 16 tokens, trained on the repetition loss only.
  package static let randomC4 = TrainedModel(
    name: "random-c4", vocabulary: CaseVocabulary(text: 16, memory: 16, repetition: 17, model: 18), c: 4, t: 2,
    files: [
      ("config.json", "bf28e2373736f1675367a9d00812823a312169b0dd884b7aa5a8da01b14009c8"),
      ("model.safetensors", "99fcf4e1fef36941890367d96cffee13f62a4fabfe1c8f7009592aa168c07666"),
    ])
  /// The same with half as much memory, c = 8.
  static let randomC8 = TrainedModel(
    name: "random-c8", vocabulary: randomC4.vocabulary, c: 8, t: 2,
    files: [
      ("config.json", "4a31986ecef9c63d3ffe1193a914085ba60f55a5bf54bde1670c357a918298d4"),
      ("model.safetensors", "cf636f7d1f58e8fe36eb442a9e2c9a2035ba423000a4a5e485fd6264f67ff9ba"),
    ])
  /// Bytes of this project's prose, trained on both losses.
  package static let textC4 = TrainedModel(
    name: "text-c4", vocabulary: .bytes, c: 4, t: 2,
    files: [
      ("config.json", "f3a6c510f793eecd6a3e506bb45d3423dc399c6f8ad4f6720c7471274ee538c3"),
      ("model.safetensors", "1a15495cba9d1ac49225e71288133ba8517b190f40ed7af2d425c202cb7a5aa3"),
    ])

  package static let all = [randomC4, randomC8, textC4]
}
