// TRN: why a recipe, its text or a run on disk is rejected.

import LoMAModels
import LoMAReference
import LoMAVectors

/// Why a run cannot be started or continued.
package enum TrainingError: Error, Equatable, Sendable {
  /// The recipe is not JSON.
  case json(file: String, JSONError)
  /// The recipe has an unknown key.
  case unknownKey(String)
  /// The recipe lacks a required key.
  case missingKey(String)
  /// A value of the recipe is outside its range.
  case invalidValue(key: String, value: String, requirement: String)
  /// A part of the corpus is shorter than one text.
  case corpusTooShort(part: String, bytes: Int, needed: Int)
  /// The corpus does not have the digest that the recipe gives.
  case otherCorpus(digest: String, expected: String)
  /// The folder already holds a run, and resuming was not asked for.
  case runExists(folder: String)
  /// The run on disk was made by another recipe.
  case otherRecipe(digest: String, expected: String)
  /// The run on disk is incomplete or malformed.
  case damagedState(String)
  /// A file could not be read or written.
  case file(FileError)
  /// The model cannot be made, or the training diverged.
  case model(ReferenceError)
  /// The trained model could not be written or read.
  case checkpoint(CheckpointError)
  /// A base with an adapter could not be made, computed, written or read.
  case adapter(AdapterError)
  /// A model with latent attention could not be made, computed, written or read.
  case latent(LatentError)
  /// A model with latent attention is not of the shape that the recipe says.
  case otherShape
  /// EQB-4: a method of a cache was asked of a model that LoMA trained, or DMC.
  case compressesItself
  /// The recipe trains an adapter for a base, and none was given, or it asks for none, and one was.
  case baseMismatch(isGiven: Bool)
  /// The base does not have the digest that the recipe gives.
  case otherBase(digest: String, expected: String)
}

extension TrainingError: CustomStringConvertible {
  /// The reason on one line, with the key, the value or the numbers.
  package var description: String {
    switch self {
    case .json(let file, let error): "malformed-json: \(file): \(error)"
    case .unknownKey(let key): "unknown-key: a recipe has no key \(key.onOneLine)"
    case .missingKey(let key): "missing-key: the recipe has no \(key)"
    case .invalidValue(let key, let value, let requirement):
      "invalid-value: \(key) is \(value.onOneLine), must be \(requirement)"
    case .corpusTooShort(let part, let bytes, let needed):
      "corpus-too-short: the \(part) part has \(bytes) bytes, one text has \(needed)"
    case .otherCorpus(let digest, let expected):
      "other-corpus: its SHA-256 is \(digest), the recipe says \(expected)"
    case .runExists(let folder): "run-exists: \(folder) holds a run; go on with it by --resume yes"
    case .otherRecipe(let digest, let expected):
      "other-recipe: the run was started with a recipe of SHA-256 \(digest), this one has \(expected)"
    case .damagedState(let reason): "damaged-state: \(reason)"
    case .file(let error): "file: \(error)"
    case .model(let error): error.description
    case .checkpoint(let error): error.description
    case .adapter(let error): error.description
    case .latent(let error): error.description
    case .otherShape: "other-shape: the model has not the sizes and decisions that are needed"
    case .compressesItself:
      "compresses-itself: LoMA or DMC trained this model, whose repetition rows never saw plain entries; such a method "
        + "needs its twin"
    case .baseMismatch(let isGiven):
      isGiven ? "no-base: the recipe starts from random weights" : "missing-base: the recipe needs --base DIR"
    case .otherBase(let digest, let expected):
      "other-base: the SHA-256 of its model.safetensors is \(digest), the recipe says \(expected)"
    }
  }
}
