// `loma help` and `loma --version`: the list of commands, the exit codes, the versions.

import LoMAAnswers
import LoMAVectors

func help(_ topics: [String]) -> Outcome {
  if topics.isEmpty { return Outcome(output: overview) }
  if topics == ["exit-codes"] {
    return Outcome(output: ExitCode.allCases.map { "\($0.rawValue)  \($0.meaning)\n" }.joined())
  }
  if topics.count == 1, let command = Command.all.first(where: { $0.name == topics[0] }) {
    return Outcome(output: command.help)
  }
  let names = (Command.all.map(\.name) + ["exit-codes"]).joined(separator: ", ")
  return .rejected("help has no topic \(topics.joined(separator: " ")); its topics are \(names)")
}

func version(_ rest: [String]) -> Outcome {
  guard rest.isEmpty else { return .rejected("--version takes no argument, got \(rest.joined(separator: " "))") }
  return Outcome(output: "specification \(Versions.specification)\nsuite \(Versions.suite)\n")
}

/// The groups of the overview, by what the user works on; every command is in one of them.
let helpGroups: [(heading: String, names: [String])] = [
  (
    "Test a port",
    ["init", "conform", "list", "show", "compare", "vectors", "report", "requests", "judge"]
  ),
  ("Understand the paper", ["explain", "compute", "clause", "lesson", "reveal"]),
  (
    "Work with a model", ["train", "curve", "evaluate", "generate", "reconstruct", "recite", "look", "extend", "trace"]
  ),
  ("Use the command", ["completions", "manual"]),
  ("Maintain the suite", ["reference", "calibrate", "sensitivity", "sweep", "lossless", "budget"]),
]

private var overview: String {
  let width = 12
  let groups = helpGroups.map { group in
    let commands = group.names.compactMap { name in Command.all.first { $0.name == name } }
    let lines = commands.map { command in
      "  loma " + command.name.padded(to: width) + command.summary + "\n"
    }
    return group.heading + "\n" + lines.joined()
  }
  return """
    loma: Lossless Compressed Memory Attention, exactly

    \(groups.joined(separator: "\n"))
    loma COMMAND --help describes a command, loma help exit-codes the exit codes,
    loma --version prints the versions of the specification and of the suite.

    Try it: loma explain --c 2 --t 2 --text 9

    """
}
