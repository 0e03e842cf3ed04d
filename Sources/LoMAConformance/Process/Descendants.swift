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
    // An output that nobody reads any more is an error of write, not the end of the runner.
    signal(SIGPIPE, SIG_IGN)
    return try leaders.withLock { (leaders) throws(SystemError) in
      let spawned = try spawn()
      leaders.insert(spawned.id)
      return spawned
    }
  }

  /// Kills a leader's group, reaps the leader, then ends and reaps what is left of its descendants.
  static func end(leader: pid_t, mark: String) -> ChildEnding {
    let known = ProcessTable().members(leader: leader, mark: mark).map { $0.id }
    kill(-leader, SIGKILL)  // Before the leader is reaped: afterwards its number may name another's group.
    var status: Int32 = 0
    while waitpid(leader, &status, 0) < 0, errno == EINTR {}
    leaders.withLock { leaders in
      leaders.remove(leader)
      sweep(leader: leader, mark: mark, known: Set(known), isLast: leaders.isEmpty, living: leaders)
    }
    return ChildEnding(status: status)
  }

  /// Ends the strays of a leader that is gone: killed parents leave children, which fall to us and are found by the next
  /// round. Where no leader lives any more, every child in a foreign session is a stray.
  private static func sweep(leader: pid_t, mark: String, known: Set<pid_t>, isLast: Bool, living: Set<pid_t>) {
    let (ours, session) = (getpid(), getsid(0))
    for _ in 0..<200 {
      let table = ProcessTable()
      let marked = Set(table.members(leader: leader, mark: mark).map { $0.id })
      let strays = table.entries.filter { entry in
        let fellToUs = entry.parent == ours && entry.session != session && !living.contains(entry.id)
        return marked.contains(entry.id) || fellToUs && (isLast || entry.isZombie || known.contains(entry.id))
      }
      if strays.isEmpty { return }
      for stray in strays {
        kill(stray.id, SIGKILL)
        if stray.parent == ours { waitpid(stray.id, nil, WNOHANG) }
      }
      usleep(1000)
    }
  }
}

/// How a process ended, and the last it said.
struct ChildEnd {
  let ending: ChildEnding
  let standardError: String
}

extension ChildProcess {
  /// How long a process may take to end after it was asked to.
  static let patience = Duration.seconds(2)

  /// Ends the process and all that it started, and gives back its pipes.
  ///
  /// Politely, it may end by itself when its standard input is closed; otherwise, and after two seconds, its group is
  /// told to terminate; after two seconds more the group is killed.
  consuming func end(politely: Bool) -> ChildEnd {
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
    let ending = Descendants.end(leader: id, mark: mark)
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
