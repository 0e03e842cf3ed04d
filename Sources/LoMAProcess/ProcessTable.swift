// RUN-9, RUN-10: who descends from whom and how much memory they hold, as Linux tells it in /proc.
//
// On other systems the table is empty: there the memory limit and the search for processes that left their session do
// nothing.

import Foundation

/// The processes of one candidate, as far as they are known.
package struct ProcessFamily {
  let leader: pid_t
  /// What its processes have in their environment, unless they cleared it.
  let mark: String
  /// Processes that were seen below the leader.
  var known: Set<pid_t> = []
  /// The leaders of other candidates.
  var others: Set<pid_t> = []
}

/// What the operating system says of our descendants at one moment.
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

  /// The table now. What it costs follows from how many descendants there are, not from how many processes the machine
  /// runs, where the kernel lists children; otherwise every process is looked at.
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

  /// The processes of a candidate: its leader, all that descend from it, and those that were orphaned and fell to us, as
  /// far as they are known to be its own: by session, by the mark in their environment, since they were seen below it, or
  /// since there is no other leader.
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

  /// The memory of processes, a page that several share counted once; resident bytes where the kernel does not say.
  static func proportionalBytes(_ entries: [Entry]) -> Int {
    entries.reduce(0) { sum, entry in
      let lines = text("/proc/\(entry.id)/smaps_rollup")?.split(separator: "\n") ?? []
      let words = lines.first { $0.hasPrefix("Pss:") }?.split(separator: " ")
      return sum + (words.flatMap { $0.count > 1 ? Int($0[1]) : nil }.map { $0 << 10 } ?? entry.residentBytes)
    }
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

  /// The children of a process, of all its threads; none where the kernel does not list them.
  private static func children(of id: pid_t) -> [pid_t]? {
    var found: [pid_t]?
    for thread in ids(in: "/proc/\(id)/task") {
      guard let text = text("/proc/\(id)/task/\(thread)/children") else { continue }
      found = (found ?? []) + text.split(separator: " ").compactMap { pid_t($0) }
    }
    return found
  }

  /// The names in a folder that are numbers.
  private static func ids(in folder: String) -> [pid_t] {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor < 0 { return [] }
    defer { close(descriptor) }
    return SystemCalls.names(in: descriptor).compactMap { pid_t($0) }
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
