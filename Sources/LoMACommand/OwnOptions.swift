// The options of `loma conform --model`: a port judged on a model of one's own (OWN-8).

import LoMAConformance
import LoMAJudgement
import LoMAModels
import LoMAOwnModel
import LoMAOwnRun
import LoMAVectors

let ownHelp = """
  loma conform --model DIR [option]… [-- COMMAND ARG…]

  The same on a model of your own, of which nobody recorded an answer: the reference runs it, also as ports that round as
  right ones do, and takes their errors for a yardstick (Spec/21-own.md). It says first what that costs, and which
  mistakes your model can show in which type. The last lines say how far the port is right, or what is wrong with it.

    --model DIR              config.json with its safetensors; loma extend gives a model rows for <m> and <r>
    --c C --t T --vocabulary V --memory-token ID --repetition-token ID
                             override the loma object of config.json
    --tokens I,I,… | --string TEXT | --file FILE
                             a text to ask about, at least two chunks and a token; default seeded ones
    --dtype TYPE,…           of f32, bf16, f16; default all of these that the candidate declares
    --name WHICH             looks for mistakes by name: none, axes (the axes' other values, swapped tokens and what a
                             port of the model's family gets wrong) or all, also other mutants; default axes
    --all-layers yes         asks every layer alone and every chunk back, instead of the first two, the middle one and
                             the last
    --tiles yes              asks also about a text that crosses the 128th key
    --seed N                 seeds texts and roundings, default 0
    --threads N              default all processors
    --timeout-factor F       the deadline of a question in units of 30 s, the first after a start three times as long;
                             default 5 min and 20 passes of the reference, which the run says before it asks
    --memory-limit GIB       default 8 GiB and 8 bytes for each parameter
    --only, --strict-stdout, --report, --resume, --keep: as above

  """

/// The parsed options of a run on a model.
struct OwnOptions {
  static let names =
    ModelOptions.names + ModelOptions.textNames + [
      "--dtype", "--name", "--all-layers", "--tiles", "--seed", "--only", "--timeout-factor", "--memory-limit",
      "--strict-stdout", "--report", "--resume", "--keep",
    ]

  /// The words after `--`; empty to run the reference.
  let command: [String]
  let arguments: Arguments
  let naming: OwnNaming
  let allLayers: Bool
  let crossesTiles: Bool
  let seed: UInt64
  /// The element types that are named, in the usual order; nil for all that a candidate declares.
  let types: [ElementType]?
  /// A pattern of units; nil for all.
  let only: String?
  let isStrict: Bool
  let timeFactor: Double?
  let memoryLimit: Int?

  /// Whether the words ask for a run on a model.
  static func isAsked(by words: [String]) -> Bool {
    words.prefix { $0 != "--" }.contains { $0 == "--model" || $0.hasPrefix("--model=") }
  }

  /// The options of `loma requests --model`, which starts no candidate.
  static let offlineNames = names.filter {
    !["--only", "--timeout-factor", "--memory-limit", "--strict-stdout", "--resume"].contains($0)
  }

  init(_ words: [String], names: [String] = OwnOptions.names) throws {
    let options = words.prefix { $0 != "--" }
    command = Array(words.dropFirst(options.count + 1))
    if command.isEmpty, options.count < words.count { throw UsageError(line: "a command is required after --") }
    for word in options {
      let name = String(word.prefix { $0 != "=" })
      guard ConformOptions.names.contains(name), !Self.names.contains(name) else { continue }
      throw UsageError(
        line: "option \(name) is for vectors and not for a model of one's own, where --only chooses units")
    }
    arguments = try Arguments(Array(options), options: names.map { .init(name: $0, repeats: false) })
    naming = try arguments.choice("--name", otherwise: .axes)
    let all: YesOrNo = try arguments.choice("--all-layers", otherwise: .no)
    let tiles: YesOrNo = try arguments.choice("--tiles", otherwise: .no)
    (allLayers, crossesTiles) = (all == .yes, tiles == .yes)
    let number = try arguments.integer("--seed") ?? 0
    guard number >= 0 else { throw UsageError(line: "option --seed takes a number of at least 0, not \(number)") }
    seed = UInt64(number)
    types = try arguments["--dtype"].map { list in
      var named: [ElementType] = []
      for word in list.split(separator: ",", omittingEmptySubsequences: false) {
        named.append(try Self.type(String(word)))
      }
      return OwnChoices.judgedTypes.filter { named.contains($0) }
    }
    only = arguments["--only"]
    let given = arguments.given.filter { ModelOptions.textNames.contains($0.name) }.map(\.name)
    if given.count > 1 { throw UsageError(line: "\(given[0]) and \(given[1]) exclude each other: one text is asked") }
    let strict: YesOrNo = try arguments.choice("--strict-stdout", otherwise: .no)
    isStrict = strict == .yes
    timeFactor = try ConformOptions.number("--timeout-factor", arguments, in: 0.001...1000)
    memoryLimit = try ConformOptions.number("--memory-limit", arguments, in: 0.001...65536).map {
      Int($0 * 1_073_741_824)
    }
  }

  private static func type(_ word: String) throws(UsageError) -> ElementType {
    guard let type = OwnChoices.judgedTypes.first(where: { $0.word == word }) else {
      let words = OwnChoices.judgedTypes.map(\.word)
      let why = OwnError.reason(word)
      throw UsageError(
        line: "option --dtype takes one of \(words.joined(separator: ", ")) for a model, not '\(word)'"
          + (why.isEmpty ? Suggestion.text(for: word, among: words) : why))
    }
    return type
  }

  /// What is chosen, with the text that is given in the model's token ids.
  func choices(_ model: LoadedModel) throws -> OwnChoices {
    let isGiven = arguments.given.contains { ModelOptions.textNames.contains($0.name) }
    let text = isGiven ? try ModelOptions.texts(arguments, model).first : nil
    return OwnChoices(
      types: types, naming: naming, text: text, crossesTiles: crossesTiles, allLayers: allLayers, seed: seed)
  }

  /// The given options that decide what is asked, as written in the header of the results.
  var filters: [(name: String, value: String)] {
    let deciding =
      ModelOptions.names.filter { $0 != "--threads" } + ModelOptions.textNames
      + ["--dtype", "--name", "--all-layers", "--tiles", "--seed", "--only"]
    return deciding.compactMap { name in arguments[name].map { (String(name.dropFirst(2)), $0) } }
  }
}
