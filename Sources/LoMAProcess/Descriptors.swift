// RUN-11: how many candidates can run at once before the system runs out of descriptors.

import Foundation

/// Open files of this process.
package enum Descriptors {
  /// For the standard streams, vectors, reports and the system's own files.
  private static let own = 32
  /// Per candidate: three pipes while being made, a scratch folder, one file and the process table.
  private static let perJob = 12

  /// Descriptors that a run with this many jobs needs.
  package static func needed(forJobs jobs: Int) -> Int { own + perJob * jobs }

  /// Raises the limit if it is too low for `jobs` candidates. Returns the limit if it stays too low, else nil.
  package static func limit(forJobs jobs: Int) -> Int? {
    var limit = rlimit()
    guard get(&limit) == 0 else { return nil }
    let needed = rlim_t(needed(forJobs: jobs))
    if limit.rlim_cur < needed, limit.rlim_max > limit.rlim_cur {
      limit.rlim_cur = min(needed, limit.rlim_max)
      _ = set(&limit)
      guard get(&limit) == 0 else { return nil }
    }
    return limit.rlim_cur < needed ? Int(limit.rlim_cur) : nil
  }

  #if os(Linux)
    private static func get(_ limit: inout rlimit) -> Int32 {
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
    private static func set(_ limit: inout rlimit) -> Int32 {
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
  #else
    private static func get(_ limit: inout rlimit) -> Int32 { getrlimit(RLIMIT_NOFILE, &limit) }
    private static func set(_ limit: inout rlimit) -> Int32 { setrlimit(RLIMIT_NOFILE, &limit) }
  #endif
}
