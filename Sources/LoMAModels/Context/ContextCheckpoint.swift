// CCM-2, CCM-22: a base with its adapter, and n, V, BOS and the profile from the caller.

import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

/// What the files of a model do not say; V may be left to them.
package struct ContextChoices: Sendable {
  /// n, the memory tokens of a segment.
  package var memoryTokens: Int
  /// V; nil if it is the base's `vocab_size`.
  package var textVocabulary: Int?
  /// The id of BOS; nil if the vocabulary has none.
  package var beginningToken: Int?
  /// The decisions.
  package var profile: ContextProfile
  /// a, the share of a segment under `merge_rate = exponential`.
  package var rate: Double?

  /// Choices; they are checked when they are used with a model.
  package init(
    memoryTokens: Int, textVocabulary: Int?, beginningToken: Int?, profile: ContextProfile, rate: Double?
  ) {
    self.memoryTokens = memoryTokens
    self.textVocabulary = textVocabulary
    self.beginningToken = beginningToken
    self.profile = profile
    self.rate = rate
  }

  /// n, V, BOS, the decisions and a, checked.
  func parameters(modelVocabulary: Int) throws(AdapterError) -> ContextParameters {
    do {
      return try ContextParameters(
        textSize: textVocabulary ?? modelVocabulary, memoryTokens: memoryTokens, beginningToken: beginningToken,
        profile: profile, rate: rate)
    } catch { throw .peer(.rejected(error)) }
  }
}

/// A Hugging Face directory of a base with its adapter, and everything that compression needs.
package struct ContextCheckpoint: Sendable {
  /// The base, mapped.
  package let base: Checkpoint
  /// The adapter, in memory.
  package let adapter: ContextAdapter
  /// n, V, BOS and the decisions.
  package let parameters: ContextParameters

  /// Opens a directory. Of several faults the first in the Spec's list is thrown, if the choices give V.
  package init(directory: String, choices: ContextChoices) throws(AdapterError) {
    // A V that is given is checked with the other choices, before any file is opened.
    if let size = choices.textVocabulary { _ = try choices.parameters(modelVocabulary: size) }
    do { base = try Checkpoint(directory: directory) } catch { throw .base(error) }
    let configuration = base.configuration
    do { try configuration.checkPlain() } catch { throw .base(.model(error)) }
    parameters = try choices.parameters(modelVocabulary: configuration.vocabularySize)
    guard parameters.textSize == configuration.vocabularySize else {
      throw .peer(
        .rejected(
          .vocabularyMismatch(
            textVocabulary: parameters.textSize, modelVocabulary: configuration.vocabularySize)))
    }
    adapter = try StoredAdapter(directory: directory, configuration: configuration).adapter
    let (rows, n) = (adapter.memoryEmbeddings, parameters.memoryTokens)
    let merges = parameters.profile.memory == .merge
    guard rows % 2 == 0 && rows / 2 == n || rows == n && !merges else {
      throw .memoryRows(rows, memoryTokens: n, merges: merges)
    }
    do { try adapter.check(configuration, parameters) } catch { throw .peer(error) }
  }

  /// The reference on this model; it reads one tensor of the base at a time from the mapped files.
  package func model(workers: Workers) -> ContextModel {
    ContextModel(
      configuration: base.configuration, weights: base.weights, adapter: adapter, parameters: parameters,
      functions: .llama(workers: workers), rules: .spec)
  }

  /// Writes a new directory with a base and its adapter, whole or not at all; throws if it exists.
  package static func write(
    base: ParameterSet, adapter: ContextAdapter, configuration: Configuration, elementType: ElementType,
    to directory: String
  ) throws(AdapterError) {
    var files: [(name: String, bytes: [UInt8])]
    do {
      files = try CheckpointWriter.files(
        base, configuration: configuration, loma: nil, elementType: elementType, form: .explicit)
    } catch { throw .base(error) }
    files += try StoredAdapter.files(adapter, configuration: configuration, elementType: elementType)
      .map { (StoredAdapter.directoryName + "/" + $0.name, $0.bytes) }
    do { try Files.createDirectory(directory, containing: files) } catch { throw .file(error) }
  }
}
