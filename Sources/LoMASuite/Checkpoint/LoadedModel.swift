// PAR-2: a checkpoint together with how it is used: V, special ids, c, t and profile, from its `loma` object or given.

import LoMA
import LoMAReference
import NaiveLlama

/// What the caller gives; anything absent comes from the checkpoint's `loma` object.
public struct LoMAChoices: Sendable {
  /// c.
  public var c: Int?
  /// t.
  public var t: Int?
  /// V.
  public var textVocabulary: Int?
  /// The id of `<m>`.
  public var memoryToken: Int?
  /// The id of `<r>`.
  public var repetitionToken: Int?
  /// Every axis.
  public var profile: Profile?

  /// Nothing given.
  public init() {}

  /// Takes a profile by its name.
  public mutating func choose(profile name: String) throws(InputError) { profile = try Profile(name: name) }
}

/// A model ready to run with compression on.
public struct LoadedModel: Sendable {
  /// The mapped directory.
  public let checkpoint: Checkpoint
  /// V, V' and the special ids.
  public let vocabulary: Vocabulary
  /// c, t and L.
  public let parameters: Parameters
  /// The decisions in force.
  public let profile: Profile

  /// Maps a directory and settles how it is used.
  ///
  /// V comes from the choices, else from the `loma` object; a special id that is given nowhere is V or V + 1.
  public init(directory: String, choices: LoMAChoices) throws(CheckpointError) {
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
  public func transformer(workers: Workers) -> Transformer {
    Transformer(
      configuration: checkpoint.configuration, weights: checkpoint.weights, functions: .llama(workers: workers))
  }

  /// A generator that has read nothing.
  public func generator(threads: Int) -> Generator {
    Generator(
      transformer: transformer(workers: Workers(threads: threads)), vocabulary: vocabulary, parameters: parameters,
      profile: profile)
  }
}
