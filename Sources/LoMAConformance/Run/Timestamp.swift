// RUN-20: the time of day as written in a results file.

import Foundation

/// UTC, to the second.
package enum Timestamp {
  /// Now, as 2026-11-21T04:00:00Z.
  package static var now: String {
    var (seconds, parts) = (time(nil), tm())
    gmtime_r(&seconds, &parts)
    let fields = [parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec].map {
      $0 < 10 ? "0\($0)" : "\($0)"
    }
    return "\(1900 + parts.tm_year)-\(fields[0])-\(fields[1])T\(fields[2]):\(fields[3]):\(fields[4])Z"
  }
}
