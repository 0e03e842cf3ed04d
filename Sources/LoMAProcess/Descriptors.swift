// RUN-11: how many candidates may run at once before the system has no descriptors left.

import Foundation

/// Open files of this process.
package enum Descriptors {
  /// Standard streams, vectors, reports and what the system takes itself.
  private static let own = 32
  /// Three pipes while they are made, a scratch folder, a file and a look at the processes.
  private static let perJob = 12

  /// So many are open at most.
  package static func needed(forJobs jobs: Int) -> Int { own + perJob * jobs }

  /// The limit, raised as far as may be, where it is too low for so many jobs; none where it is enough.
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
