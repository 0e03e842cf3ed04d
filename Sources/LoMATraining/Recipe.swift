// TRN-5: a recipe: everything that determines the weights of a training run.

import LoMA
import LoMAModels
import LoMAReference
import LoMAVectors
import NaiveLlama

/// The source of the texts for training and for measuring.
package enum TrainingData: Hashable, Sendable {
  /// Random tokens of 0..<alphabet, uniformly distributed; fresh ones for measuring.
  case random(alphabet: Int)
  /// The bytes of a file beside the recipe; the last `heldOut` bytes are only for measuring.
  case bytes(file: String, digest: String, heldOut: Int)
}

extension TrainingData {
  /// V: the alphabet, or the 256 bytes.
  var textSize: Int {
    switch self {
    case .random(let alphabet): alphabet
    case .bytes: 256
    }
  }
}

/// A complete training run: the same recipe gives the same weights, bit for bit (TRN-5).
package struct Recipe: Hashable, Sendable {
  package var configuration: Configuration
  package var parameters: Parameters
  package var profile: Profile
  package var data: TrainingData
  /// The number of full chunks of each text; there is no tail.
  package var chunks: Int
  /// The number of texts per batch.
  package var batch: Int
  /// The seed of the weights and of all batches.
  package var seed: UInt64
  /// η, clipping, optimiser and loss terms; the learning-rate schedule also sets the number of steps.
  package var settings: TrainerSettings
  /// The number of steps between two checkpoints.
  package var checkpointEvery: Int
  /// The element type in which the finished model is stored.
  package var elementType: ElementType
  /// SHA-256 of the recipe's text, in hexadecimal digits.
  package var digest: String

  /// V (the alphabet or the 256 bytes), `<m>`, `<r>` and V' (PAR-2).
  package var vocabulary: Vocabulary {
    get throws(TrainingError) {
      do { return try Vocabulary(textSize: textSize) } catch { throw .model(.rejected(error)) }
    }
  }

  var textSize: Int { data.textSize }

  /// The number of text tokens of a training text.
  package var textLength: Int { chunks * parameters.chunkLength }

  var section: LoMASection {
    LoMASection(
      textVocabulary: textSize, memoryToken: textSize, repetitionToken: textSize + 1, c: parameters.c, t: parameters.t,
      profile: profile)
  }

  /// The initial weights, and the random generator that goes on to draw the batches.
  func start() -> (trainer: Trainer, numbers: SeededNumbers) {
    var numbers = SeededNumbers(seed: seed)
    let weights = ParameterSet.initial(configuration, numbers: &numbers)
    return (Trainer(configuration: configuration, parameters: weights, settings: settings), numbers)
  }
}
