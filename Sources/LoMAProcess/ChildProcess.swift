// RUN-1, RUN-8, RUN-9: a candidate's process; neither writing to it nor reading from it can block the runner.

import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What ended a wait for a line.
package enum ChildEvent: Equatable {
  /// A line of standard output, without its line break.
  case line([UInt8])
  /// A line longer than the limit.
  case lineTooLong
  /// The process has ended, and all its output has been read.
  case ended
  /// The process is alive but closed its standard output.
  case outputClosed
  case deadline
  /// It and its descendants exceed the memory limit.
  case memory(bytes: Int)
  /// The runner was asked to stop.
  case interrupted
}

/// A child process, its pipes and its descendants. The caller that starts one must call `end`.
package struct ChildProcess: ~Copyable {
  /// How long to wait for output before checking the process, its memory and the runner's interruption again.
  private static let slice = Duration.milliseconds(50)
  /// How often to look for descendants while the process itself holds little memory.
  private static let familySlice = Duration.seconds(1)
  /// How long a process may take to exit after it closed its standard output.
  private static let closingTime = Duration.seconds(1)

  package let id: pid_t
  let memoryLimit: Int
  package var pipes: ChildPipes
  private(set) var family: ProcessFamily
  private var nextLook: SuspendingClock.Instant
  private var nextFamilyLook: SuspendingClock.Instant

  /// Starts an executable in a folder, with these variables added to the environment; lines have at most `lineLimit`
  /// bytes.
  package init(
    _ executable: String, _ arguments: [String], variables: [(name: String, value: String)], folder: String,
    memoryLimit: Int, lineLimit: Int
  ) throws(SystemError) {
    let mark = "LOMA_CANDIDATE=\(getpid())-\(UInt64.random(in: .min ... .max))"
    let own = ["PWD=" + folder] + variables.map { $0.name + "=" + $0.value } + [mark]
    let replaced = (["PWD"] + variables.map(\.name) + ["LOMA_CANDIDATE"]).map {
      Array(($0 + "=").utf8CString.dropLast())
    }
    let environment =
      SystemCalls.environment.filter { entry in !replaced.contains { entry.starts(with: $0) } }
      + own.map { Array($0.utf8CString) }
    let spawned = try Descendants.start { () throws(SystemError) in
      try SpawnedProcess(executable, arguments, environment: environment, folder: folder)
    }
    id = spawned.id
    pipes = ChildPipes(spawned, lineLimit: lineLimit)
    family = ProcessFamily(leader: spawned.id, mark: mark)
    self.memoryLimit = memoryLimit
    nextLook = SuspendingClock.now + ChildProcess.slice
    nextFamilyLook = nextLook
  }

  /// Waits for the next line; meanwhile writes what is pending and reads what arrives.
  package mutating func next(until deadline: SuspendingClock.Instant, isInterrupted: () -> Bool) -> ChildEvent {
    var closedSince: SuspendingClock.Instant?
    var hasEnded = false
    while true {
      if let line = pipes.line() { return .line(line) }
      if pipes.lineIsTooLong { return .lineTooLong }
      let now = SuspendingClock.now
      if now >= deadline { return .deadline }
      if pipes.outputIsClosed, closedSince == nil { closedSince = now }
      if now >= nextLook || closedSince != nil {
        if isInterrupted() { return .interrupted }
        if now >= nextLook {
          nextLook = now + ChildProcess.slice
          if let bytes = excess() { return .memory(bytes: bytes) }
        }
        hasEnded = hasEnded || ChildProcess.hasEnded(id)
      }
      if hasEnded, pipes.outputIsClosed { return .ended }
      if let closedSince, now - closedSince > ChildProcess.closingTime { return .outputClosed }
      let wait = hasEnded ? .zero : closedSince == nil ? min(deadline - now, nextLook - now) : .milliseconds(1)
      let readable = pipes.exchange(atMost: wait)
      // A descendant may hold the pipe open forever, but what the ended process wrote can be read at once.
      if hasEnded, !readable { pipes.finishOutput() }
    }
  }

  /// The memory of the process and its descendants if it exceeds the limit, else nil.
  private mutating func excess() -> Int? {
    let (own, now) = (ProcessTable.residentBytes(id), SuspendingClock.now)
    guard own > memoryLimit / 4 || now >= nextFamilyLook else { return nil }
    nextFamilyLook = now + ChildProcess.familySlice
    let members = ProcessTable().members(of: Descendants.amongOthers(family))
    family.known.formUnion(members.map { $0.id })
    // Measuring shared pages is slow, so it is done only if the sum with shared pages counted repeatedly is too large.
    guard members.reduce(0, { $0 + $1.residentBytes }) > memoryLimit else { return nil }
    let bytes = ProcessTable.proportionalBytes(members)
    return bytes > memoryLimit ? bytes : nil
  }

  /// Whether a child has ended; it is not reaped here, so that its number still names its group.
  static func hasEnded(_ id: pid_t) -> Bool {
    var information = siginfo_t()
    return waitid(P_PID, id_t(id), &information, WEXITED | WNOHANG | WNOWAIT) == 0 && information.si_signo == SIGCHLD
  }
}

/// How a process ended.
package enum ChildEnding: Equatable {
  case exit(code: Int32)
  case signal(Int32)
  /// It was killed and did not end, or its exit status was not ours to collect.
  case lost(pid_t)

  /// From the status of `waitpid`.
  init(status: Int32) {
    let signal = status & 0x7f
    self = signal == 0 ? .exit(code: status >> 8 & 0xff) : .signal(signal)
  }

  package var description: String {
    switch self {
    case .exit(let code): "it ended with exit code \(code)"
    case .lost(let id): "it was killed, and process \(id) could not be reaped"
    case .signal(let signal): "it was ended by signal \(signal) (\(String(cString: strsignal(signal))))"
    }
  }
}
