// RUN-9: what becomes of candidates where the runner itself is killed: a shell that outlives it ends them.

import Foundation
import LoMAVectors

#if canImport(Synchronization)
  import Synchronization
#endif

/// A shell that knows which candidates live and which folders were made for them. When its input ends, since the runner did, it kills their
/// groups and removes their folders.
package enum Watchman {
  private static let script = EmbeddedText(PackageResources.watchman_sh).withoutLastLineEnd

  private struct State {
    var input: Int32 = -1
    var hasStarted = false
    var folders = 0
    /// Held, since a handle that is gone closes its descriptor.
    var pipe: Pipe?
  }

  private static let state = Mutex(State())

  /// Has an eye on a process group.
  package static func watches(_ id: pid_t) { tell("run \(id)\n") }

  /// The process has ended.
  package static func forgets(_ id: pid_t) { tell("end \(id)\n") }

  /// A folder is about to be made; its number, for when it is gone. One whose path is no line of a shell stays.
  static func holds(folder: String) -> Int {
    let number = state.withLock { state in
      state.folders += 1
      return state.folders
    }
    if !folder.hasControls { tell("make \(number) \(folder)\n") }
    return number
  }

  /// A folder is gone.
  static func releases(folder number: Int) { tell("gone \(number)\n") }

  private static func tell(_ line: String) {
    state.withLock { state in
      if !state.hasStarted { start(&state) }
      let bytes = Array(line.utf8)
      // A line is shorter than what a pipe takes at once. Without a shell nobody is told, and a run is as before.
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
