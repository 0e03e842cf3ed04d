// LAT-9, LAT-11, GEN-5: a text read from stored latents, and tokens after it, for a command that a person watches.

import LoMA
import LoMAPeers
import LoMAPeersReference
import LoMAReference
import NaiveLlama

/// The progress of reading a text.
package struct LatentProgress: Sendable {
  /// The text tokens fed.
  package let fedLength: Int
  /// The rows held.
  package let cacheSize: Int
}

/// One text in a model's cache of latents, or of shared keys and values; LoMA compresses it if the model was trained so.
package struct LatentSession: Sendable {
  private enum Cache: Sendable {
    case whole(LatentReader)
    case compressed(LatentGenerator)
  }

  private var cache: Cache
  private let rows: LatentRows
  /// What a row costs (LAT-11).
  package let cost: LatentCost

  /// A session that has read nothing.
  package init(_ checkpoint: LatentCheckpoint, threads: Int) throws(LatentError) {
    let model = checkpoint.model(workers: Workers(threads: threads))
    let rows = try LatentRows(checkpoint.file)
    self.rows = rows
    let shape = checkpoint.configuration.shape
    do { cost = try LatentCost(shape.attention, layers: shape.layers) } catch { throw .peer(error) }
    cache =
      rows.loma.map {
        .compressed(
          LatentGenerator(
            model: model, vocabulary: $0.vocabulary, parameters: $0.parameters, profile: rows.profile))
      } ?? .whole(LatentReader(model: model))
  }

  /// The text tokens fed.
  package var fedLength: Int {
    switch cache {
    case .whole(let reader): reader.fedLength
    case .compressed(let generator): generator.fedLength
    }
  }

  /// The rows held, an entry a producer each.
  package var cacheSize: Int {
    switch cache {
    case .whole(let reader): reader.fedLength
    case .compressed(let generator): generator.cache.count
    }
  }

  private var lastLogits: [Double]? {
    switch cache {
    case .whole(let reader): reader.lastLogits
    case .compressed(let generator): generator.lastLogits
    }
  }

  /// Checks a prompt and the number of tokens to choose after it, before anything is fed (GEN-5).
  package func check(_ tokens: [Int], generating m: Int) throws(LatentError) {
    try rows.check(tokens)
    let (all, overflow) = tokens.count.addingReportingOverflow(max(m - 1, 0))
    do throws(InputError) {
      guard m >= 0 else { throw .negativeGenerationLength(m) }
      guard m == 0 || !tokens.isEmpty else { throw .emptyPrompt(generationLength: m) }
      try Parameters.check(textLength: overflow ? .max : all)
    } catch { throw .checkpoint(.reference(.rejected(error))) }
  }

  /// Feeds text tokens, at most `passLength` in one pass; the result does not depend on it.
  package mutating func feed(
    _ tokens: [Int], passLength: Int, progress: (LatentProgress) -> Void
  ) throws(LatentError) {
    switch cache {
    case .whole(var reader):
      for start in stride(from: 0, to: tokens.count, by: passLength) {
        let part = Array(tokens[start..<min(start + passLength, tokens.count)])
        let trace = try modelling(try reader.read(part))
        for row in part.indices where !trace.logits.row(row).allSatisfy({ $0.isFinite }) {
          throw .checkpoint(
            .reference(.nonFiniteLogits(.reading(chunk: 0, index: reader.fedLength - part.count + row))))
        }
        cache = .whole(reader)
        progress(LatentProgress(fedLength: reader.fedLength, cacheSize: reader.fedLength))
      }
    case .compressed(var generator):
      do {
        try generator.feed(tokens, passLength: passLength) { event in
          if case .read(let index) = event.event {
            progress(LatentProgress(fedLength: index + 1, cacheSize: event.cache.count))
          }
        }
      } catch { throw .checkpoint(CheckpointError(error)) }
      cache = .compressed(generator)
    }
  }

  /// Chooses m tokens after what was fed; the last of them is not fed (GEN-5).
  package mutating func generate(
    _ m: Int, choosing choices: SamplingChoices, progress: (LatentProgress) -> Void
  ) throws(LatentError) -> [Int] {
    // A draw ranks the text ids alone; of an ordinary model these are all.
    let vocabulary: Vocabulary
    if let loma = rows.loma {
      vocabulary = loma.vocabulary
    } else {
      do throws(InputError) { vocabulary = try Vocabulary(textSize: rows.textSize) } catch {
        throw .checkpoint(.reference(.rejected(error)))
      }
    }
    var (numbers, chosen): (SeededNumbers, [Int]) = (SeededNumbers(seed: choices.seed), [])
    while chosen.count < m, let logits = lastLogits {
      let token =
        switch (choices.sampling, rows.loma) {
        case (.greedy, nil): LatentReader.greedyToken(logits)
        case (.greedy, _), (.random, _): choices.sampling.choose(logits, vocabulary: vocabulary, numbers: &numbers)
        }
      chosen.append(token)
      if token == choices.stopToken { break }
      if chosen.count < m { try feed([token], passLength: 1, progress: progress) }
    }
    return chosen
  }
}
