// RUN-9, RUN-10: who descends from whom and how much memory they hold, as Linux tells it in /proc.
//
// On other systems the table is empty: there the memory limit and the search for processes that left their session do
// nothing.

import Foundation

/// What the operating system says of its processes at one moment.
struct ProcessTable {
  /// One process.
  struct Entry {
    let id: pid_t
    let parent: pid_t
    let session: pid_t
    let residentBytes: Int
    /// It has ended and waits to be reaped.
    let isZombie: Bool
  }

  let entries: [Entry]

  /// The table now.
  init() {
    #if os(Linux)
      entries = ProcessTable.ids().compactMap { ProcessTable.entry($0) }
    #else
      entries = []
    #endif
  }

  /// All descendants of a process, itself left out.
  func descendants(of root: pid_t) -> [Entry] {
    let children = Dictionary(grouping: entries) { $0.parent }
    var found: [Entry] = []
    var open = children[root] ?? []
    while let entry = open.popLast() {
      found.append(entry)
      open += children[entry.id] ?? []
    }
    return found
  }

  /// The processes of a candidate: its leader, all that descend from it, and those that were orphaned and fell to us,
  /// which bear its mark in their environment.
  func members(leader: pid_t, mark: String) -> [Entry] {
    let ours = getpid()
    let strays = entries.filter { entry in
      entry.parent == ours && entry.id != leader
        && (entry.session == leader || ProcessTable.bears(mark, entry.id))
    }
    let roots = entries.filter { $0.id == leader } + strays
    return roots + roots.flatMap { descendants(of: $0.id) }
  }

  /// The resident bytes of one process; 0 where nothing is known.
  static func residentBytes(_ id: pid_t) -> Int {
    guard let text = text("/proc/\(id)/statm") else { return 0 }
    let fields = text.split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
  }

  /// Whether the environment that a process was started with holds `mark`, a variable and its value.
  private static func bears(_ mark: String, _ id: pid_t) -> Bool {
    guard let text = text("/proc/\(id)/environ") else { return false }
    return text.split(separator: "\0").contains { $0 == mark }
  }

  private static func ids() -> [pid_t] {
    guard let folder = opendir("/proc") else { return [] }
    defer { closedir(folder) }
    var ids: [pid_t] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if let id = pid_t(name) { ids.append(id) }
    }
    return ids
  }

  private static func entry(_ id: pid_t) -> Entry? {
    // The name stands in parentheses and may hold anything; the state is the first field behind the last of them.
    guard let text = text("/proc/\(id)/stat"), let close = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: close)...].split(separator: " ")
    guard fields.count > 21, let parent = pid_t(fields[1]), let session = pid_t(fields[3]) else { return nil }
    return Entry(
      id: id, parent: parent, session: session,
      residentBytes: (Int(fields[21]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))), isZombie: fields[0] == "Z")
  }

  /// A small file of /proc, up to 128 KiB.
  private static func text(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while bytes.count < 1 << 17 {
      let count = read(descriptor, &buffer, buffer.count)
      if count <= 0 { break }
      bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
