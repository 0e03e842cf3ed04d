// The options shared by all commands that take a model directory.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import LoMAModels
import LoMAVectors
import NaiveLlama

/// The model of `--model DIR` and its parameters, read from a command line.
enum ModelOptions {
  static let names = [
    "--model", "--c", "--t", "--vocabulary", "--memory-token", "--repetition-token", "--profile", "--threads",
  ]

  static let textNames = ["--tokens", "--string", "--file"]

  static let help = """
      --model DIR              config.json with model.safetensors, or with shards and their index
                               The next six options override the loma object of config.json:
      --c C                    compression ratio: text tokens per memory token
      --t T                    memory length: memory tokens per chunk; a chunk has L = T·C text tokens
      --vocabulary V           text ids are 0..<V
      --memory-token ID        the id of <m>, default V
      --repetition-token ID    the id of <r>, default V + 1
      --profile NAME           base, or axis=value,axis=value…; loma explain --show profiles lists them
      --threads N              default all processors; the result does not depend on it

    """

  static func load(_ arguments: Arguments) throws -> LoadedModel {
    guard let directory = arguments["--model"] else { throw UsageError(line: "option --model is required") }
    return try load(arguments, directory: directory)
  }

  /// The model of a directory, with the other options.
  static func load(_ arguments: Arguments, directory: String) throws -> LoadedModel {
    var choices = LoMAChoices()
    choices.c = try arguments.integer("--c")
    choices.t = try arguments.integer("--t")
    choices.textVocabulary = try arguments.integer("--vocabulary")
    choices.memoryToken = try arguments.integer("--memory-token")
    choices.repetitionToken = try arguments.integer("--repetition-token")
    if let name = arguments["--profile"] { try choices.choose(profile: name) }
    do throws(CheckpointError) { return try LoadedModel(directory: directory, choices: choices) } catch {
      guard case .model(.missingConfiguration(let key)) = error, key.hasPrefix("loma.") else { throw error }
      throw NotExtended(key: key, directory: directory)
    }
  }

  /// The number of processors.
  static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  static func threads(_ arguments: Arguments) throws -> Int {
    let threads = try arguments.integer("--threads") ?? processors
    guard (1...1024).contains(threads) else {
      throw UsageError(line: "option --threads takes 1...1024, not \(threads)")
    }
    return threads
  }

  /// The texts given by `--tokens`, `--string` (its UTF-8) and `--file` (its bytes), in order.
  static func texts(_ arguments: Arguments, _ model: some TextVocabulary) throws -> [[Int]] {
    var texts: [[Int]] = []
    for (name, value) in arguments.given {
      switch name {
      case "--tokens": texts.append(try Arguments.integers(value, of: name))
      case "--string": texts.append(try model.tokens(of: value))
      case "--file": texts.append(try model.tokens(ofFile: value))
      default: continue
      }
    }
    guard !texts.isEmpty else { throw UsageError(line: "a text is required: --tokens, --string or --file") }
    return texts
  }
}

/// A model whose config.json does not say which ids `<m>` and `<r>` have, or what c and t are.
struct NotExtended: Error, CustomStringConvertible {
  /// What is missing, as a path of keys.
  let key: String
  let directory: String

  var description: String {
    let option =
      switch key {
      case "loma.compression_ratio": "--c"
      case "loma.memory_length": "--t"
      default: "--vocabulary"
      }
    return
      "\(ModelError.missingConfiguration(key: key)): \(directory.onOneLine) says nothing of LoMA; run loma extend first, "
      + "which makes a copy with rows for <m> and <r>, or give \(option) if it has them"
  }
}
