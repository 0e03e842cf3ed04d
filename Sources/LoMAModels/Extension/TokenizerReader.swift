// PAR-5: which files make up a tokenizer, and which tokens they list; the files are untrusted.

import LoMAVectors

/// The files of a checkpoint's tokenizer that hold ids, and the vocabulary that they give.
struct TokenizerReader {
  static let json = "tokenizer.json"
  static let settings = "tokenizer_config.json"
  /// A tokenizer of a large model has some 20 MB.
  static let sizeLimit = 256 << 20

  /// tokenizer.json; nil if there is none.
  let file: JSONSource?
  /// tokenizer_config.json; nil if there is none.
  let configuration: JSONSource?
  /// The tokens of the model and the added ones.
  let vocabulary: TokenizerVocabulary

  /// Reads the tokenizer of a directory that has files of these names; nil if it has none.
  init?(directory: String, names: Set<String>) throws(ExtensionError) {
    let slow = ["vocab.json", "tokenizer.model"].first { names.contains($0) }
    guard names.contains(Self.json) || slow != nil else { return nil }
    configuration = try names.contains(Self.settings) ? Self.source(Self.settings, in: directory) : nil
    let decoder = try configuration.map { (source) throws(ExtensionError) in try Self.decoder(source) } ?? nil
    if names.contains(Self.json) {
      let source = try Self.source(Self.json, in: directory)
      let base = try Self.model(source)
      var vocabulary = base
      for token in try Self.addedTokens(source) { try vocabulary.add(token.content, id: token.id) }
      try vocabulary.checkNext()
      if let decoder {
        // transformers 5 takes these tokens instead of those of tokenizer.json.
        var other = TokenizerVocabulary(file: Self.settings, copying: base)
        for token in decoder { try other.add(token.content, id: token.id) }
        guard other.size == vocabulary.size else {
          throw .tokenizerFilesDisagree(size: vocabulary.size, file: Self.settings, otherSize: other.size)
        }
        try other.checkNext()
      }
      self.vocabulary = vocabulary
      file = source
    } else {
      guard let slow, let decoder else { throw .noListOfTokens }
      var vocabulary = try Self.slowVocabulary(slow, in: directory)
      for token in decoder { try vocabulary.add(token.content, id: token.id) }
      try vocabulary.checkNext()
      self.vocabulary = vocabulary
      file = nil
    }
    try checkNamedTokens(directory: directory, names: names)
  }

  /// A JSON file of the directory, checked.
  static func source(_ name: String, in directory: String) throws(ExtensionError) -> JSONSource {
    let text = try bytes(name, in: directory)
    do { return try JSONSource(text, sizeLimit: sizeLimit, depthLimit: 64) } catch {
      if LargeFilePointer.isOne(text) { throw .checkpoint(.largeFilePointer(file: name)) }
      throw malformed(name, error)
    }
  }

  private static func bytes(_ name: String, in directory: String) throws(ExtensionError) -> [UInt8] {
    do { return try Files.contents(of: directory + "/" + name, byteLimit: sizeLimit) } catch {
      throw ExtensionError(error)
    }
  }

  static func malformed(_ name: String, _ error: JSONError) -> ExtensionError {
    .checkpoint(.json(file: name, error))
  }

  /// The members of an object, nil if the place holds something else.
  static func members(
    _ source: JSONSource, _ place: Range<Int>, file: String
  ) throws(ExtensionError) -> [JSONSource.Part]? {
    do { return try source.members(place) } catch { throw malformed(file, error) }
  }

  /// The value of a member of the object that a file is.
  static func member(_ key: String, of source: JSONSource, file: String) throws(ExtensionError) -> Range<Int>? {
    guard let members = try members(source, source.root, file: file) else {
      throw .tokenizerFile(file, key: "the file", requirement: "an object")
    }
    return members.first { $0.key == key }?.value
  }

  static func value(_ source: JSONSource, _ place: Range<Int>, file: String) throws(ExtensionError) -> JSONValue {
    do { return try source.value(place) } catch { throw malformed(file, error) }
  }

  /// The model's vocabulary: an object of ids, or for Unigram a list in which the place is the id.
  private static func model(_ source: JSONSource) throws(ExtensionError) -> TokenizerVocabulary {
    guard let model = try member("model", of: source, file: json),
      let place = try members(source, model, file: json)?.first(where: { $0.key == "vocab" })?.value
    else { throw .tokenizerFile(json, key: "model.vocab", requirement: "an object of ids or a list of pieces") }
    if let ids = try ids(source, place, file: json, key: "model.vocab") {
      return TokenizerVocabulary(file: json, ids: ids, entries: ids.count)
    }
    var pieces: [TokenContent: Int] = [:]
    let parts: [JSONSource.Part]
    do { parts = try source.elements(place) ?? [] } catch { throw malformed(json, error) }
    for (index, part) in parts.enumerated() {
      guard let piece = try value(source, part.value, file: json).arrayValue?.first?.stringValue else {
        throw .tokenizerFile(json, key: "model.vocab[\(index)]", requirement: "a piece and its score")
      }
      pieces[TokenContent(piece)] = pieces[TokenContent(piece)] ?? index
    }
    if parts.isEmpty {
      throw .tokenizerFile(json, key: "model.vocab", requirement: "an object of ids or a list of pieces")
    }
    return TokenizerVocabulary(file: json, ids: pieces, entries: parts.count)
  }

  /// An object from content to id; nil if the place holds something else.
  private static func ids(
    _ source: JSONSource, _ place: Range<Int>, file: String, key: String
  ) throws(ExtensionError) -> [TokenContent: Int]? {
    guard let members = try members(source, place, file: file) else { return nil }
    var ids: [TokenContent: Int] = [:]
    for member in members {
      guard let id = try value(source, member.value, file: file).integerValue, isID(id) else {
        throw .tokenizerFile(file, key: "\(key)[\(JSONSource.quoted(member.key))]", requirement: "an id")
      }
      ids[TokenContent(member.key)] = id
    }
    return ids
  }

  /// Whether a number can be a token's id; sums of it stay far from overflow.
  private static func isID(_ id: Int) -> Bool { (0..<1 << 31).contains(id) }

  /// `added_tokens` of tokenizer.json, in its order.
  private static func addedTokens(_ source: JSONSource) throws(ExtensionError) -> [(content: String, id: Int)] {
    guard let place = try member("added_tokens", of: source, file: json),
      let list = try value(source, place, file: json).arrayValue
    else { throw .tokenizerFile(json, key: "added_tokens", requirement: "a list") }
    var tokens: [(content: String, id: Int)] = []
    for (index, token) in list.enumerated() {
      guard let id = token.objectValue?["id"]?.integerValue, isID(id),
        let content = token.objectValue?["content"]?.stringValue
      else { throw .tokenizerFile(json, key: "added_tokens[\(index)]", requirement: "an object with id and content") }
      tokens.append((content, id))
    }
    return tokens
  }

  /// `added_tokens_decoder` of tokenizer_config.json by rising id; nil if there is none.
  private static func decoder(_ source: JSONSource) throws(ExtensionError) -> [(content: String, id: Int)]? {
    guard let place = try member("added_tokens_decoder", of: source, file: settings) else { return nil }
    let key = "added_tokens_decoder"
    guard let object = try value(source, place, file: settings).objectValue else {
      throw .tokenizerFile(settings, key: key, requirement: "an object")
    }
    var tokens: [(content: String, id: Int)] = []
    for member in object.members {
      guard let id = Int(member.key), isID(id), let content = member.value.objectValue?["content"]?.stringValue else {
        throw .tokenizerFile(
          settings, key: "\(key)[\(JSONSource.quoted(member.key))]", requirement: "an id and an object with content")
      }
      tokens.append((content, id))
    }
    return tokens.sorted { $0.id < $1.id }
  }

  /// The vocabulary of vocab.json, or the number of pieces of a SentencePiece model.
  private static func slowVocabulary(_ name: String, in directory: String) throws(ExtensionError) -> TokenizerVocabulary
  {
    if name == "vocab.json" {
      let source = try source(name, in: directory)
      guard let ids = try ids(source, source.root, file: name, key: "the file"), !ids.isEmpty else {
        throw .tokenizerFile(name, key: "the file", requirement: "an object of ids")
      }
      return TokenizerVocabulary(file: settings, ids: ids, entries: ids.count)
    }
    let model = try bytes(name, in: directory)
    if LargeFilePointer.isOne(model) { throw .checkpoint(.largeFilePointer(file: name)) }
    guard let pieces = SentencePieces(model), !pieces.contents.isEmpty else {
      throw .tokenizerFile(name, key: "the file", requirement: "a SentencePiece model")
    }
    var ids: [TokenContent: Int] = [:]
    for (index, piece) in pieces.contents.enumerated() { ids[TokenContent(piece)] = ids[TokenContent(piece)] ?? index }
    return TokenizerVocabulary(file: settings, ids: ids, entries: pieces.contents.count)
  }

  /// Throws if a file names a special token without an id: a library would add it behind the last one.
  private func checkNamedTokens(directory: String, names: Set<String>) throws(ExtensionError) {
    let map = "special_tokens_map.json"
    var sources = configuration.map { [(Self.settings, $0)] } ?? []
    if names.contains(map) { sources.append((map, try Self.source(map, in: directory))) }
    let single = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"].map { $0 + "_token" }
    for (file, source) in sources {
      for key in single + ["additional_special_tokens", "extra_special_tokens"] {
        guard let place = try Self.member(key, of: source, file: file) else { continue }
        let value = try Self.value(source, place, file: file)
        let several =
          value.arrayValue ?? (single.contains(key) ? [value] : value.objectValue?.members.map(\.value) ?? [])
        for one in several {
          guard let content = one.stringValue ?? one.objectValue?["content"]?.stringValue else { continue }
          if vocabulary.id(content) == nil { throw .unlistedToken(file: file, key: key, content: content) }
        }
      }
    }
  }
}
