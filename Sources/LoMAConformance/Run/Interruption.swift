// RUN-13: SIGINT, SIGTERM and SIGHUP as a wish to stop, which the runner looks at between its waits.

import Foundation

#if canImport(Synchronization)
  import Synchronization
#endif

/// The wish of a person, or of a batch system, that a run ends.
package enum Interruption {
  private static let flag = Atomic<Bool>(false)

  /// From now on SIGINT, SIGTERM and SIGHUP do not end this process, but are taken note of; a SIGHUP that was ignored
  /// before stays so, as under nohup.
  package static func listen() {
    _ = flag.load(ordering: .relaxed)  // Made here: a handler of signals may not make it.
    for number in [SIGINT, SIGTERM, SIGHUP] {
      var before = sigaction()
      sigaction(number, nil, &before)
      if number == SIGHUP, before.isIgnored { continue }
      // Without SA_RESTART, so that whoever waits for the system is told.
      var action = sigaction { _ in Interruption.flag.store(true, ordering: .relaxed) }
      sigaction(number, &action, nil)
    }
  }

  /// Whether one of them came.
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
