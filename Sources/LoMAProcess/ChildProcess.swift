// RUN-1, RUN-8, RUN-9: a candidate's process: what is written to it and read from it, none of it ever waiting for it.

import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What ended a wait for a line.
package enum ChildEvent: Equatable {
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
package struct ChildProcess: ~Copyable {
  /// How long a wait lasts before it looks at the process, its memory and the runner's own interruption.
  private static let slice = Duration.milliseconds(50)
  /// How often its descendants are looked for while it holds little memory itself.
  private static let familySlice = Duration.seconds(1)
  /// How long a process may still end by itself after it closed its standard output.
  private static let closingTime = Duration.seconds(1)

  package let id: pid_t
  let memoryLimit: Int
  package var pipes: ChildPipes
  private(set) var family: ProcessFamily
  private var nextLook: SuspendingClock.Instant
  private var nextFamilyLook: SuspendingClock.Instant

  /// Starts an executable in a folder, with some variables of the environment set, and lines of at most `lineLimit` bytes.
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

  /// Waits for the next line, meanwhile writing what is pending and taking what comes.
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
      // A descendant may hold the pipe open for ever: what the ended process wrote is there at once.
      if hasEnded, !readable { pipes.finishOutput() }
    }
  }

  /// The memory of the process and its descendants where it is beyond the limit.
  private mutating func excess() -> Int? {
    let (own, now) = (ProcessTable.residentBytes(id), SuspendingClock.now)
    guard own > memoryLimit / 4 || now >= nextFamilyLook else { return nil }
    nextFamilyLook = now + ChildProcess.familySlice
    let members = ProcessTable().members(of: Descendants.amongOthers(family))
    family.known.formUnion(members.map { $0.id })
    // Reading what they share takes long, and is needed only where what each of them holds is too much.
    guard members.reduce(0, { $0 + $1.residentBytes }) > memoryLimit else { return nil }
    let bytes = ProcessTable.proportionalBytes(members)
    return bytes > memoryLimit ? bytes : nil
  }

  /// Whether a child has ended; it is not reaped, so that its number still names its group.
  static func hasEnded(_ id: pid_t) -> Bool {
    var information = siginfo_t()
    return waitid(P_PID, id_t(id), &information, WEXITED | WNOHANG | WNOWAIT) == 0 && information.si_signo == SIGCHLD
  }
}

/// How a process ended.
package enum ChildEnding: Equatable {
  case exit(code: Int32)
  case signal(Int32)
  /// It was killed and did not end, or its end was not ours to take.
  case lost(pid_t)

  /// From the status that `waitpid` gives.
  init(status: Int32) {
    let signal = status & 0x7f
    self = signal == 0 ? .exit(code: status >> 8 & 0xff) : .signal(signal)
  }

  /// In words.
  package var description: String {
    switch self {
    case .exit(let code): "it ended with exit code \(code)"
    case .lost(let id): "it was killed, and process \(id) could not be reaped"
    case .signal(let signal): "it was ended by signal \(signal) (\(String(cString: strsignal(signal))))"
    }
  }
}
