// RUN-13: SIGINT and SIGTERM as a wish to stop, which the runner looks at between its waits.

import Foundation

#if canImport(Synchronization)
  import Synchronization
#endif

/// The wish of a person, or of a batch system, that a run ends.
public enum Interruption {
  private static let flag = Atomic<Bool>(false)

  /// From now on SIGINT and SIGTERM do not end this process, but are taken note of.
  public static func listen() {
    _ = flag.load(ordering: .relaxed)  // Made here: a handler of signals may not make it.
    for number in [SIGINT, SIGTERM] {
      signal(number) { _ in Interruption.flag.store(true, ordering: .relaxed) }
    }
  }

  /// Whether one of them came.
  public static var isRequested: Bool { flag.load(ordering: .relaxed) }
}
