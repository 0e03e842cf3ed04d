// GEN, REC: a generator that reports its progress, for commands that a person watches.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

/// The progress of feeding text through the cache.
package struct SessionProgress: Sendable {
  package let fedLength: Int
  package let cacheSize: Int
  /// The event that was just done.
  package let event: CacheEvent
}

/// How tokens are chosen from logits.
package struct SamplingChoices: Sendable {
  /// The temperature; nil for greedy choices.
  package var temperature: Double?
  /// Used only with a temperature.
  package var topK: Int?
  /// Used only with a temperature.
  package var topP: Double?
  /// The seed of the random draws.
  package var seed: UInt64 = 0
  /// A token that ends the text when it is chosen.
  package var stopToken: Int?

  package init() {}

  var sampling: Sampling {
    temperature.map { .random(temperature: $0, topK: topK, topP: topP) } ?? .greedy
  }
}

/// One text in a model's compressed cache.
package struct Session: Sendable {
  private var generator: Generator
  private let bytesPerEntry: Int

  /// A session with an empty cache.
  package init(_ model: LoadedModel, threads: Int) throws(CheckpointError) {
    generator = model.generator(threads: threads)
    let configuration = model.checkpoint.configuration
    do throws(InputError) {
      bytesPerEntry = try CacheEntrySize(
        layers: configuration.layers, keyValueHeads: configuration.heads.keyValue,
        headDimension: configuration.heads.dimension, bytesPerElement: 8
      ).bytes
    } catch { throw .reference(.rejected(error)) }
  }

  package var fedLength: Int { generator.fedLength }
  package var cacheSize: Int { generator.cache.count }
  /// The bytes of the cached entries in binary64 (COST-1).
  package var cacheBytes: Int { cacheSize * bytesPerEntry }
  /// F, the number of full chunks of the text fed so far.
  package var fullChunks: Int { generator.parameters.fullChunks(fedLength) }
  package var chunkLength: Int { generator.parameters.chunkLength }

  /// Checks the length of a prompt and the number of tokens to choose after it, before anything is fed (GEN-5).
  package func check(promptLength: Int, generating m: Int) throws(CheckpointError) {
    do throws(InputError) { _ = try generator.parameters.fedLength(prompt: promptLength, generating: m) } catch {
      throw .reference(.rejected(error))
    }
  }

  /// Feeds text, at most `passLength` tokens per pass (GEN-8).
  package mutating func feed(
    _ tokens: [Int], passLength: Int, progress: (SessionProgress) -> Void
  ) throws(CheckpointError) {
    do {
      try generator.feed(tokens, passLength: passLength) { progress(SessionProgress($0)) }
    } catch { throw CheckpointError(error) }
  }

  /// Chooses m tokens; the last of them is not fed (GEN-5).
  package mutating func generate(
    _ m: Int, choosing choices: SamplingChoices, progress: (SessionProgress) -> Void
  ) throws(CheckpointError) -> [Int] {
    var numbers = SeededNumbers(seed: choices.seed)
    do {
      return try generator.generate(
        m, choosing: choices.sampling, numbers: &numbers, stopToken: choices.stopToken
      ) { progress(SessionProgress($0)) }
    } catch { throw CheckpointError(error) }
  }

  /// The greedy tokens of a full chunk, reconstructed from its memory (REC-1).
  package func reconstruct(chunk: Int) throws(CheckpointError) -> [Int] {
    do { return try generator.reconstruct(chunk: chunk).tokens } catch { throw CheckpointError(error) }
  }

  /// Both accuracies of a text's reconstruction (REC-2).
  package func metrics(text: [Int], reconstruction: [Int]) throws(CheckpointError) -> Metrics {
    do {
      return try Metrics(text: text, reconstruction: reconstruction, parameters: generator.parameters)
    } catch { throw .reference(.rejected(error)) }
  }
}

extension SessionProgress {
  fileprivate init(_ event: GenerationEvent) {
    cacheSize = event.cache.count
    self.event = event.event
    fedLength = event.fedLength
  }
}
