// PAR-2: a checkpoint with V, special ids, c, t and profile, from its `loma` object or from the caller.

import LoMA
import LoMAReference
import NaiveLlama

/// The caller's settings; absent ones come from the checkpoint's `loma` object.
package struct LoMAChoices: Sendable {
  /// Compression ratio.
  package var c: Int?
  /// Memory length.
  package var t: Int?
  /// Size of the text vocabulary.
  package var textVocabulary: Int?
  /// The id of `<m>`.
  package var memoryToken: Int?
  /// The id of `<r>`.
  package var repetitionToken: Int?
  /// The whole profile: no axis is taken from the `loma` object.
  package var profile: Profile?

  package init() {}

  /// Sets the profile, given by name.
  package mutating func choose(profile name: String) throws(InputError) { profile = try Profile(name: name) }
}

/// A checkpoint with everything that compression needs.
package struct LoadedModel: Sendable {
  package let checkpoint: Checkpoint
  package let vocabulary: Vocabulary
  package let parameters: Parameters
  package let profile: Profile

  /// Maps a directory and settles vocabulary, c, t and profile.
  ///
  /// V is the caller's, or else that of the `loma` object; a special id that neither gives is V or V + 1.
  package init(directory: String, choices: LoMAChoices) throws(CheckpointError) {
    checkpoint = try Checkpoint(directory: directory)
    let section = checkpoint.file.loma
    guard let textSize = choices.textVocabulary ?? section?.textVocabulary else {
      throw .model(.missingConfiguration(key: "loma.text_vocabulary"))
    }
    guard let c = choices.c ?? section?.c else { throw .model(.missingConfiguration(key: "loma.compression_ratio")) }
    guard let t = choices.t ?? section?.t else { throw .model(.missingConfiguration(key: "loma.memory_length")) }
    // The ids of the `loma` object go with its own V.
    let same = choices.textVocabulary == nil || choices.textVocabulary == section?.textVocabulary
    let memoryToken = choices.memoryToken ?? (same ? section?.memoryToken : nil) ?? textSize
    // If V + 1 overflows, V itself is rejected below.
    let repetitionToken = choices.repetitionToken ?? (same ? section?.repetitionToken : nil) ?? textSize &+ 1
    let modelSize = checkpoint.configuration.vocabularySize
    do throws(InputError) {
      vocabulary = try Vocabulary(
        textSize: textSize, memoryToken: memoryToken, repetitionToken: repetitionToken, modelSize: modelSize)
      parameters = try Parameters(c: c, t: t)
    } catch { throw .reference(.rejected(error)) }
    profile = choices.profile ?? section?.profile ?? .base
  }

  /// The reference on this model; it reads one tensor at a time from the mapped files.
  package func transformer(workers: Workers) -> Transformer {
    Transformer(
      configuration: checkpoint.configuration, weights: checkpoint.weights, functions: .llama(workers: workers))
  }

  /// A generator with an empty cache.
  package func generator(threads: Int) -> Generator {
    Generator(
      transformer: transformer(workers: Workers(threads: threads)), vocabulary: vocabulary, parameters: parameters,
      profile: profile)
  }
}
