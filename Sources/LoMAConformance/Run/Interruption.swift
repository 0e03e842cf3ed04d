// RUN-13: SIGINT, SIGTERM and SIGHUP as a wish to stop, which the runner looks at between its waits.

import Foundation

#if canImport(Synchronization)
  import Synchronization
#endif

/// The wish of a person, or of a batch system, that a run ends.
public enum Interruption {
  private static let flag = Atomic<Bool>(false)

  /// From now on SIGINT, SIGTERM and SIGHUP do not end this process, but are taken note of; a SIGHUP that was ignored
  /// before stays so, as under nohup.
  public static func listen() {
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
  public static var isRequested: Bool { flag.load(ordering: .relaxed) }
}

extension sigaction {
  #if os(Linux)
    fileprivate init(_ handler: @escaping @convention(c) (Int32) -> Void) {
      self.init()
      __sigaction_handler.sa_handler = handler
    }
    fileprivate var isIgnored: Bool {
      unsafeBitCast(__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
  #else
    fileprivate init(_ handler: @escaping @convention(c) (Int32) -> Void) {
      self.init()
      __sigaction_u.__sa_handler = handler
    }
    fileprivate var isIgnored: Bool {
      unsafeBitCast(__sigaction_u.__sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
  #endif
}
