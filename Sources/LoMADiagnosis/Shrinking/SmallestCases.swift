// RUN-18: the smallest failing cases, as text for a person and as vectors that can be asked again.

import LoMACatalogue
import LoMAConformance
import LoMAJudgement
import LoMASuite

/// The result of shrinking.
package struct SmallestCases {
  /// A failing case, and the smallest one that it was shrunk to.
  package struct Found {
    /// The result of the case as it was drawn.
    package let origin: CaseResult
    /// The smallest case that fails.
    var fresh: any DrawnCase
    /// The result of the smallest case.
    package var result: CaseResult
    var questions = 0
    /// Whether every smaller case was asked and passes.
    var isWhole = true
  }

  /// The folder to write them to, below that of the reports.
  package static let folder = "smallest"

  let fresh: FreshCases
  let bounds: CalibratedBounds
  package var all: [Found] = []

  init(fresh: FreshCases, bounds: CalibratedBounds) {
    self.fresh = fresh
    self.bounds = bounds
  }

  /// The id of the smallest case that was shrunk from a result's.
  static func id(of origin: CaseResult) -> String { origin.id + "-smallest" }

  /// The folder for them below a folder of reports; nil if it holds something else.
  package static func path(below folder: String) -> String? {
    let path = folder + "/" + Self.folder
    return OutputFiles.mayHoldVectors(path) ? path : nil
  }

  /// The cases as text; `again` gives the command that asks one again.
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
        // Whole: a command that is cut asks something else.
        return (lines.map { $0.onOneLine } + ["  again: \(again(found))".whole]).map { $0 + "\n" }.joined()
      }.joined(separator: "\n")
  }

  /// Writes a folder of vectors with these cases and with the bounds by which they were judged.
  package func write(to path: String) throws {
    let items = all.compactMap { found in
      fresh.item(found.fresh, id: Self.id(of: found.origin))?.asked(in: [found.result.dtype])
    }
    let recording = try fresh.recording(of: items, threads: 1) { _, _ in }
    _ = try Recorder(folder: path, disk: .real).write(recording)
    // Without a bounds file the provisional bounds are in force there too (TOL-15).
    guard !bounds.variants.isEmpty else { return }
    let bounds = bounds.ofFreshCases(of: try CaseCorpus(recording))
    if let failure = OutputFiles.write([(CalibratedBounds.fileName, Array(bounds.text.utf8))], into: path) {
      throw SmallestCasesError(path: failure.path, reason: failure.reason)
    }
  }
}

/// The folder for the smallest cases cannot be used.
struct SmallestCasesError: Error, CustomStringConvertible {
  let path: String
  let reason: String

  var description: String { "cannot write \(path): \(reason)" }
}
