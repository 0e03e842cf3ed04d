// RUN-1: a child process with three pipes, in its own session, that inherits nothing else.

import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A started process and our ends of its pipes; the caller must end it.
struct SpawnedProcess {
  let id: pid_t
  /// Writes to its standard input.
  let input: Int32
  /// Reads its standard output.
  let output: Int32
  /// Reads its standard error.
  let errors: Int32

  /// Starts an executable without a shell; `environment` is a list of NAME=VALUE, each ended by 0.
  ///
  /// The child leads its own session and process group, with default signal actions (an ignored SIGPIPE would be
  /// inherited) and no blocked signals; all other descriptors are closed.
  init(_ path: String, _ arguments: [String], environment: [[CChar]], folder: String) throws(SystemError) {
    var pipes: [(reading: Int32, writing: Int32)] = []
    var isStarted = false
    defer { if !isStarted { for ends in pipes { _ = (close(ends.reading), close(ends.writing)) } } }
    for _ in 0..<3 { pipes.append(try SpawnedProcess.pipeEnds()) }
    let theirs = [pipes[0].reading, pipes[1].writing, pipes[2].writing]

    var actions = SystemCalls.noFileActions
    try SystemError.check(posix_spawn_file_actions_init(&actions), "posix_spawn")
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (standard, end) in theirs.enumerated() {
      try SystemError.check(posix_spawn_file_actions_adddup2(&actions, end, Int32(standard)), "posix_spawn")
    }
    try SystemCalls.setFolder(&actions, folder)
    try SystemCalls.closeOthers(&actions)

    var attributes = SystemCalls.noAttributes
    try SystemError.check(posix_spawnattr_init(&attributes), "posix_spawn")
    defer { posix_spawnattr_destroy(&attributes) }
    var (every, none) = (sigset_t(), sigset_t())
    sigfillset(&every)
    sigemptyset(&none)
    posix_spawnattr_setsigdefault(&attributes, &every)
    posix_spawnattr_setsigmask(&attributes, &none)
    let flags = SystemCalls.spawnFlags | Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK)
    try SystemError.check(posix_spawnattr_setflags(&attributes, Int16(flags)), "posix_spawn")

    var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
    defer { for word in words + variables { free(word) } }
    var id: pid_t = 0
    try SystemError.check(posix_spawn(&id, path, &actions, &attributes, &words, &variables), "posix_spawn")
    isStarted = true
    isStarted = true
    for end in theirs { close(end) }
    (self.id, input, output, errors) = (id, pipes[0].writing, pipes[1].reading, pipes[2].reading)
    for end in [input, output, errors] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
  }

  /// A pipe with descriptors above 2, closed in every child.
  private static func pipeEnds() throws(SystemError) -> (reading: Int32, writing: Int32) {
    var pair: [Int32] = [-1, -1]
    if pipe(&pair) != 0 { throw SystemError(call: "pipe", code: errno) }
    // If our own standard streams are closed, a pipe may get 0, 1 or 2, and duplicating the three ends would overwrite
    // each other.
    let moved = pair.map { fcntl($0, F_DUPFD_CLOEXEC, 3) }
    let code = errno
    for end in pair { close(end) }
    guard let reading = moved.first, let writing = moved.last, reading >= 0, writing >= 0 else {
      for end in moved where end >= 0 { close(end) }
      throw SystemError(call: "fcntl", code: code)
    }
    return (reading, writing)
  }
}
