// RUN-18: smallest failing cases for a person, and as vectors that can be asked again.

import LoMAConformance
import LoMAJudgement
import LoMASuite

/// What shrinking led to.
package struct SmallestCases {
  /// One failing case and what it was drawn as.
  package struct Found {
    /// The result of the case as it was drawn.
    package let origin: CaseResult
    /// The smallest that fails.
    var fresh: FreshCase
    /// Its result.
    package var result: CaseResult
    /// How many were asked.
    var questions = 0
    /// Whether everything smaller was asked and passes.
    var isWhole = true
  }

  /// The folder they are written to, below that of the reports.
  package static let folder = "smallest"

  let fresh: FreshCases
  let bounds: CalibratedBounds
  package var all: [Found] = []

  init(fresh: FreshCases, bounds: CalibratedBounds) {
    self.fresh = fresh
    self.bounds = bounds
  }

  /// The id of the smallest case that a result led to.
  static func id(of origin: CaseResult) -> String { origin.id + "-smallest" }

  /// The folder below one of reports that they would be written to; nil if it holds something else.
  package static func path(below folder: String) -> String? {
    let path = folder + "/" + Self.folder
    return OutputFiles.mayHoldVectors(path) ? path : nil
  }

  /// What is printed of them; `again` is the command that asks one again.
  package func text(again: (Found) -> String) -> String {
    "\n"
      + all.map { found in
        let result = found.result
        let end = found.isWhole ? "" : ", and smaller ones were left unasked"
        let dtype = result.dtype == "i64" ? "" : " in \(result.dtype)"
        var lines = [
          "smallest  \(found.fresh)\(dtype): \(result.verdict.rawValue)\(result.why.isEmpty ? "" : ", " + result.why)",
          "  from: \(found.origin.id), questions asked: \(found.questions)\(end)",
        ]
        if let finding = result.finding {
          lines += ["  where: \(finding.tensor)\(finding.index) \(finding.place)"]
          lines += ["  got:  \(finding.got)", "  want: \(finding.want)"]
        }
        return (lines + ["  again: \(again(found))"]).map { $0.onOneLine + "\n" }.joined()
      }.joined(separator: "\n")
  }

  /// A folder of vectors with these cases, and the bounds they were judged by.
  package func write(to path: String) throws {
    let items = all.compactMap { found in
      fresh.item(found.fresh, id: Self.id(of: found.origin))?.asked(in: [found.result.dtype])
    }
    let recording = try FreshCases.recording(of: items, threads: 1) { _, _ in }
    _ = try Recorder(folder: path, disk: .real).write(recording)
    // Without a file of bounds there, the provisional ones are in force there, too (TOL-15).
    guard !bounds.variants.isEmpty else { return }
    let bounds = bounds.ofFreshCases(of: try CaseCorpus(recording))
    if let failure = OutputFiles.write([(CalibratedBounds.fileName, Array(bounds.text.utf8))], into: path) {
      throw SmallestCasesError(path: failure.path, reason: failure.reason)
    }
  }
}

/// A folder that the smallest cases cannot be written to.
struct SmallestCasesError: Error, CustomStringConvertible {
  let path: String
  let reason: String

  var description: String { "cannot write \(path): \(reason)" }
}
