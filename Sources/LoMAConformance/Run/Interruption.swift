// RUN-13: SIGINT, SIGTERM and SIGHUP set a flag, which the runner checks between its waits.

import Foundation

#if canImport(Synchronization)
  import Synchronization
#endif

/// The request of a user or a batch system to end the run.
package enum Interruption {
  private static let flag = Atomic<Bool>(false)

  /// Makes SIGINT, SIGTERM and SIGHUP set a flag instead of ending the process; a SIGHUP that was ignored before, as
  /// under nohup, stays ignored.
  package static func listen() {
    _ = flag.load(ordering: .relaxed)  // Initialises the flag here: a signal handler must not allocate it.
    for number in [SIGINT, SIGTERM, SIGHUP] {
      var before = sigaction()
      sigaction(number, nil, &before)
      if number == SIGHUP, before.isIgnored { continue }
      // Without SA_RESTART, so that blocking system calls return.
      var action = sigaction { _ in Interruption.flag.store(true, ordering: .relaxed) }
      sigaction(number, &action, nil)
    }
  }

  /// Whether one of these signals arrived.
  package static var isRequested: Bool { flag.load(ordering: .relaxed) }
}

extension sigaction {
  fileprivate init(_ handler: @escaping @convention(c) (Int32) -> Void) {
    self.init()
    #if os(Linux)
      __sigaction_handler.sa_handler = handler
    #else
      __sigaction_u.__sa_handler = handler
    #endif
  }

  fileprivate var isIgnored: Bool {
    #if os(Linux)
      let handler = __sigaction_handler.sa_handler
    #else
      let handler = __sigaction_u.__sa_handler
    #endif
    return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
