// Calls of the C library that Swift does not import on Linux: GNU extensions and a variadic function.

import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A system call that failed.
package struct SystemError: Error {
  let call: String
  let code: Int32

  static func check(_ code: Int32, _ call: String) throws(SystemError) {
    if code != 0 { throw SystemError(call: call, code: code) }
  }

  package var description: String { "\(call): \(String(cString: strerror(code)))" }
}

package enum SystemCalls {
  /// The names in an open folder, itself and the one above left out.
  static func names(in descriptor: Int32) -> [String] {
    // The stream closes its own descriptor.
    guard let stream = fdopendir(fcntl(descriptor, F_DUPFD_CLOEXEC, 0)) else { return [] }
    defer { closedir(stream) }
    rewinddir(stream)
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// The environment byte for byte: NAME=VALUE, each ended by 0.
  static var environment: [[CChar]] {
    typealias List = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    guard let symbol = dlsym(nil, "environ"), var entry = symbol.assumingMemoryBound(to: List?.self).pointee else {
      return ProcessInfo.processInfo.environment.map { Array("\($0.key)=\($0.value)".utf8CString) }
    }
    var found: [[CChar]] = []
    while let text = entry.pointee {
      found.append(Array(UnsafeBufferPointer(start: text, count: strlen(text) + 1)))
      entry += 1
    }
    return found
  }

  /// A candidate must be able to read its own files, so only the bits of the umask that restrict other users are kept.
  package static func keepOwnRights() {
    let mask = umask(0o077)
    umask(mask & 0o077)
  }

  /// Makes this process the parent of its orphaned descendants, including those that left their session. Linux only.
  package static func becomeSubreaper() {
    #if os(Linux)
      typealias Prctl = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32
      guard let symbol = dlsym(nil, "prctl") else { return }
      _ = unsafeBitCast(symbol, to: Prctl.self)(36, 1, 0, 0, 0)  // PR_SET_CHILD_SUBREAPER
    #endif
  }

  #if os(Linux)
    typealias FileActions = posix_spawn_file_actions_t
    typealias Attributes = posix_spawnattr_t
    static var noFileActions: FileActions { .init() }
    static var noAttributes: Attributes { .init() }
    /// POSIX_SPAWN_SETSID.
    static let spawnFlags = Int32(0x80)

    static func setFolder(_ actions: inout FileActions, _ folder: String) throws(SystemError) {
      typealias Add = @convention(c) (UnsafeMutablePointer<FileActions>, UnsafePointer<CChar>) -> Int32
      let name = "posix_spawn_file_actions_addchdir_np"
      guard let symbol = dlsym(nil, name) else { throw SystemError(call: name, code: ENOSYS) }
      try SystemError.check(unsafeBitCast(symbol, to: Add.self)(&actions, folder), name)
    }

    /// Closes every descriptor of the child except the three standard ones.
    static func closeOthers(_ actions: inout FileActions) throws(SystemError) {
      typealias Add = @convention(c) (UnsafeMutablePointer<FileActions>, Int32) -> Int32
      let name = "posix_spawn_file_actions_addclosefrom_np"
      guard let symbol = dlsym(nil, name) else { throw SystemError(call: name, code: ENOSYS) }
      try SystemError.check(unsafeBitCast(symbol, to: Add.self)(&actions, 3), name)
    }
  #else
    typealias FileActions = posix_spawn_file_actions_t?
    typealias Attributes = posix_spawnattr_t?
    static var noFileActions: FileActions { nil }
    static var noAttributes: Attributes { nil }
    /// POSIX_SPAWN_SETSID, and every descriptor without a file action is closed.
    static let spawnFlags = Int32(0x0400) | Int32(POSIX_SPAWN_CLOEXEC_DEFAULT)

    static func setFolder(_ actions: inout FileActions, _ folder: String) throws(SystemError) {
      try SystemError.check(posix_spawn_file_actions_addchdir_np(&actions, folder), "posix_spawn")
    }

    /// Nothing to do: POSIX_SPAWN_CLOEXEC_DEFAULT closes them.
    static func closeOthers(_ actions: inout FileActions) {}
  #endif
}
