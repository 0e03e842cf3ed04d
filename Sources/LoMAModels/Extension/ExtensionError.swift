// PAR-5: why a checkpoint cannot be extended, and because of which file.

import LoMA
import LoMAVectors
import NaiveLlama

/// Why a checkpoint directory is not extended; then nothing is written.
package enum ExtensionError: Error, Equatable, Sendable {
  /// The checkpoint itself, what is asked of it, or writing a file.
  case checkpoint(CheckpointError)
  /// A file of the tokenizer does not have the form that is read here.
  case tokenizerFile(String, key: String, requirement: String)
  /// A tokenizer gives a token another id than its file says, as happens behind a gap.
  case renumberedToken(file: String, content: String, id: Int, given: Int)
  /// The id that a tokenizer gives to the next token is taken, or leaves a gap.
  case nextToken(file: String, given: Int, size: Int)
  /// Two files of a tokenizer end at different ids, so that which tokens there are depends on who reads them.
  case tokenizerFilesDisagree(size: Int, file: String, otherSize: Int)
  /// A special token is named that no file gives an id, so a library would give it the next free one.
  case unlistedToken(file: String, key: String, content: String)
  /// There are vocabulary files but neither tokenizer.json nor a list of added tokens.
  case noListOfTokens
  /// The model has fewer rows than its tokenizer has ids.
  case tokenizerBeyondVocabulary(tokens: Int, vocabulary: Int)
  /// Contents are asked for, but the checkpoint has no tokenizer.
  case noTokenizer(directory: String)
  /// The contents are not two different texts that a tokenizer can look for.
  case contents(String)
  /// The rows to copy are not those of two tokens.
  case rows([Int])
  /// The tokenizer has a token of this content already.
  case knownContent(String, id: Int)
  /// What was written does not read as it should.
  case notAsWritten(String)
}

extension ExtensionError {
  init(_ error: ModelError) { self = .checkpoint(.model(error)) }
  init(_ error: FileError) { self = .checkpoint(.file(error)) }
  init(_ error: InputError) { self = .checkpoint(.reference(.rejected(error))) }
}

extension ExtensionError: CustomStringConvertible {
  /// The reason on one line, with the file and the value.
  package var description: String {
    switch self {
    case .checkpoint(let error): error.description
    case .tokenizerFile(let file, let key, let requirement):
      "malformed-tokenizer: \(file): \(key) must be \(requirement)"
    case .renumberedToken(let file, let content, let id, let given):
      "tokenizer-renumbers: \(file) says that \(JSONSource.quoted(content)) is \(id), but a tokenizer gives it \(given)"
    case .nextToken(let file, let given, let size):
      "tokenizer-gap: a tokenizer of \(file) gives the next token the id \(given), not \(size), the first free one"
    case .tokenizerFilesDisagree(let size, let file, let other):
      "tokenizer-files-disagree: tokenizer.json has ids 0..<\(size), \(file) 0..<\(other)"
    case .unlistedToken(let file, let key, let content):
      "unlisted-token: \(file): \(key) is \(JSONSource.quoted(content)), to which the tokenizer gives no id"
    case .noListOfTokens:
      "slow-tokenizer: neither tokenizer.json nor added_tokens_decoder in tokenizer_config.json; transformers' "
        + "save_pretrained writes them"
    case .tokenizerBeyondVocabulary(let tokens, let vocabulary):
      "tokenizer-beyond-vocabulary: the tokenizer has ids 0..<\(tokens), the model only 0..<\(vocabulary)"
    case .noTokenizer(let directory): "no-tokenizer: \(directory) has no file of a tokenizer that could hold the tokens"
    case .contents(let text):
      "token-contents: \(JSONSource.quoted(text)) is not two different contents, such as <m>,<r>, without white space"
    case .rows(let ids): "rows: \(ids.map(String.init).joined(separator: ",")) is not two different ids"
    case .knownContent(let content, let id):
      "known-token: the tokenizer has \(JSONSource.quoted(content)) already: id \(id)"
    case .notAsWritten(let what): "not-as-written: \(what)"
    }
  }
}
