// TRN-5: a recipe: everything that decides the weights of a training run.

import LoMA
import LoMAModels
import LoMAReference
import LoMAVectors
import NaiveLlama

/// The text that a model is trained on, and measured on.
package enum TrainingData: Hashable, Sendable {
  /// Tokens of 0..<alphabet, each equally likely; measured on fresh ones.
  case random(alphabet: Int)
  /// The bytes of a file beside the recipe: the last `heldOut` are for measuring only.
  case bytes(file: String, digest: String, heldOut: Int)
}

/// A training run, whole: the same recipe gives the same weights, bit for bit (TRN-5).
package struct Recipe: Hashable, Sendable {
  /// The shape of the model.
  package var configuration: Configuration
  /// c, t and L.
  package var parameters: Parameters
  /// The decisions in force.
  package var profile: Profile
  /// What is read.
  package var data: TrainingData
  /// Full chunks of every text; there is no tail.
  package var chunks: Int
  /// Texts of a batch.
  package var batch: Int
  /// Of the weights and of every batch.
  package var seed: UInt64
  /// η, clipping, optimiser and loss terms; the learning rate also says how many steps there are.
  package var settings: TrainerSettings
  /// Steps between two checkpoints.
  package var checkpointEvery: Int
  /// What the finished model is stored as.
  package var elementType: ElementType
  /// SHA-256 of the recipe's text.
  package var digest: String

  /// V, `<m>`, `<r>` and V': the alphabet or the bytes, and two more (PAR-2).
  package var vocabulary: Vocabulary {
    get throws(TrainingError) {
      do { return try Vocabulary(textSize: textSize) } catch { throw .model(.rejected(error)) }
    }
  }

  /// V.
  var textSize: Int {
    switch data {
    case .random(let alphabet): alphabet
    case .bytes: 256
    }
  }

  /// Text tokens of a training text.
  package var textLength: Int { chunks * parameters.chunkLength }

  /// The `loma` object of the trained model.
  var section: LoMASection {
    LoMASection(
      textVocabulary: textSize, memoryToken: textSize, repetitionToken: textSize + 1, c: parameters.c, t: parameters.t,
      profile: profile)
  }

  /// What the weights start from, and the generator that goes on to draw the batches.
  func start() -> (trainer: Trainer, numbers: SeededNumbers) {
    var numbers = SeededNumbers(seed: seed)
    let weights = ParameterSet.initial(configuration, numbers: &numbers)
    return (Trainer(configuration: configuration, parameters: weights, settings: settings), numbers)
  }
}
