// Writes an outcome to standard output, or to a file that appears under its name only when it is complete.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import LoMAConformance

/// Writes the outcome and returns the exit code of the process.
func deliver(_ outcome: Outcome) -> Int32 {
  var outcome = outcome
  if outcome.complaint == nil || !outcome.output.isEmpty {
    if let path = outcome.path {
      if let reason = OutputFiles.write(outcome.output, to: path) {
        outcome = .rejected("cannot write \(path): \(reason)")
      }
    } else if let reason = write(outcome.output, to: STDOUT_FILENO), reason != EPIPE {
      outcome = .rejected("cannot write standard output: \(describe(reason))")
    }
  }
  if let complaint = outcome.complaint { _ = write(complaint + "\n", to: STDERR_FILENO) }
  return outcome.exitCode.rawValue
}

/// Writes to standard output without buffering; false if the reader has closed it.
func say(_ text: String) -> Bool { write(text, to: STDOUT_FILENO) == nil }

func complain(_ text: String) { _ = write(text, to: STDERR_FILENO) }

/// Writes the whole text; returns the error number if that fails, else nil.
private func write(_ text: String, to descriptor: Int32) -> Int32? {
  let bytes = Array(text.utf8)
  var done = 0
  while done < bytes.count {
    let written = bytes[done...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    if written < 0, errno == EINTR { continue }
    guard written > 0 else { return written < 0 ? errno : EIO }
    done += written
  }
  return nil
}

private func describe(_ errorNumber: Int32) -> String { String(cString: strerror(errorNumber)) }
