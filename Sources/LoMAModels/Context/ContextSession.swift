// CCM-24…CCM-27: a text read segment by segment, and tokens after it, for a command that a person watches.

import LoMA
import LoMAPeers
import LoMAPeersReference
import LoMAReference
import NaiveLlama

/// The progress of reading a text.
package struct ContextProgress: Sendable {
  /// The text tokens fed.
  package let fedLength: Int
  /// The entries held.
  package let cacheSize: Int
}

/// One text in a model's compressed context memory.
package struct ContextSession: Sendable {
  private var reader: ContextReader
  private let bytesPerEntry: Int

  /// A session that has read nothing.
  package init(_ checkpoint: ContextCheckpoint, threads: Int) throws(AdapterError) {
    reader = ContextReader(model: checkpoint.model(workers: Workers(threads: threads)))
    let heads = checkpoint.base.configuration.heads
    do throws(InputError) {
      bytesPerEntry = try CacheEntrySize(
        layers: checkpoint.base.configuration.layers, keyValueHeads: heads.keyValue, headDimension: heads.dimension,
        bytesPerElement: 8
      ).bytes
    } catch { throw .base(.reference(.rejected(error))) }
  }

  /// N: the text tokens fed, dropped or not.
  package var fedLength: Int { reader.textRows }
  /// T: the context segments compressed.
  package var compressedSegments: Int { reader.segments }
  /// The entries held.
  package var cacheSize: Int { reader.entries.rows.count }
  /// Those of them that are memory: COMP entries or running means.
  package var memorySize: Int { reader.entries.rows.count { $0.place.role != .text } }
  /// The bytes of the entries held in binary64 (COST-1).
  package var cacheBytes: Int { cacheSize * bytesPerEntry }

  /// Checks a text and the number of tokens to choose after it, before anything is fed (CCM-1, CCM-27).
  package func check(_ segments: [[Int]], generating m: Int) throws(AdapterError) {
    let parameters = reader.model.parameters
    do throws(PeerError) {
      try ContextText(segments: segments, outputLength: 0).check(parameters)
      guard m >= 0 else { throw .negativeGenerationLength(m) }
      let (rows, overflow) = segments.reduce(0) { $0 + $1.count }.addingReportingOverflow(max(m - 1, 0))
      guard !overflow else { throw .textTooLong(limit: ContextParameters.limit) }
      try parameters.check(textRows: rows, contexts: segments.count - 1)
    } catch { throw .peer(.rejected(error)) }
  }

  /// Reads segments, of which the last is the final one, at most `passLength` tokens in one pass, whole segments if nil.
  package mutating func feed(
    _ segments: [[Int]], passLength: Int?, progress: (ContextProgress) -> Void
  ) throws(AdapterError) {
    var fed = reader.textRows
    func tell(_ reading: ContextReading) {
      fed += reading.fed.count { $0.place.role == .text }
      progress(ContextProgress(fedLength: fed, cacheSize: reading.entries.rows.count))
    }
    do {
      for tokens in segments.dropLast() {
        try reader.read(context: tokens, passLength: passLength ?? max(tokens.count, 1), observe: tell)
      }
      guard let final = segments.last else { return }
      try reader.read(final: final, passLength: passLength ?? max(final.count, 1), observe: tell)
    } catch { throw .peer(error) }
  }

  /// Chooses m tokens; the last of them is not fed (CCM-27). A final segment must have been fed.
  package mutating func generate(
    _ m: Int, choosing choices: SamplingChoices, progress: (ContextProgress) -> Void
  ) throws(AdapterError) -> [Int] {
    // A draw ranks the ids of a text vocabulary (GEN-5); its special ids have no part in it.
    let vocabulary: Vocabulary
    do { vocabulary = try Vocabulary(textSize: reader.model.parameters.textSize) } catch {
      throw .base(.reference(.rejected(error)))
    }
    var (numbers, chosen): (SeededNumbers, [Int]) = (SeededNumbers(seed: choices.seed), [])
    while chosen.count < m, let logits = reader.lastLogits {
      let token =
        switch choices.sampling {
        case .greedy: reader.model.rules.choose(logits)
        case .random: choices.sampling.choose(logits, vocabulary: vocabulary, numbers: &numbers)
        }
      chosen.append(token)
      if token == choices.stopToken { break }
      guard chosen.count < m else { break }
      do { try reader.read(final: [token], passLength: 1) { _ in } } catch { throw .peer(error) }
      progress(ContextProgress(fedLength: fedLength, cacheSize: cacheSize))
    }
    return chosen
  }
}
