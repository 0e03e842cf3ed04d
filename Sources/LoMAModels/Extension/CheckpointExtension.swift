// PAR-5: `loma extend`: a copy of a Hugging Face directory that has `<m>` and `<r>`, and keeps everything else.

import LoMA
import LoMAVectors
import NaiveLlama

/// An extended checkpoint that was written.
package struct CheckpointExtension: Sendable {
  /// The ids.
  package let vocabulary: Vocabulary
  /// `vocab_size` as it was.
  package let oldSize: Int
  /// The contents of `<m>` and `<r>` in the tokenizer; nil if there is none.
  package let contents: [String]?
  /// The entries of the directory that were not copied, sorted.
  package let leftOut: [String]
  /// The text tokens whose rows the two are; nil if both are the mean.
  package let copied: [Int]?
  /// Why the reference cannot compute the model; nil if it can.
  package let refusal: ModelError?

  /// The contents of `<m>` and `<r>` where a tokenizer holds them and none are asked for; no text contains them.
  package static let standardContents = ["<|loma_memory|>", "<|loma_repetition|>"]

  /// Files that are copied as they are, where they exist.
  static let keptFiles: Set = [
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "tokenizer.model",
    "vocab.json", "merges.txt", "chat_template.jinja", "chat_template.json", "generation_config.json", "README.md",
  ]

  /// Writes a copy of a directory, whole or not at all, and reads it again before it gets its name.
  ///
  /// V is the number of ids of the tokenizer, or of the model's rows if there is none; `<m>` = V and `<r>` = V + 1 are
  /// appended, or put into rows that no token has. `contents` are those of `--tokens`, nil for the standard ones. The rows
  /// are the mean of the text tokens' rows, or those of the two ids of `copying`.
  package init(
    _ directory: String, to output: String, choices: LoMAChoices, contents: [String]?, copying: [Int]?
  ) throws(ExtensionError) {
    let names = Set(Disk.files(in: directory))
    let old = try ExtendedModel(directory: directory)
    let tokenizer = try TokenizerReader(directory: directory, names: names)
    if contents != nil && tokenizer == nil { throw .noTokenizer(directory: directory) }
    let asked = contents ?? (tokenizer == nil ? nil : Self.standardContents)
    for content in asked ?? [] {
      if let id = tokenizer?.vocabulary.id(content) { throw .knownContent(content, id: id) }
    }
    let textSize = tokenizer?.vocabulary.size ?? old.vocabularySize
    guard textSize <= old.vocabularySize else {
      throw .tokenizerBeyondVocabulary(tokens: textSize, vocabulary: old.vocabularySize)
    }
    let vocabulary: Vocabulary
    let parameters: Parameters
    do throws(InputError) {
      let smallest = try Vocabulary(textSize: textSize)
      vocabulary = try Vocabulary(
        textSize: textSize, memoryToken: smallest.memoryToken, repetitionToken: smallest.repetitionToken,
        modelSize: max(smallest.modelSize, old.vocabularySize))
      parameters = try Parameters(c: choices.c ?? 1, t: choices.t ?? 1)
      try vocabulary.check(text: copying ?? [])
    } catch { throw ExtensionError(error) }
    if let copying, copying.count != 2 || copying[0] == copying[1] { throw .rows(copying) }
    let section = LoMASection(
      textVocabulary: textSize, memoryToken: vocabulary.memoryToken, repetitionToken: vocabulary.repetitionToken,
      c: parameters.c, t: parameters.t, profile: choices.profile ?? .base)
    let weights = try ExtendedWeights(
      directory: directory, tiesHead: old.tiesHead, oldSize: old.vocabularySize, width: old.width, textSize: textSize,
      modelSize: vocabulary.modelSize, copying: copying)

    let ids = [vocabulary.memoryToken, vocabulary.repetitionToken]
    var texts = [
      "config.json": try ExtendedText.configuration(
        old.source, vocabularySize: vocabulary.modelSize, section: section)
    ]
    if let tokenizer, let asked {
      if let file = tokenizer.file {
        texts[TokenizerReader.json] = try ExtendedText.tokenizer(file, contents: asked, ids: ids)
      }
      if let settings = tokenizer.configuration {
        texts[TokenizerReader.settings] = try ExtendedText.settings(settings, contents: asked, ids: ids)
      }
    }
    let copies = names.filter { texts[$0] == nil && Self.isCopied($0) }.sorted()
    try Files.createFolder(output, failure: { ExtensionError($0) }) { (folder) throws(ExtensionError) in
      do throws(FileError) {
        for (name, text) in texts.sorted(by: { $0.key < $1.key }) { try Files.create(folder + "/" + name, with: text) }
        for name in copies {
          let bytes = try Files.contents(of: directory + "/" + name, byteLimit: TokenizerReader.sizeLimit)
          try Files.create(folder + "/" + name, with: bytes)
        }
      } catch { throw ExtensionError(error) }
      try weights.write(to: folder)
      try weights.check(folder)
      try Self.check(folder, vocabulary: vocabulary, section: section, contents: asked, reference: old.refusal == nil)
    }
    self.vocabulary = vocabulary
    oldSize = old.vocabularySize
    self.contents = asked
    copied = copying
    let written = Set(copies).union(texts.keys).union(weights.tensors.shards.keys)
    leftOut = names.subtracting(written).subtracting(["model.safetensors.index.json"]).sorted()
    refusal = old.refusal
  }

  /// Code without an `auto_map` is nothing that a library runs by itself.
  private static func isCopied(_ name: String) -> Bool {
    keptFiles.contains(name) || name.hasPrefix("LICENSE") || name.hasSuffix(".py")
  }

  /// Reads what was written: the configuration, the tokenizer, and the model if the reference can compute it.
  private static func check(
    _ folder: String, vocabulary: Vocabulary, section: LoMASection, contents: [String]?, reference: Bool
  ) throws(ExtensionError) {
    let new = try ExtendedModel(directory: folder)
    guard new.vocabularySize == vocabulary.modelSize, new.section == section else {
      throw .notAsWritten("config.json")
    }
    if let contents {
      let tokenizer = try TokenizerReader(directory: folder, names: Set(Disk.files(in: folder)))
      let ids = contents.map { tokenizer?.vocabulary.id($0) }
      guard tokenizer?.vocabulary.size == vocabulary.textSize + 2,
        ids == [vocabulary.memoryToken, vocabulary.repetitionToken]
      else { throw .notAsWritten("the ids of the tokenizer") }
    }
    guard reference else { return }
    do {
      let model = try LoadedModel(directory: folder, choices: LoMAChoices())
      guard model.vocabulary == vocabulary else { throw ExtensionError.notAsWritten("config.json: loma") }
    } catch let error as CheckpointError {
      throw .checkpoint(error)
    } catch let error as ExtensionError {
      throw error
    } catch { throw .notAsWritten("config.json") }
  }

  /// The contents of `--tokens A,B`; throws unless they are two, different, and without white space or control characters.
  package static func contents(_ text: String) throws(ExtensionError) -> [String] {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    let fits = parts.allSatisfy { part in
      !part.isEmpty && part.utf8.count <= 256
        && part.unicodeScalars.allSatisfy { !$0.properties.isWhitespace && $0.properties.generalCategory != .control }
    }
    guard parts.count == 2, fits, TokenContent(parts[0]) != TokenContent(parts[1]) else { throw .contents(text) }
    return parts
  }
}

/// What an extension needs of a config.json, of any family.
private struct ExtendedModel {
  let source: JSONSource
  let vocabularySize: Int
  /// The width of a row of the embedding: `hidden_size`.
  let width: Int
  let tiesHead: Bool
  let section: LoMASection?
  /// Why the reference cannot compute the model; nil if it can.
  let refusal: ModelError?

  /// Reads a config.json; throws for one whose code is elsewhere, and for a model that is damaged.
  init(directory: String) throws(ExtensionError) {
    do throws(CheckpointError) {
      let text = try ConfigurationFile.text(in: directory)
      let object = try ConfigurationFile.object(text)
      do throws(JSONError) { source = try JSONSource(text, sizeLimit: 1 << 20, depthLimit: 16) } catch {
        throw .json(file: "config.json", error)
      }
      if let value = object["auto_map"], value != .null {
        throw .model(.unsupportedConfiguration(key: "auto_map", value: ConfigurationKeys.text(value)))
      }
      let keys = ConfigurationKeys(object: object)
      do throws(ModelError) {
        vocabularySize = try keys.integer("vocab_size")
        width = try keys.integer("hidden_size")
        tiesHead = try keys.boolean("tie_word_embeddings", default: false)
      } catch { throw .model(error) }
      section = try object["loma"].map { (value) throws(CheckpointError) in try LoMASection(value) }
      do throws(CheckpointError) {
        _ = try Checkpoint(directory: directory)
        refusal = nil
      } catch {
        guard case .model(let reason) = error, case .unsupportedConfiguration = reason else { throw error }
        refusal = reason
      }
    } catch { throw .checkpoint(error) }
  }
}
