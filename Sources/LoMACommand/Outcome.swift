// The output and exit code of a command as a value: tests call commands in process, `main` writes the outcome.

import LoMAConformance
import LoMAJudgement
import LoMASuite

/// What a command knows of its environment.
struct Environment {
  /// Whether standard output is a terminal.
  let isTerminal: Bool
  /// Whether NO_COLOR is set and not empty, or the terminal knows no colours.
  let refusesColour: Bool
  /// The value of LOMA_VECTORS, if it is set.
  var vectors: String?
  /// What LOMA_PROJECT says, where it is set.
  var project: String?
  /// What LOMA_MODEL says, where it is set: the model of lessons.
  var lessonModel: String?
  /// The folder that relative paths start from.
  var folder = VectorsFolder.currentFolder
  /// The folder of this program.
  var program = VectorsFolder.programFolder
  /// Shows one line of progress to the user; does nothing if there is no terminal.
  var report: @Sendable (String) -> Void = { _ in }
  /// Shows lines that a user should read while a long run goes on, terminal or not; they are no part of its output.
  var announce: @Sendable (String) -> Void = { _ in }
  /// Notes one line on how a long run goes, where nobody watches; does nothing at a terminal.
  var note: @Sendable (String) -> Void = { _ in }
  /// The value of PATH, in which candidates' commands are looked up.
  var path = "/usr/bin:/bin"
  /// Makes SIGINT and SIGTERM set a flag instead of ending the program.
  var listenForInterruption: @Sendable () -> Void = {}
}

/// The result of a command.
struct Outcome: Equatable {
  /// The text for standard output, or for `path`.
  var output = ""
  /// The file to write the output to instead.
  var path: String?
  /// One line for standard error, without its line break; nil if nothing went wrong.
  var complaint: String?
  var exitCode = ExitCode.fine

  /// One line on standard error and exit code 2; line breaks and other control characters in it are escaped.
  static func rejected(_ complaint: String) -> Outcome {
    Outcome(complaint: line(complaint), exitCode: .rejected)
  }

  /// A complaint as one line of standard error.
  static func line(_ complaint: String) -> String { "loma: " + complaint.whole }
}

/// The exit codes of the commands.
enum ExitCode: Int32, CaseIterable {
  /// Everything asked for was done.
  case fine = 0
  /// A candidate does not conform.
  case notConformant = 1
  /// The arguments or the input are wrong, or the output cannot be written.
  case rejected = 2
  /// A candidate cannot be started, or does not introduce itself.
  case candidateUnusable = 3
  /// The vectors are damaged, incomplete, not what recording them again gives, or none is selected.
  case vectorsDamaged = 4
  /// A fault of the runner.
  case fault = 5
  /// The run was interrupted.
  case interrupted = 130

  /// The description in `loma help exit-codes`.
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

/// Runs the command named by the first argument.
func run(_ arguments: [String], in environment: Environment) -> Outcome {
  let rest = Array(arguments.dropFirst())
  switch arguments.first {
  case nil: return help([])
  case "help", "--help", "-h": return help(rest)
  case "--version", "version": return version(rest)
  case .some(let name):
    guard let command = Command.all.first(where: { $0.name == name }) else {
      let near = Suggestion.text(for: name, among: Command.all.map { $0.name })
      return .rejected("no command is named \(name)\(near); loma help lists them")
    }
    // The words after -- belong to the candidate's command.
    guard !rest.prefix(while: { $0 != "--" }).contains("--help") else { return Outcome(output: command.help) }
    do { return try command.run(rest, environment) } catch let error as UsageError {
      return .rejected("\(name): \(error.line); see loma \(name) --help")
    } catch let error as CorpusError {
      return .damaged("\(error)")
    } catch {
      return .rejected("\(error)")  // The description of a typed error is one line with its code and numbers.
    }
  }
}
