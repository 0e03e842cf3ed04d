// RUN-2, RUN-5: what a candidate declares, and which questions it is therefore not asked.

import LoMAJudgement
import LoMAVectors

/// The answer to a hello.
package struct Declaration: Equatable, Sendable {
  /// The profiles a candidate supports.
  package enum Profiles: Equatable, Sendable {
    /// All of them.
    case any
    /// These profiles; each is the axes that differ from `base`.
    case these([[String: String]])
  }

  package let name: String
  package let version: String
  /// The operations it supports.
  package let ops: [String]
  /// The element types in which it answers numbers.
  package let dtypes: [String]
  package let profiles: Profiles
  /// The families whose models it computes beside the plain Llama; words that no family has are left out.
  package let families: [CaseFamily]
  /// Whether it returns intermediates.
  package let captures: Bool

  /// The maximum length of a name.
  static let nameLimit = 200
  /// The maximum number of entries in a list.
  static let listLimit = 1000

  /// Parses the declaration in this object.
  package init(_ object: JSONObject) throws(ReplyError) {
    guard object["protocol"] == .integer(ConversationProtocol.version) else {
      throw .member("protocol", must: "\(ConversationProtocol.version)")
    }
    name = try ReplyLine.word("name", of: object, limit: Declaration.nameLimit)
    version = try ReplyLine.word("version", of: object, limit: Declaration.nameLimit)
    ops = try Declaration.words("ops", of: object)
    dtypes = try Declaration.words("dtypes", of: object)
    if let unknown = dtypes.first(where: { NumberType(rawValue: $0) == nil }) {
      throw .member("dtypes", must: "of f64, f32, bf16, f16, not \(unknown.prefix(20).debugDescription)")
    }
    switch object["profiles"] {
    case nil: profiles = .these([[:]])
    case .string("any"): profiles = .any
    case .array(let values) where values.count <= Declaration.listLimit:
      var these: [[String: String]] = []
      for value in values { these.append(try Declaration.axes(value)) }
      profiles = .these(these)
    case _: throw .member("profiles", must: "\"any\" or a list of objects")
    }
    families =
      object["families"] == nil
      ? [] : try Declaration.words("families", of: object).compactMap { CaseFamily(rawValue: $0) }
    switch object["captures"] {
    case nil: captures = false
    case .boolean(let value): captures = value
    case _: throw .member("captures", must: "true or false")
    }
  }

  /// The reason to skip this question, or nil. A question with `dtype` i64 needs no declared type.
  ///
  /// A rejection case is asked in any profile, because its profile may be what must be rejected.
  package func refusal(of question: Question, isRejection: Bool) -> String? {
    if !ops.contains(question.op.rawValue) { return "not declared: operation \(question.op.rawValue)" }
    if question.dtype != "i64", !dtypes.contains(question.dtype) { return "not declared: dtype \(question.dtype)" }
    if let family = question.family, !families.contains(family) { return "not declared: family \(family.rawValue)" }
    guard !isRejection, case .these(let these) = profiles else { return nil }
    let asked = Dictionary(
      question.profile.members.map { ($0.key, $0.value.stringValue ?? "") }, uniquingKeysWith: { first, _ in first })
    if these.contains(asked) { return nil }
    let words = asked.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    return "not declared: profile \(words.isEmpty ? "base" : words)"
  }

  private static func words(_ name: String, of object: JSONObject) throws(ReplyError) -> [String] {
    guard let values = object[name]?.arrayValue, values.count <= listLimit else {
      throw .member(name, must: "a list of strings")
    }
    var words: [String] = []
    for value in values {
      guard let word = value.stringValue, word.unicodeScalars.count <= nameLimit else {
        throw .member(name, must: "a list of strings")
      }
      words.append(word)
    }
    return words
  }

  private static func axes(_ value: JSONValue) throws(ReplyError) -> [String: String] {
    guard let members = value.objectValue?.members, members.count <= listLimit else {
      throw .member("profiles", must: "\"any\" or a list of objects")
    }
    var axes: [String: String] = [:]
    for member in members {
      guard let word = member.value.stringValue else { throw .member("profiles", must: "of axes and words") }
      axes[member.key] = word
    }
    return axes
  }
}

extension CandidateRecord {
  /// The record of a candidate: its declaration, the words of its command, and the digests of those that name files.
  ///
  /// Operations of another part than the run's are left out: they are not asked, and say nothing of it.
  package init(_ declaration: Declaration, part: Part, command: [String], digests: [String?] = []) {
    let profiles: JSONValue =
      switch declaration.profiles {
      case .any: .string("any")
      case .these(let these):
        .array(
          these.map { axes in
            .members(axes.sorted { $0.key < $1.key }.map { JSONObject.Member($0.key, .string($0.value)) })
          })
      }
    self.init(
      command: command, digests: digests, name: declaration.name, version: declaration.version,
      ops: declaration.ops.filter { LoMAVectors.Operation(rawValue: $0).map { $0.part == part } ?? true },
      dtypes: declaration.dtypes, profiles: profiles,
      families: declaration.families.map(\.rawValue), captures: declaration.captures)
  }
}
