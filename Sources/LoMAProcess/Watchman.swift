// RUN-9: if the runner itself is killed, a shell that outlives it ends the candidates.

import Foundation
import LoMAVectors

#if canImport(Synchronization)
  import Synchronization
#endif

/// A shell that knows the running candidates and their scratch folders. When its input ends, because the runner ended,
/// it kills the candidates' process groups and removes the folders.
package enum Watchman {
  private static let script = EmbeddedText(PackageResources.watchman_sh).withoutLastLineEnd

  private struct State {
    var input: Int32 = -1
    var hasStarted = false
    var folders = 0
    /// Kept alive, because releasing the handle closes its descriptor.
    var pipe: Pipe?
  }

  private static let state = Mutex(State())

  /// Watches a process group.
  package static func watches(_ id: pid_t) { tell("run \(id)\n") }

  /// Forgets a process group that has ended.
  package static func forgets(_ id: pid_t) { tell("end \(id)\n") }

  /// Announces a folder about to be made; returns the number to release it with. A folder whose path does not fit on
  /// one line of shell is not watched.
  static func holds(folder: String) -> Int {
    let number = state.withLock { state in
      state.folders += 1
      return state.folders
    }
    if !folder.hasControls { tell("make \(number) \(folder)\n") }
    return number
  }

  /// Forgets a folder that was removed.
  static func releases(folder number: Int) { tell("gone \(number)\n") }

  private static func tell(_ line: String) {
    state.withLock { state in
      if !state.hasStarted { start(&state) }
      let bytes = Array(line.utf8)
      // One line is short enough for one write to the pipe. If there is no shell, nothing is watched and the run goes
      // on.
      if state.input >= 0 { _ = write(state.input, bytes, bytes.count) }
    }
  }

  private static func start(_ state: inout State) {
    state.hasStarted = true
    let (shell, pipe) = (Process(), Pipe())
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    shell.arguments = ["-c", script]
    shell.environment = ["PATH": "/bin:/usr/bin"]
    shell.currentDirectoryURL = URL(fileURLWithPath: "/")
    shell.standardInput = pipe
    shell.standardOutput = FileHandle.nullDevice
    shell.standardError = FileHandle.nullDevice
    guard (try? shell.run()) != nil else { return }
    state.input = pipe.fileHandleForWriting.fileDescriptor
    _ = fcntl(state.input, F_SETFD, FD_CLOEXEC)
    _ = fcntl(state.input, F_SETFL, O_NONBLOCK)
    state.pipe = pipe
  }
}
