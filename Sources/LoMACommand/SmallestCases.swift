// RUN-18: smallest failing cases for a person, and as vectors that can be asked again.

import LoMAConformance
import LoMASuite

/// What shrinking led to.
struct SmallestCases {
  /// One failing case and what it was drawn as.
  struct Found {
    /// The result of the case as it was drawn.
    let origin: CaseResult
    /// The smallest that fails.
    var fresh: FreshCase
    /// Its result.
    var result: CaseResult
    /// How many were asked.
    var questions = 0
    /// Whether everything smaller was asked and passes.
    var isWhole = true
  }

  /// The folder they are written to, below that of the reports.
  private static let folder = "smallest"

  let fresh: FreshCases
  let bounds: CalibratedBounds
  let options: ConformOptions
  var all: [Found] = []

  init(fresh: FreshCases, bounds: CalibratedBounds, options: ConformOptions) {
    self.fresh = fresh
    self.bounds = bounds
    self.options = options
  }

  /// The id of the smallest case that a result led to.
  static func id(of origin: CaseResult) -> String { origin.id + "-smallest" }

  /// Throws `UsageError` where the folder that they would be written to holds something else.
  static func check(_ folder: String) throws {
    let path = folder + "/" + Self.folder
    guard OutputFiles.mayHoldVectors(path) else {
      throw UsageError(line: "\(path) holds no vectors: what is found smallest could not be written there")
    }
  }

  /// What is printed of them; written as vectors where there is a folder.
  func delivered(to folder: String?) throws -> String {
    guard !all.isEmpty else { return "" }
    guard let folder else {
      return text { found in
        ConformTexts.replay(found.origin, options, from: ConformTexts.source(of: found.origin), more: "")
      }
    }
    let path = folder + "/" + Self.folder
    try write(to: path)
    return text { found in
      ConformTexts.replay(found.result, options, from: "--vectors \(ConformTexts.quoted(path)) ", more: "")
    }
  }

  private func text(again: (Found) -> String) -> String {
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
  private func write(to path: String) throws {
    let items = all.compactMap { found in
      fresh.item(found.fresh, id: Self.id(of: found.origin))?.asked(in: [found.result.dtype])
    }
    let recording = try FreshCases.recording(of: items, threads: 1) { _, _ in }
    _ = try Recorder(folder: path, disk: .real).write(recording)
    // Without a file of bounds there, the provisional ones are in force there, too (TOL-15).
    guard !bounds.variants.isEmpty else { return }
    let bounds = bounds.ofFreshCases(of: try CaseCorpus(recording))
    if let failure = OutputFiles.write([(CalibratedBounds.fileName, Array(bounds.text.utf8))], into: path) {
      throw UsageError(line: "cannot write \(failure.path): \(failure.reason)")
    }
  }
}
