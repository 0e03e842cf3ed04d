// PAR-2: a checkpoint together with how it is used: V, special ids, c, t and profile, from its `loma` object or given.

import LoMA
import LoMAReference
import NaiveLlama

/// What the caller gives; anything absent comes from the checkpoint's `loma` object.
package struct LoMAChoices: Sendable {
  /// c.
  package var c: Int?
  /// t.
  package var t: Int?
  /// V.
  package var textVocabulary: Int?
  /// The id of `<m>`.
  package var memoryToken: Int?
  /// The id of `<r>`.
  package var repetitionToken: Int?
  /// Every axis.
  package var profile: Profile?

  /// Nothing given.
  package init() {}

  /// Takes a profile by its name.
  package mutating func choose(profile name: String) throws(InputError) { profile = try Profile(name: name) }
}

/// A model ready to run with compression on.
package struct LoadedModel: Sendable {
  /// The mapped directory.
  package let checkpoint: Checkpoint
  /// V, V' and the special ids.
  package let vocabulary: Vocabulary
  /// c, t and L.
  package let parameters: Parameters
  /// The decisions in force.
  package let profile: Profile

  /// Maps a directory and settles how it is used.
  ///
  /// V comes from the choices, else from the `loma` object; a special id that is given nowhere is V or V + 1.
  package init(directory: String, choices: LoMAChoices) throws(CheckpointError) {
    checkpoint = try Checkpoint(directory: directory)
    let section = checkpoint.file.loma
    guard let textSize = choices.textVocabulary ?? section?.textVocabulary else {
      throw .model(.missingConfiguration(key: "loma.text_vocabulary"))
    }
    guard let c = choices.c ?? section?.c else { throw .model(.missingConfiguration(key: "loma.compression_ratio")) }
    guard let t = choices.t ?? section?.t else { throw .model(.missingConfiguration(key: "loma.memory_length")) }
    // The section's ids belong to its own V.
    let same = choices.textVocabulary == nil || choices.textVocabulary == section?.textVocabulary
    let memoryToken = choices.memoryToken ?? (same ? section?.memoryToken : nil) ?? textSize
    // A V that wraps is itself rejected below.
    let repetitionToken = choices.repetitionToken ?? (same ? section?.repetitionToken : nil) ?? textSize &+ 1
    let modelSize = checkpoint.configuration.vocabularySize
    do throws(InputError) {
      vocabulary = try Vocabulary(
        textSize: textSize, memoryToken: memoryToken, repetitionToken: repetitionToken, modelSize: modelSize)
      parameters = try Parameters(c: c, t: t)
    } catch { throw .reference(.rejected(error)) }
    profile = choices.profile ?? section?.profile ?? .base
  }

  /// The reference on this model, reading one tensor at a time from the mapped files.
  package func transformer(workers: Workers) -> Transformer {
    Transformer(
      configuration: checkpoint.configuration, weights: checkpoint.weights, functions: .llama(workers: workers))
  }

  /// A generator that has read nothing.
  package func generator(threads: Int) -> Generator {
    Generator(
      transformer: transformer(workers: Workers(threads: threads)), vocabulary: vocabulary, parameters: parameters,
      profile: profile)
  }
}
