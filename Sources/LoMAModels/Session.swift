// GEN, REC: a generator with its progress told as numbers, for the commands that a person watches.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

/// How far a run through the cache is.
package struct SessionProgress: Sendable {
  /// Text tokens fed so far.
  package let fedLength: Int
  /// Entries cached now.
  package let cacheSize: Int
  /// What just happened.
  package let event: CacheEvent
}

/// How tokens are chosen.
package struct SamplingChoices: Sendable {
  /// None for greedy.
  package var temperature: Double?
  /// Only with a temperature.
  package var topK: Int?
  /// Only with a temperature.
  package var topP: Double?
  /// Of the draws.
  package var seed: UInt64 = 0
  /// Ends the text early.
  package var stopToken: Int?

  /// Greedy.
  package init() {}

  var sampling: Sampling {
    temperature.map { .random(temperature: $0, topK: topK, topP: topP) } ?? .greedy
  }
}

/// One text in the compressed cache of a model.
package struct Session: Sendable {
  private var generator: Generator
  private let bytesPerEntry: Int

  /// An empty cache; `threads` share the work.
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

  /// Text tokens fed so far.
  package var fedLength: Int { generator.fedLength }
  /// Entries cached now.
  package var cacheSize: Int { generator.cache.count }
  /// What they weigh in binary64 (COST-1).
  package var cacheBytes: Int { cacheSize * bytesPerEntry }
  /// F of the text fed so far.
  package var fullChunks: Int { generator.parameters.fullChunks(fedLength) }
  /// L.
  package var chunkLength: Int { generator.parameters.chunkLength }

  /// Rejects a prompt and a number of tokens to choose after it, before anything is fed (GEN-5).
  package func check(promptLength: Int, generating m: Int) throws(CheckpointError) {
    do throws(InputError) { _ = try generator.parameters.fedLength(prompt: promptLength, generating: m) } catch {
      throw .reference(.rejected(error))
    }
  }

  /// Feeds text, at most `passLength` tokens in one pass (GEN-8).
  package mutating func feed(
    _ tokens: [Int], passLength: Int, progress: (SessionProgress) -> Void
  ) throws(CheckpointError) {
    do {
      try generator.feed(tokens, passLength: passLength) { progress(SessionProgress($0)) }
    } catch { throw CheckpointError(error) }
  }

  /// Chooses m tokens; the last is not fed (GEN-5).
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

  /// The greedy tokens of a full chunk, from its memory (REC-1).
  package func reconstruct(chunk: Int) throws(CheckpointError) -> [Int] {
    do { return try generator.reconstruct(chunk: chunk).tokens } catch { throw CheckpointError(error) }
  }

  /// Both accuracies of a reconstructed text (REC-2).
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
