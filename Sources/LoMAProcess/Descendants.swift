// RUN-9: the end of a child and of everything that it started.

import Foundation

#if canImport(Synchronization)
  import Synchronization
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The leaders that live, and the search for what they leave behind.
enum Descendants {
  /// Leaders that were started and not yet reaped. Locked also while one is started, so that a search never meets a
  /// child that is not yet listed.
  private static let leaders = Mutex<Set<pid_t>>([])

  static func start(
    _ spawn: () throws(SystemError) -> SpawnedProcess
  ) throws(SystemError) -> SpawnedProcess {
    // An output that nobody reads any more, or a file beyond a limit, is an error of write, not the end of the runner; and
    // children can be waited for, whatever our parent thinks of its own.
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    signal(SIGCHLD, SIG_DFL)
    return try leaders.withLock { (leaders) throws(SystemError) in
      let spawned = try spawn()
      leaders.insert(spawned.id)
      return spawned
    }
  }

  /// A family with the other leaders that live.
  static func amongOthers(_ family: ProcessFamily) -> ProcessFamily {
    var family = family
    family.others = leaders.withLock { $0 }
    family.others.remove(family.leader)
    return family
  }

  /// The longest wait for a killed leader: a debugger, or a call of the kernel that cannot be broken off, may hold it.
  private static let reapingTime = Duration.seconds(10)

  /// Kills a leader's group and its known descendants, reaps the leader, then ends and reaps what is left of them.
  static func end(_ family: ProcessFamily) -> ChildEnding {
    let leader = family.leader
    let members = ProcessTable().members(of: amongOthers(family)).map { $0.id }
    kill(-leader, SIGKILL)  // Before the leader is reaped: afterwards its number may name another's group.
    // Before the leader is waited for: one of them may trace it, and then its death is theirs to take.
    for id in members { kill(id, SIGKILL) }
    let ending = reaped(leader)
    leaders.withLock { leaders in
      leaders.remove(leader)
      var family = family
      family.known.formUnion(members)
      family.others = leaders
      sweep(family)
    }
    return ending
  }

  private static func reaped(_ leader: pid_t) -> ChildEnding {
    let deadline = SuspendingClock.now + reapingTime
    var status: Int32 = 0
    while true {
      let id = waitpid(leader, &status, WNOHANG)
      if id == leader { return ChildEnding(status: status) }
      if id < 0 && errno != EINTR || SuspendingClock.now > deadline { return .lost(leader) }
      usleep(200)
    }
  }

  /// Ends the strays of a leader that is gone: killed parents leave children, which fall to us and are found by the next
  /// round.
  private static func sweep(_ family: ProcessFamily) {
    let ours = getpid()
    for _ in 0..<200 {
      let table = ProcessTable()
      var strays = table.members(of: family)
      strays += table.entries.filter { $0.isZombie && $0.parent == ours && isStray($0, family) }
      if strays.isEmpty { return }
      for stray in strays {
        kill(stray.id, SIGKILL)
        if stray.parent == ours { waitpid(stray.id, nil, WNOHANG) }
      }
      usleep(1000)
    }
  }

  /// Whether an ended child of ours is in a foreign session, and no leader that somebody waits for.
  private static func isStray(_ entry: ProcessTable.Entry, _ family: ProcessFamily) -> Bool {
    entry.session != getsid(0) && !family.others.contains(entry.id)
  }
}

/// How a process ended, and the last it said.
package struct ChildEnd {
  package let ending: ChildEnding
  package let standardError: String
}

extension ChildProcess {
  /// How long a process may take to end after it was asked to.
  static let patience = Duration.seconds(2)

  /// Ends the process and all that it started, and gives back its pipes.
  ///
  /// Politely, it may end by itself when its standard input is closed; otherwise, and after two seconds, its group is
  /// told to terminate; after two seconds more the group is killed.
  package consuming func end(politely: Bool) -> ChildEnd {
    if politely {
      let deadline = SuspendingClock.now + ChildProcess.patience
      while pipes.isWriting, SuspendingClock.now < deadline { pipes.drain(atMost: .milliseconds(2)) }
      pipes.closeInput()
      waitForEnd()
    }
    if !ChildProcess.hasEnded(id) {
      kill(-id, SIGTERM)
      waitForEnd()
    }
    let ending = Descendants.end(family)
    // What it wrote last is in the pipe; a process of another session may go on writing, hence the bound.
    for _ in 0..<64 { pipes.drain(atMost: .zero) }
    pipes.close()
    return ChildEnd(ending: ending, standardError: pipes.standardError.text)
  }

  private mutating func waitForEnd() {
    let deadline = SuspendingClock.now + ChildProcess.patience
    while !ChildProcess.hasEnded(id), SuspendingClock.now < deadline { pipes.drain(atMost: .milliseconds(2)) }
  }
}
