// RUN-9: what becomes of candidates where the runner itself is killed: a shell that outlives it ends them.

import Foundation

#if canImport(Synchronization)
  import Synchronization
#endif

/// A shell that knows which candidates live and where they work. When its input ends, since the runner did, it kills their
/// groups and removes their folders.
enum Watchman {
  private static let script = """
    trap '' INT TERM HUP PIPE
    live=
    while read -r word id folder; do
      case $word in
      run) live="$live $id"; eval "folder_$id=\\$folder" ;;
      end) left=; for one in $live; do [ "$one" = "$id" ] || left="$left $one"; done; live=$left ;;
      esac
    done
    for id in $live; do kill -KILL "-$id" 2>/dev/null; eval "rm -rf -- \\"\\$folder_$id\\""; done
    """

  private struct State {
    var input: Int32 = -1
    var hasStarted = false
    /// Held, since a handle that is gone closes its descriptor.
    var pipe: Pipe?
  }

  private static let state = Mutex(State())

  /// Has an eye on a process group that works in a folder; an empty folder stays.
  static func watches(_ id: pid_t, folder: String) { tell("run \(id) \(folder)\n") }

  /// The process has ended, and its folder is gone.
  static func forgets(_ id: pid_t) { tell("end \(id)\n") }

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
