// RUN-25: the command that asks one unit of a run again.

import LoMAJudgement

extension RunHeader {
  /// What a person types to see a unit again; `DIR` is for them to choose.
  func replay(_ result: CaseResult) -> String { replay(id: result.id) + dtypeOption(result.dtype) + replayEnd }

  /// The command up to the id. A fresh case is drawn again from its seed.
  func replay(id: String) -> String {
    let fresh = ["fresh", "cases"].compactMap { name in
      filters[name]?.stringValue.map { "--\(name) \($0.shellWord) " }
    }
    return "loma conform \(fresh.joined())--only \(id.shellWord)"
  }

  /// Nothing where a unit has no numbers: `--dtype` chooses among types of numbers.
  private func dtypeOption(_ dtype: String) -> String { dtype == "i64" ? "" : " --dtype \(dtype.shellWord)" }

  /// What stands behind the element type.
  var replayEnd: String {
    let command = candidate.command.map { $0.shellWord }.joined(separator: " ")
    return " --keep DIR -- \(command.isEmpty ? "COMMAND" : command)"
  }
}

extension String {
  /// A word as a shell takes it.
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
