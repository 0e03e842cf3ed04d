// EQB-4, EQB-5: one text through one method on a twin: what comes back, and what was held.

import LoMA
import LoMAModels
import LoMAPeers
import LoMAPeersReference
import LoMAReference
import LoMAVectors
import NaiveLlama

/// A twin read from its directory.
package struct TwinModel: Sendable {
  /// V, and `<r>`.
  package let vocabulary: Vocabulary
  let decoder: CachedDecoder

  /// The model in a directory: a Llama that says `entries=heads` without sharing, as `loma train` and `loma budget`
  /// leave a twin.
  ///
  /// With `pools`, a model whose heads learned to pool (BAS-26), and no other one.
  ///
  /// Throws `compressesItself` for one that LoMA trained (EQB-4), or that pools and is not to, and `otherShape` for one that stores no keys and
  /// values of its own in every layer.
  package init(directory: String, pools: Bool = false) throws(TrainingError) {
    // A Llama that LoMA trained is not one of chapter 17, and is to be refused for what it is.
    let text: [UInt8]
    do { text = try Files.contents(of: directory + "/config.json", byteLimit: 1 << 20) } catch { throw .file(error) }
    let configuration = try? StrictJSON.parse(text, sizeLimit: 1 << 20, depthLimit: 32)
    guard configuration?.objectValue?["loma"] == nil else { throw .compressesItself }
    guard (configuration?.objectValue?["dmc"] != nil) == pools else { throw pools ? .otherShape : .compressesItself }
    let checkpoint: LatentCheckpoint
    do { checkpoint = try LatentCheckpoint(directory: directory, accepting: [.halfSplit]) } catch {
      throw .latent(error)
    }
    let (shape, given) = (checkpoint.configuration.shape, checkpoint.configuration)
    guard case .heads(let query, let keyValue, let dimension) = shape.attention.form, shape.attention.stride == 1 else {
      throw .otherShape
    }
    do {
      vocabulary = try Vocabulary(textSize: max(0, shape.vocabularySize - 2))
    } catch { throw .model(.rejected(error)) }
    do {
      decoder = CachedDecoder(
        configuration: try Configuration(
          vocabularySize: shape.vocabularySize, hiddenSize: shape.hiddenSize,
          intermediateSize: shape.intermediateSize, layers: shape.layers, queryHeads: query, keyValueHeads: keyValue,
          headDimension: dimension, epsilon: given.epsilon, theta: given.theta, tiesHead: shape.tiesHead),
        weights: checkpoint.weights, functions: .llama(workers: .single), rules: .spec)
    } catch { throw .model(.model(error)) }
  }

  /// The number of layers, KV heads and channels of a head.
  package var sizes: (layers: Int, keyValueHeads: Int, dimension: Int) {
    let configuration = decoder.configuration
    return (configuration.layers, configuration.heads.keyValue, configuration.heads.dimension)
  }
}

extension TwinModel: TextVocabulary {
  package var textSize: Int { vocabulary.textSize }
}

extension CacheSetting {
  /// Whether it needs texts of the training part (EQB-8).
  package var needsCalibration: Bool {
    switch self {
    case .kvSharer, .sparse: true
    case .full, .last, .uniform, .evict, .zigzag, .think, .zipCache, .pyramid, .lowRank: false
    }
  }
}

extension CalibrationTexts {
  /// Texts of the training part of a recipe's data, so many tokens each; its corpus is read from a folder.
  package init(_ data: TrainingData, length: Int, corpora: String) throws(TrainingError) {
    var numbers = SeededNumbers(seed: Self.seed)
    self.init(
      texts: try TrainingTexts(data, textLength: length, folder: corpora).batch(Self.count, numbers: &numbers))
  }
}

/// What a method left of a text, and what that gave back.
package struct TwinRecital: Hashable, Sendable {
  /// The tokens recited, chunk by chunk.
  package let tokens: [Int]
  /// How many of them are right, and how many chunks.
  package let counted: RepetitionCount
  /// The bits held, and those of a full cache.
  package let bits: Int
  package let full: Int
  /// Bits beside the cache.
  package let side: Int
  /// What calibration found; empty where there is none.
  package let found: String

  /// Reads a text of whole chunks, lets the method act, and recites.
  package init(
    _ text: [Int], chunkLength: Int, by setting: CacheSetting, on twin: TwinModel, calibration: CalibrationTexts?
  ) throws(TrainingError) {
    let rows: MomentRows
    (rows, full) = try Self.asked(text, chunkLength, twin)
    let recited: [Int]
    do {
      let method = try TwinMethod(setting, on: twin.decoder, calibration: calibration ?? CalibrationTexts(texts: []))
      let read = try TwinText(rows, model: twin.decoder)
      let (caches, bits) = try read.left(by: method)
      recited = try read.recital(caches, by: method, vocabulary: twin.vocabulary, chunkLength: chunkLength)
      self.bits = bits
      tokens = recited
      (side, found) = (method.sideBits, method.found)
    } catch { throw peer(error) }
    counted = Self.counted(recited, text, chunkLength)
  }

  /// Reads a text of whole chunks with a model that pools, and recites; `found` has the entries of each layer's heads.
  package init(_ text: [Int], chunkLength: Int, pooledBy model: TwinModel) throws(TrainingError) {
    let rows: MomentRows
    (rows, full) = try Self.asked(text, chunkLength, model)
    let decoder = model.decoder
    let read = PooledText(
      rows,
      model: PooledModel(
        configuration: decoder.configuration, weights: decoder.weights, functions: decoder.functions))
    let heads = decoder.configuration.heads
    let byHead: [Int]
    do { (tokens, byHead) = try read.recital(vocabulary: model.vocabulary) } catch { throw .model(error) }
    do {
      bits = try PooledRuns.bits(entries: byHead.reduce(0, +), dimension: heads.dimension)
    } catch { throw .latent(.peer(error)) }
    found =
      "entries of each head "
      + stride(from: 0, to: byHead.count, by: heads.keyValue).map { layer in
        byHead[layer..<layer + heads.keyValue].map(String.init).joined(separator: ",")
      }.joined(separator: " ")
    side = 0
    counted = Self.counted(tokens, text, chunkLength)
  }

  /// What is fed and asked of a text, and the bits of a full cache of it.
  private static func asked(
    _ text: [Int], _ chunkLength: Int, _ twin: TwinModel
  ) throws(TrainingError) -> (rows: MomentRows, full: Int) {
    let moment = BudgetMoment(chunks: text.count / chunkLength, chunkLength: chunkLength)
    let sizes = twin.sizes
    let rows: MomentRows
    do {
      // A twin has no memory rows; c and t only cut the text into chunks.
      rows = try MomentRows(
        text, at: moment, arrangement: .twin, vocabulary: twin.vocabulary,
        parameters: try Parameters(c: chunkLength, t: 1))
    } catch { throw .model(.rejected(error)) }
    do {
      return (
        rows,
        try moment.fullBits(
          layers: sizes.layers, keyValueHeads: sizes.keyValueHeads, dimension: sizes.dimension)
      )
    } catch { throw .latent(.peer(error)) }
  }

  private static func counted(_ recited: [Int], _ text: [Int], _ chunkLength: Int) -> RepetitionCount {
    var counted = RepetitionCount()
    for start in stride(from: 0, to: recited.count, by: chunkLength) {
      let right = zip(recited[start..<start + chunkLength], text[start...]).count { $0 == $1 }
      counted.correctTokens += right
      counted.tokens += chunkLength
      counted.correctChunks += right == chunkLength ? 1 : 0
      counted.chunks += 1
    }
    return counted
  }
}
