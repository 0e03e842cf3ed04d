// The option parser: `--name value` and `--name=value`, strict, without abbreviations.

import LoMAVectors

/// A mistake in a command line, described on one line.
struct UsageError: Error, Equatable {
  let line: String
}

/// The values of an option that is on or off.
enum YesOrNo: String, CaseIterable {
  case yes, no
}

/// The options of a command line, in the order given.
struct Arguments {
  struct Option: Hashable {
    /// The name with its two hyphens.
    let name: String
    /// Whether it may be given more than once.
    let repeats: Bool
  }

  /// Names and values, in the order given.
  let given: [(name: String, value: String)]

  /// Parses words as options, each with a value.
  init(_ words: [String], options: [Option]) throws(UsageError) {
    var given: [(name: String, value: String)] = []
    var rest = words[...]
    while let word = rest.popFirst() {
      guard word.hasPrefix("--"), word != "--" else { throw UsageError(line: "unexpected argument \(word)") }
      let halves = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(halves[0])
      guard let option = options.first(where: { $0.name == name }) else {
        throw UsageError(line: "unknown option \(name)" + Suggestion.text(for: name, among: options.map { $0.name }))
      }
      guard option.repeats || !given.contains(where: { $0.name == name }) else {
        throw UsageError(line: "option \(name) is given twice")
      }
      if halves.count == 2 {
        given.append((name, String(halves[1])))
      } else if let value = rest.first, !value.hasPrefix("--") {
        given.append((name, value))
        rest.removeFirst()
      } else {
        throw UsageError(line: "option \(name) needs a value")
      }
    }
    self.given = given
  }

  /// The value of an option given at most once, or nil.
  subscript(name: String) -> String? { given.first { $0.name == name }?.value }

  /// All values of an option.
  func values(_ name: String) -> [String] { given.filter { $0.name == name }.map { $0.value } }

  /// The integer value of an option; nil if it is not given.
  func integer(_ name: String) throws(UsageError) -> Int? {
    guard let value = self[name] else { return nil }
    return try Arguments.integer(value, of: name)
  }

  /// A decimal integer, optionally with a minus sign.
  static func integer(_ text: String, of name: String) throws(UsageError) -> Int {
    let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
      throw UsageError(line: "option \(name) takes an integer, not '\(text)'")
    }
    guard let value = Int(text) else {
      throw UsageError(line: "option \(name): \(text) is too large for an integer of this machine")
    }
    return value
  }

  /// Integers separated by commas; an empty text is an empty list.
  static func integers(_ text: String, of name: String) throws(UsageError) -> [Int] {
    guard !text.isEmpty else { return [] }
    var integers: [Int] = []
    for item in text.split(separator: ",", omittingEmptySubsequences: false) {
      integers.append(try integer(String(item), of: name))
    }
    return integers
  }

  /// The value of an option that takes one of a few words; `standard` if it is not given.
  func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, otherwise standard: Choice
  ) throws(UsageError) -> Choice where Choice.RawValue == String {
    guard let value = self[name] else { return standard }
    return try Arguments.choice(value, of: name)
  }

  /// Parses an operation of some parts, the value of `--op`; if it is none, lists those of the first part.
  static func operation(_ text: String, of parts: [Part]) throws(UsageError) -> Operation {
    let operations = parts.map { Operation.all(of: $0) }
    guard let operation = operations.joined().first(where: { $0.rawValue == text }) else {
      let words = (operations.first ?? []).map(\.rawValue)
      throw UsageError(
        line: "option --op takes one of \(words.joined(separator: ", ")), not '\(text)'"
          + Suggestion.text(for: text, among: operations.joined().map(\.rawValue)))
    }
    return operation
  }

  /// Parses one of a few words.
  static func choice<Choice: RawRepresentable & CaseIterable>(
    _ text: String, of name: String
  ) throws(UsageError) -> Choice where Choice.RawValue == String {
    try choice(text, among: Array(Choice.allCases), of: name)
  }

  /// Parses one of some words.
  static func choice<Choice: RawRepresentable>(
    _ text: String, among choices: [Choice], of name: String
  ) throws(UsageError) -> Choice where Choice.RawValue == String {
    guard let choice = choices.first(where: { $0.rawValue == text }) else {
      let words = choices.map { $0.rawValue }
      throw UsageError(
        line: "option \(name) takes one of \(words.joined(separator: ", ")), not '\(text)'"
          + Suggestion.text(for: text, among: words))
    }
    return choice
  }
}
