// RUN-9: ending a child and everything that it started.

import Foundation

#if canImport(Synchronization)
  import Synchronization
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The leaders that are running, and the search for the processes they leave behind.
enum Descendants {
  /// Leaders that were started and not yet reaped. Also locked while one is being started, so that a search never finds
  /// a child that is not listed yet.
  private static let leaders = Mutex<Set<pid_t>>([])

  static func start(
    _ spawn: () throws(SystemError) -> SpawnedProcess
  ) throws(SystemError) -> SpawnedProcess {
    // Writing to a closed pipe or beyond a file size limit must return an error instead of ending the runner, and
    // children must stay waitable even if our parent ignores SIGCHLD.
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    signal(SIGCHLD, SIG_DFL)
    return try leaders.withLock { (leaders) throws(SystemError) in
      let spawned = try spawn()
      leaders.insert(spawned.id)
      return spawned
    }
  }

  /// A family, with the other running leaders.
  static func amongOthers(_ family: ProcessFamily) -> ProcessFamily {
    var family = family
    family.others = leaders.withLock { $0 }
    family.others.remove(family.leader)
    return family
  }

  /// How long to wait for a killed leader: a debugger or an uninterruptible system call may hold it.
  private static let reapingTime = Duration.seconds(10)

  /// Kills a leader's group and its known descendants, reaps the leader, then ends and reaps the descendants that
  /// remain.
  static func end(_ family: ProcessFamily) -> ChildEnding {
    let leader = family.leader
    let members = ProcessTable().members(of: amongOthers(family)).map { $0.id }
    kill(-leader, SIGKILL)  // Before the leader is reaped: afterwards its number may belong to another group.
    // Before waiting for the leader: a descendant may trace it, and then collects its exit status first.
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

  /// Ends what a leader that is gone left behind: killing a parent orphans its children, which are reparented to us and
  /// found in the next round.
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

  /// Whether an ended child of ours is in another session and is not a leader that some caller waits for.
  private static func isStray(_ entry: ProcessTable.Entry, _ family: ProcessFamily) -> Bool {
    entry.session != getsid(0) && !family.others.contains(entry.id)
  }
}

/// How a process ended, and its last output.
package struct ChildEnd {
  package let ending: ChildEnding
  package let standardError: String
}

extension ChildProcess {
  /// How long a process may take to end after it was asked to.
  static let patience = Duration.seconds(2)

  /// Ends the process and everything it started, and closes its pipes.
  ///
  /// If `politely`, its standard input is closed first and it may exit by itself; otherwise, or after two seconds, its
  /// group gets SIGTERM; after two more seconds SIGKILL.
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
    // The last output is in the pipe; a process of another session may go on writing, so the amount read is bounded.
    for _ in 0..<64 { pipes.drain(atMost: .zero) }
    pipes.close()
    return ChildEnd(ending: ending, standardError: pipes.standardError.text)
  }

  private mutating func waitForEnd() {
    let deadline = SuspendingClock.now + ChildProcess.patience
    while !ChildProcess.hasEnded(id), SuspendingClock.now < deadline { pipes.drain(atMost: .milliseconds(2)) }
  }
}
