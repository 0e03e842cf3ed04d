// RUN-9, RUN-10: which processes descend from which, and how much memory they hold, as Linux reports it in /proc.
//
// On other systems the table is empty, so the memory limit and the search for processes that left their session have no
// effect.

import Foundation

/// What is known about the processes of one candidate.
package struct ProcessFamily {
  let leader: pid_t
  /// The variable and value in the environment of its processes, unless they cleared it.
  let mark: String
  /// Processes that were seen below the leader.
  var known: Set<pid_t> = []
  /// The leaders of other candidates.
  var others: Set<pid_t> = []
}

/// The processes that the operating system reports at one moment.
struct ProcessTable {
  struct Entry {
    let id: pid_t
    let parent: pid_t
    let session: pid_t
    let residentBytes: Int
    /// It has ended and waits to be reaped.
    let isZombie: Bool
  }

  let entries: [Entry]

  /// Reads the table. Where the kernel lists children, the cost grows with the number of our descendants only;
  /// elsewhere every process of the machine is read.
  init() {
    #if os(Linux)
      guard var open = ProcessTable.children(of: getpid()) else {
        entries = ProcessTable.ids(in: "/proc").compactMap { ProcessTable.entry($0) }
        return
      }
      var (found, seen) = ([Entry](), Set<pid_t>())
      while let id = open.popLast() {
        guard seen.insert(id).inserted, let entry = ProcessTable.entry(id) else { continue }
        found.append(entry)
        open += ProcessTable.children(of: id) ?? []
      }
      entries = found
    #else
      entries = []
    #endif
  }

  /// All descendants of a process, without the process itself.
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

  /// The processes of a candidate: its leader, the leader's descendants, and orphans that were reparented to us, if
  /// they are known to belong to it: by session, by the mark in their environment, because they were seen below it
  /// before, or because there is no other leader.
  func members(of family: ProcessFamily) -> [Entry] {
    let (ours, session) = (getpid(), getsid(0))
    let strays = entries.filter { entry in
      guard entry.parent == ours, entry.id != family.leader, !family.others.contains(entry.id) else { return false }
      return entry.session == family.leader || family.known.contains(entry.id)
        || family.others.isEmpty && entry.session != session || ProcessTable.bears(family.mark, entry.id)
    }
    let roots = entries.filter { $0.id == family.leader } + strays
    return roots + roots.flatMap { descendants(of: $0.id) }
  }

  /// The memory of some processes in bytes, with shared pages counted once; resident bytes if the kernel does not
  /// report that.
  static func proportionalBytes(_ entries: [Entry]) -> Int {
    entries.reduce(0) { sum, entry in
      let lines = text("/proc/\(entry.id)/smaps_rollup")?.split(separator: "\n") ?? []
      let words = lines.first { $0.hasPrefix("Pss:") }?.split(separator: " ")
      return sum + (words.flatMap { $0.count > 1 ? Int($0[1]) : nil }.map { $0 << 10 } ?? entry.residentBytes)
    }
  }

  /// The resident bytes of one process; 0 if unknown.
  static func residentBytes(_ id: pid_t) -> Int {
    guard let text = text("/proc/\(id)/statm") else { return 0 }
    let fields = text.split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
  }

  /// Whether the environment the process was started with holds `mark`, a variable and its value.
  private static func bears(_ mark: String, _ id: pid_t) -> Bool {
    guard let text = text("/proc/\(id)/environ") else { return false }
    return text.split(separator: "\0").contains { $0 == mark }
  }

  /// The children of all threads of a process; nil if the kernel does not list them.
  private static func children(of id: pid_t) -> [pid_t]? {
    var found: [pid_t]?
    for thread in ids(in: "/proc/\(id)/task") {
      guard let text = text("/proc/\(id)/task/\(thread)/children") else { continue }
      found = (found ?? []) + text.split(separator: " ").compactMap { pid_t($0) }
    }
    return found
  }

  /// The entries of a folder whose names are numbers.
  private static func ids(in folder: String) -> [pid_t] {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor < 0 { return [] }
    defer { close(descriptor) }
    return SystemCalls.names(in: descriptor).compactMap { pid_t($0) }
  }

  private static func entry(_ id: pid_t) -> Entry? {
    // The name is in parentheses and may hold any character; the state is the first field after the last parenthesis.
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
