// `loma`: runs the command given by the arguments, writes its output, and ends with its exit code.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import LoMAConformance
import LoMAExplanation
import LoMASuite

signal(SIGPIPE, SIG_IGN)  // A reader that closes the pipe early ends our output, not our process.

/// Shows progress on standard error, each line overwriting the one before.
@Sendable func showProgress(_ line: String) { complain("\r\u{1B}[K" + line) }

for place in 1..<max(1, Int(CommandLine.argc)) {
  // Swift would silently replace arguments that are not valid UTF-8.
  if let word = CommandLine.unsafeArgv[place], String(validatingCString: word) == nil {
    exit(deliver(.rejected("argument \(place) is not UTF-8: \(String(cString: word))")))
  }
}
// A dumb terminal shows escape sequences as they are.
let isDumb = getenv("TERM").map { String(cString: $0) == "dumb" } ?? false
let environment = Environment(
  isTerminal: isatty(STDOUT_FILENO) == 1,
  refusesColour: isDumb || (getenv("NO_COLOR").map { $0[0] != 0 } ?? false),
  vectors: getenv(VectorsFolder.variable).map { String(cString: $0) },
  project: getenv(ProjectFolder.variable).map { String(cString: $0) },
  lessonModel: getenv("LOMA_MODEL").map { String(cString: $0) },
  report: isatty(STDERR_FILENO) == 1 && !isDumb ? showProgress : { @Sendable _ in },
  announce: { complain((isatty(STDERR_FILENO) == 1 && !isDumb ? "\r\u{1B}[K" : "") + $0 + "\n") },
  note: isatty(STDERR_FILENO) == 1 && !isDumb ? { @Sendable _ in } : { @Sendable in complain($0 + "\n") },
  path: getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin", listenForInterruption: Interruption.listen)
let outcome = run(Array(CommandLine.arguments.dropFirst()), in: environment)
exit(deliver(outcome))
