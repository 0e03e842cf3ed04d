// What a command says and how it ends, as a value: tests call commands in process, `main` delivers.

import LoMAConformance
import LoMAJudgement
import LoMASuite

/// What a command may know of the outside.
struct Surroundings {
  /// Standard output is a terminal.
  let isTerminal: Bool
  /// NO_COLOR is set and not empty.
  let refusesColour: Bool
  /// What LOMA_VECTORS says, where it is set.
  var vectors: String?
  /// What LOMA_PROJECT says, where it is set.
  var project: String?
  /// The folder that paths begin at.
  var folder = VectorsFolder.currentFolder
  /// The folder of this program.
  var program = VectorsFolder.programFolder
  /// Takes one line of progress for a person; does nothing where no person watches.
  var report: @Sendable (String) -> Void = { _ in }
  /// The folders that commands are looked up in.
  var path = "/usr/bin:/bin"
  /// Has the wish of a person to stop taken note of, instead of ending the program.
  var listenForInterruption: @Sendable () -> Void = {}
}

/// How a command ended.
struct Outcome: Equatable {
  /// For standard output, or for `path`.
  var output = ""
  /// A file that takes the output instead.
  var path: String?
  /// One line for standard error, without its end; none where nothing went wrong.
  var complaint: String?
  /// What the process returns.
  var exitCode = ExitCode.fine

  /// One line on standard error and exit code 2; line breaks and other control characters in it are escaped.
  static func rejected(_ complaint: String) -> Outcome {
    Outcome(complaint: line(complaint), exitCode: .rejected)
  }

  /// A complaint as one line for standard error.
  static func line(_ complaint: String) -> String { "loma: " + complaint.whole }
}

/// Exit codes of present commands.
enum ExitCode: Int32, CaseIterable {
  /// Everything asked for was done.
  case fine = 0
  /// A candidate does not conform.
  case notConformant = 1
  /// The arguments or the input are wrong, or the output cannot be written.
  case rejected = 2
  /// A candidate cannot be started, or does not introduce itself.
  case candidateUnusable = 3
  /// The vectors are damaged, incomplete or not what recording gives.
  case vectorsDamaged = 4
  /// A fault of the runner.
  case fault = 5
  /// The run was interrupted.
  case interrupted = 130

  /// What `loma help exit-codes` says of it.
  var meaning: String {
    switch self {
    case .fine: "done"
    case .notConformant: "the candidate does not conform or passed nothing, or two files differ"
    case .candidateUnusable: "the candidate cannot be started, or does not introduce itself"
    case .vectorsDamaged:
      "the vectors are damaged, incomplete, not what recording them again gives, or none is selected"
    case .fault: "a fault of this program"
    case .interrupted: "interrupted; what was done until then is reported"
    case .rejected: "usage or input error, or the output cannot be written; one line on standard error says which"
    }
  }
}

/// Runs the command that the first argument names.
func run(_ arguments: [String], in surroundings: Surroundings) -> Outcome {
  let rest = Array(arguments.dropFirst())
  switch arguments.first {
  case nil: return help([])
  case "help", "--help", "-h": return help(rest)
  case "--version", "version": return version(rest)
  case .some(let name):
    guard let command = Command.all.first(where: { $0.name == name }) else {
      return .rejected("no command is named \(name); loma help lists them")
    }
    // Behind -- stands the command of a candidate.
    guard !rest.prefix(while: { $0 != "--" }).contains("--help") else { return Outcome(output: command.help) }
    do { return try command.run(rest, surroundings) } catch let error as UsageError {
      return .rejected("\(name): \(error.line); see loma \(name) --help")
    } catch let error as CorpusError {
      return .damaged(error)
    } catch {
      return .rejected("\(error)")  // A typed error: its description is one line, the code and the numbers.
    }
  }
}
