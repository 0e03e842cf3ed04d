// The options of commands that run compressed context memory (`--method ccm`) on a model.

import LoMAModels
import LoMAPeers

/// The model of `--model DIR` with its adapter, read from a command line.
enum ContextOptions {
  static let names = ["--model", "--memory-tokens", "--beginning-token", "--profile", "--rate", "--threads"]

  static let help = """
      --model DIR              config.json with its tensors, and a PEFT directory adapter (CCM-22)
      --memory-tokens N        memory tokens after each context segment
      --beginning-token ID     the id of the beginning token; it matters under sink=on
      --profile NAME           base, or axis=value,axis=value… over memory, recurrence, sink and merge_rate
      --rate A                 with merge_rate=exponential: the share of a segment, 0 < A ≤ 1
      --threads N              default all processors; the result does not depend on it
      --segments L,L,…         cuts the one text that is given into segments of these lengths

    """

  static func load(_ arguments: Arguments) throws -> ContextCheckpoint {
    guard let directory = arguments["--model"] else { throw UsageError(line: "option --model is required") }
    let profile = try arguments["--profile"].map { try ContextProfile(name: $0) } ?? .base
    let choices = ContextChoices(
      memoryTokens: try arguments.required("--memory-tokens"), textVocabulary: nil,
      beginningToken: try beginningToken(arguments), profile: profile, rate: try rate(arguments, profile))
    return try ContextCheckpoint(directory: directory, choices: choices)
  }

  /// BOS; −1 is none, as in a request (CCM-30).
  static func beginningToken(_ arguments: Arguments) throws(UsageError) -> Int? {
    let token = try arguments.integer("--beginning-token")
    return token == -1 ? nil : token
  }

  /// a, for a profile that reads it.
  static func rate(_ arguments: Arguments, _ profile: ContextProfile) throws(UsageError) -> Double? {
    guard arguments["--rate"] != nil else { return nil }
    guard profile.canonical.mergeRate == .exponential else {
      throw UsageError(line: "option --rate needs --profile memory=merge,merge_rate=exponential")
    }
    return try arguments.number("--rate")
  }

  /// The segments given by `--tokens`, `--string` and `--file`, in order, or by `--segments` out of one text.
  static func segments(_ arguments: Arguments, _ model: ContextCheckpoint) throws -> [[Int]] {
    let texts = try ModelOptions.texts(arguments, model)
    guard let value = arguments["--segments"] else { return texts }
    let lengths = try Arguments.integers(value, of: "--segments")
    guard texts.count == 1 else { throw UsageError(line: "option --segments cuts one text, not \(texts.count)") }
    return try parts(of: texts[0], lengths, option: "--segments", what: "tokens")
  }

  /// The texts of a batch: segments put together by `--texts`, all of them one text if it is not given.
  static func texts(_ arguments: Arguments, _ model: ContextCheckpoint) throws -> [ContextText] {
    let segments = try segments(arguments, model)
    let counts = try arguments["--texts"].map { try Arguments.integers($0, of: "--texts") } ?? [segments.count]
    let texts = try parts(of: segments, counts, option: "--texts", what: "segments")
    let outputs = try arguments["--outputs"].map { try Arguments.integers($0, of: "--outputs") }
    guard outputs == nil || outputs?.count == texts.count else {
      throw UsageError(line: "option --outputs takes one length a text, \(texts.count) in all")
    }
    return texts.enumerated().map { index, segments in
      ContextText(segments: segments, outputLength: outputs?[index] ?? 0)
    }
  }

  /// A list cut into parts of these lengths, which must be all of it.
  private static func parts<Element>(
    of list: [Element], _ lengths: [Int], option: String, what: String
  ) throws(UsageError) -> [[Element]] {
    var (parts, rest): ([[Element]], ArraySlice<Element>) = ([], list[...])
    for length in lengths {
      guard length >= 1, length <= rest.count else {
        throw UsageError(line: "option \(option) takes lengths above 0 that add up to the \(list.count) \(what)")
      }
      parts.append(Array(rest.prefix(length)))
      rest = rest.dropFirst(length)
    }
    guard rest.isEmpty else {
      throw UsageError(line: "option \(option) takes lengths above 0 that add up to the \(list.count) \(what)")
    }
    return parts
  }
}
