// RUN-25: the command that asks one unit of a run again, wherever it is printed.

import LoMAJudgement
import LoMAVectors

/// What a person types to see a unit again.
package struct Replay: Sendable {
  /// The options that say where its case is found, with their values; none if it is one of the vectors.
  let source: [String]
  /// The folder that keeps what was asked and answered; nil if nothing is kept.
  let keep: String?
  /// The candidate's; empty if it is not named.
  let command: [String]

  /// The command but for the unit.
  package init(source: [String], keep: String?, command: [String]) {
    self.source = source
    self.keep = keep
    self.command = command
  }

  /// The whole command for a unit.
  package func line(_ id: String, _ dtype: String) -> String {
    /// Empty for a unit without numbers: `--dtype` chooses among types of numbers.
    start(id) + (dtype == "i64" ? "" : " --dtype " + dtype.shellWord) + end
  }

  /// The command up to the id.
  func start(_ id: String) -> String { (["loma", "conform"] + source + ["--only", id]).shellLine }

  /// The part of the command after the element type.
  var end: String {
    (keep.map { " --keep " + $0.shellWord } ?? "") + (command.isEmpty ? "" : " -- " + command.shellLine)
  }
}

extension RunHeader {
  /// A fresh case is drawn again from its seed; `DIR`, and `COMMAND` if the file names none, are for a person to choose.
  var replay: Replay {
    if filters[Self.modelFilter] != nil {
      // OWN-8: a run on a model is asked again with all its options but those that choose units.
      let source = filters.members.filter { !Self.choices.contains($0.key) }.flatMap { member in
        ["--" + member.key, member.value.stringValue ?? ""]
      }
      return Replay(source: source, keep: nil, command: candidate.command.isEmpty ? ["COMMAND"] : candidate.command)
    }
    let fresh = ["fresh", "cases"].flatMap { name in filters[name]?.stringValue.map { ["--" + name, $0] } ?? [] }
    let vectors = part == .loma ? [] : ["--vectors", "Vectors/\(part.rawValue)"]
    return Replay(
      source: vectors + fresh, keep: "DIR", command: candidate.command.isEmpty ? ["COMMAND"] : candidate.command)
  }

  /// The part of the Spec that this run is about: its filters say so if it is not part I.
  package var part: Part { filters[Self.partFilter]?.stringValue.flatMap { Part(rawValue: $0) } ?? .loma }

  /// What the filters of a run on vectors of this part say of it; nothing of part I.
  package static func filters(of part: Part) -> [(name: String, value: String)] {
    part == .loma ? [] : [(partFilter, part.rawValue)]
  }

  private static let partFilter = "part"
  /// The filter that holds the folder of a run on a model of one's own.
  package static let modelFilter = "model"
  private static let choices: Set = ["dtype", "only"]

  /// The command for a unit of this run.
  package func again(_ result: CaseResult) -> String { replay(result) }

  /// The command for a unit of a run on a model, with other values of some of its options (OWN-9).
  package func again(
    _ id: String, _ dtype: String, with options: [(name: String, value: String)], without names: Set<String>
  ) -> String {
    let replaced = names.union(options.map(\.name))
    var other = self
    other.filters = JSONObject(filters.members.filter { !replaced.contains($0.key) })
    let source = other.replay.source + options.flatMap { ["--" + $0.name, $0.value] }
    return Replay(source: source, keep: nil, command: other.replay.command).line(id, dtype)
  }

  func replay(_ result: CaseResult) -> String { replay.line(result.id, result.dtype) }
}

extension [String] {
  /// Words as a shell takes them.
  package var shellLine: String { map { $0.shellWord }.joined(separator: " ") }
}

extension String {
  /// The text quoted as one word of a shell.
  package var shellWord: String {
    let isPlain =
      !isEmpty
      && unicodeScalars.allSatisfy { scalar in
        scalar.properties.isAlphabetic && scalar.isASCII || "0123456789./_-=,:+@%".unicodeScalars.contains(scalar)
      }
    return isPlain
      ? self : "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
  }
}
