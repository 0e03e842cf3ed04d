// RUN-1, RUN-8, RUN-9: a candidate's process: what is written to it and read from it, none of it ever waiting for it.

import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What ended a wait for a line.
enum ChildEvent: Equatable {
  /// A line of standard output, without its end.
  case line([UInt8])
  /// A line beyond the limit.
  case lineTooLong
  /// The process has ended, and everything that it wrote was taken.
  case ended
  /// The process lives, and its standard output is closed.
  case outputClosed
  /// The deadline passed.
  case deadline
  /// It and its descendants hold more memory than they may.
  case memory(bytes: Int)
  /// The runner is to stop.
  case interrupted
}

/// A child process, its pipes and its descendants. Whoever starts one calls `end`.
struct ChildProcess: ~Copyable {
  /// How long a wait lasts before it looks at the process, its memory and the runner's own interruption.
  private static let slice = Duration.milliseconds(50)
  /// How long a process may still end by itself after it closed its standard output.
  private static let closingTime = Duration.seconds(1)

  let id: pid_t
  /// Its mark in the environment, by which its descendants are known.
  let mark: String
  let memoryLimit: Int
  var pipes: ChildPipes
  private var nextLook: SuspendingClock.Instant

  /// Starts a command in a folder.
  init(_ command: CandidateCommand, folder: String, memoryLimit: Int) throws(SystemError) {
    let mark = "LOMA_CANDIDATE=\(getpid())-\(UInt64.random(in: .min ... .max))"
    var variables = ProcessInfo.processInfo.environment
    variables["PWD"] = folder
    variables[CandidateCommand.startFolderVariable] = command.startFolder
    variables["LOMA_CANDIDATE"] = nil
    let environment = variables.map { "\($0.key)=\($0.value)" } + [mark]
    let spawned = try Descendants.start { () throws(SystemError) in
      try SpawnedProcess(command.executable, command.arguments, environment: environment, folder: folder)
    }
    id = spawned.id
    pipes = ChildPipes(spawned)
    self.mark = mark
    self.memoryLimit = memoryLimit
    nextLook = SuspendingClock.now + ChildProcess.slice
  }

  /// Waits for the next line, meanwhile writing what is pending and taking what comes.
  mutating func next(until deadline: SuspendingClock.Instant, isInterrupted: () -> Bool) -> ChildEvent {
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
      // A descendant may hold the pipe open for ever: what the ended process wrote is there at once.
      if hasEnded, !readable { pipes.finishOutput() }
    }
  }

  /// The resident bytes of the process and its descendants where they are beyond the limit.
  private func excess() -> Int? {
    if ProcessTable.residentBytes(id) > memoryLimit { return ProcessTable.residentBytes(id) }
    let bytes = ProcessTable().members(leader: id, mark: mark).reduce(0) { $0 + $1.residentBytes }
    return bytes > memoryLimit ? bytes : nil
  }

  /// Whether a child has ended; it is not reaped, so that its number still names its group.
  static func hasEnded(_ id: pid_t) -> Bool {
    var information = siginfo_t()
    return waitid(P_PID, id_t(id), &information, WEXITED | WNOHANG | WNOWAIT) == 0 && information.si_signo == SIGCHLD
  }
}

/// How a process ended.
enum ChildEnding: Equatable {
  case exit(code: Int32)
  case signal(Int32)

  /// From the status that `waitpid` gives.
  init(status: Int32) {
    let signal = status & 0x7f
    self = signal == 0 ? .exit(code: status >> 8 & 0xff) : .signal(signal)
  }

  /// In words.
  var description: String {
    switch self {
    case .exit(let code): "it ended with exit code \(code)"
    case .signal(let signal): "it was ended by signal \(signal) (\(String(cString: strsignal(signal))))"
    }
  }
}
