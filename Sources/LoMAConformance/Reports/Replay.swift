// RUN-25: the command that asks one unit of a run again.

import LoMAJudgement

extension RunHeader {
  /// The command that asks a unit again; the user replaces `DIR`.
  func replay(_ result: CaseResult) -> String { replay(id: result.id) + dtypeOption(result.dtype) + replayEnd }

  /// The command up to the id. A fresh case is drawn again from its seed.
  func replay(id: String) -> String {
    let fresh = ["fresh", "cases"].compactMap { name in
      filters[name]?.stringValue.map { "--\(name) \($0.shellWord) " }
    }
    return "loma conform \(fresh.joined())--only \(id.shellWord)"
  }

  /// Empty for a unit without numbers: `--dtype` chooses among types of numbers.
  private func dtypeOption(_ dtype: String) -> String { dtype == "i64" ? "" : " --dtype \(dtype.shellWord)" }

  /// The part of the command after the element type.
  var replayEnd: String {
    let command = candidate.command.map { $0.shellWord }.joined(separator: " ")
    return " --keep DIR -- \(command.isEmpty ? "COMMAND" : command)"
  }
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
