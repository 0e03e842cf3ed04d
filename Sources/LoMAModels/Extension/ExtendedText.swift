// PAR-5: config.json and the tokenizer's files with the two tokens; whatever is not said here keeps its bytes.

import LoMAVectors

/// The texts of an extended checkpoint's JSON files.
enum ExtendedText {
  /// config.json with another `vocab_size` and `loma`; a new `loma` stands last.
  static func configuration(
    _ source: JSONSource, vocabularySize: Int, section: LoMASection
  ) throws(ExtensionError) -> [UInt8] {
    let file = "config.json"
    guard let size = try TokenizerReader.member("vocab_size", of: source, file: file) else {
      throw ExtensionError(.missingConfiguration(key: "vocab_size"))
    }
    return try changed(
      source, file: file,
      setting: [("loma", section.json)], changes: [(size, String(vocabularySize))])
  }

  /// tokenizer.json with the two tokens at the end of `added_tokens`.
  static func tokenizer(
    _ source: JSONSource, contents: [String], ids: [Int]
  ) throws(ExtensionError) -> [UInt8] {
    let file = TokenizerReader.json
    guard let place = try TokenizerReader.member("added_tokens", of: source, file: file) else {
      throw .tokenizerFile(file, key: "added_tokens", requirement: "a list")
    }
    let tokens = zip(contents, ids).map { "{\"id\":\($1),\(members($0))}" }
    do { return source.replacing([try source.appending(tokens, to: place)]) } catch {
      throw TokenizerReader.malformed(file, error)
    }
  }

  /// tokenizer_config.json with the two tokens in its list of added tokens, if it has one, and among the special ones.
  ///
  /// A list `extra_special_tokens` is that of transformers 5, which then reads no other; `additional_special_tokens` is
  /// read by versions 4 and 5, so it is the one that is made where there is none.
  static func settings(
    _ source: JSONSource, contents: [String], ids: [Int]
  ) throws(ExtensionError) -> [UInt8] {
    let file = TokenizerReader.settings
    let quoted = contents.map { JSONSource.quoted($0) }
    var changes: [(place: Range<Int>, text: String)] = []
    var new: [(key: String, json: String)] = []
    do throws(JSONError) {
      let parts = try source.members(source.root) ?? []
      if let decoder = parts.first(where: { $0.key == "added_tokens_decoder" }) {
        let tokens = zip(contents, ids).map { "\"\($1)\": {\(members($0))}" }
        changes.append(try source.appending(tokens, to: decoder.value))
      }
      let lists = ["extra_special_tokens", "additional_special_tokens"]
      let list = lists.compactMap { name in
        parts.first { $0.key == name && source.text[$0.value.lowerBound] == UInt8(ascii: "[") }
      }.first
      if let list {
        changes.append(try source.appending(quoted, to: list.value))
      } else {
        new = [("additional_special_tokens", "[\(quoted.joined(separator: ", "))]")]
      }
    } catch { throw TokenizerReader.malformed(file, error) }
    return try changed(source, file: file, setting: new, changes: changes)
  }

  /// The members that tokenizers write for an added token: it is found anywhere, as it is written, and is special.
  private static func members(_ content: String) -> String {
    "\"content\":\(JSONSource.quoted(content)),\"single_word\":false,\"lstrip\":false,\"rstrip\":false,"
      + "\"normalized\":false,\"special\":true"
  }

  /// A text with members of its object set to a value, in their place or else at the end, and with other changes.
  private static func changed(
    _ source: JSONSource, file: String, setting: [(key: String, json: String)],
    changes: [(place: Range<Int>, text: String)]
  ) throws(ExtensionError) -> [UInt8] {
    var changes = changes
    do throws(JSONError) {
      let parts = try source.members(source.root) ?? []
      for (key, json) in setting {
        if let part = parts.first(where: { $0.key == key }) {
          changes.append((part.value, json))
        } else {
          changes.append(try source.appending(["\(JSONSource.quoted(key)): \(json)"], to: source.root))
        }
      }
    } catch { throw TokenizerReader.malformed(file, error) }
    return source.replacing(changes)
  }
}
