// RUN-13, RUN-20: the results of a run on a model as they grow, and those of an earlier run that are taken over.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import LoMAConformance
import LoMAOwnModel
import LoMAVectors

/// The findings of a run, appended to own.jsonl in its folder of reports.
package final class GrowingFindings {
  private let path: String?
  private var descriptor: Int32 = -1

  /// Begins the file with the findings taken over, or writes nothing if there is no folder. Throws `FileError`.
  package init(folder: String?, kept: OwnEarlier) throws(FileError) {
    path = folder.map { $0 + "/" + FindingsFile.name }
    guard let path else { return }
    let smaller = kept.smaller.sorted { $0.key < $1.key }.flatMap { key, findings in
      let parts = key.split(separator: "\n", maxSplits: 1).map { String($0) }
      return FindingsFile.line(id: parts[0], dtype: parts.count > 1 ? parts[1] : "", findings)
    }
    let lines = kept.units.flatMap { Self.line($0) } + smaller
    try Files.replace(path, with: lines)
    descriptor = open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC)
    if descriptor < 0 { throw .failed("open", path: path, code: errno) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Appends the findings of a unit. Throws `FileError`.
  package func add(_ unit: JudgedOwnUnit) throws(FileError) {
    guard descriptor >= 0, let path else { return }
    let bytes = Self.line(unit)
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .failed("write", path: path, code: errno) }
      done += count
    }
  }

  /// Removes the file of a run that came to its end.
  package func end() { if let path { unlink(path) } }

  private static func line(_ unit: JudgedOwnUnit) -> [UInt8] {
    unit.findings.map { FindingsFile.line(id: unit.result.id, dtype: unit.result.dtype, $0) } ?? []
  }
}

/// What a resumed run takes over from its earlier part.
package struct OwnEarlier {
  package let units: [JudgedOwnUnit]
  /// Findings of smaller texts (OWN-9), by `FindingsFile.key`.
  package let smaller: [String: OwnFindings]

  /// Nothing, for a run that is not resumed.
  package init() { (units, smaller) = ([], [:]) }

  init(units: [JudgedOwnUnit], smaller: [String: OwnFindings]) {
    (self.units, self.smaller) = (units, smaller)
  }
}

extension ResultsFile {
  /// What to take over when the run of `header` is resumed: the units that were asked and whose findings, if they had an
  /// answer, lie beside the file, and what was found in smaller texts. Throws `ReportError` or `FindingsError`.
  package func earlier(for header: RunHeader) throws -> OwnEarlier {
    let done = try reusable(for: header)
    let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    let findings = try FindingsFile.findings(in: (folder.isEmpty ? "" : folder + "/") + FindingsFile.name)
    let units = done.compactMap { result -> JudgedOwnUnit? in
      let known = findings[FindingsFile.key(result.id, result.dtype)]
      // An answer that was compared left its findings; without them nothing follows from the verdict.
      return known == nil && !result.tensors.isEmpty ? nil : JudgedOwnUnit(result: result, findings: known)
    }
    // A unit whose findings were written and whose result was not is asked again.
    let start = OwnPlace(.forward, text: OwnText.smaller + ".").id
    return OwnEarlier(units: units, smaller: findings.filter { $0.key.hasPrefix(start) })
  }
}
