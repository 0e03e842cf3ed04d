// RUN-24: junit.xml, for the many programs that read it: one suite per level, one test per unit.
//
// The file is valid under both schemas in use (Jenkins' and Windyroad's), so it uses only what both allow: no attribute
// on the root, standard error in the body of a failure, and remarks on the whole run as the output of its first suite.

import LoMAJudgement
import LoMAVectors

/// Writes a run as JUnit XML.
package struct JUnitReport: Sendable {
  package init() {}

  /// The contents of the file.
  package func draw(_ run: RunRecord) -> String {
    var levels: [String] = []
    for result in run.results where !levels.contains(result.level) { levels.append(result.level) }
    let account = FailureAccount(run).lines(run) + [run.lastLine]
    let suites = levels.enumerated().map { place, level in
      suite(
        run.results.filter { $0.level == level }, level: level, place: place, run, said: place == 0 ? account : [])
    }
    let root = Markup("testsuites", indented: suites)
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + root.source + "\n"
  }

  private func suite(
    _ results: [CaseResult], level: String, place: Int, _ run: RunRecord, said: [String]
  ) -> Markup {
    let outcomes = results.map { Outcome($0.verdict) }
    func count(_ outcome: Outcome) -> String { "\(outcomes.count { $0 == outcome })" }
    let properties = [
      ("candidate", "\(run.header.candidate.name) \(run.header.candidate.version)"), ("suite", run.header.suite),
      ("specification", run.header.specification), ("manifest_sha256", run.header.manifestDigest),
      ("bounds_sha256", run.header.boundsDigest ?? "none"),
    ].map { Markup(empty: "property", ["name": $0, "value": $1]) }
    let output =
      said.isEmpty
      ? Markup(empty: "system-out") : Markup("system-out", [Markup(onOneLine: said.joined(separator: "\n"))])
    return Markup(
      "testsuite",
      [
        "id": "\(place)", "name": level, "package": "loma", "hostname": "localhost",
        "timestamp": String(run.header.started.prefix(19)), "tests": "\(results.count)", "failures": count(.failure),
        "errors": count(.error), "skipped": count(.skipped), "time": decimal(results.map { $0.seconds }.reduce(0, +)),
      ],
      indented: [Markup("properties", indented: properties)] + results.map { test($0, run.header) }
        + [output, Markup(empty: "system-err")])
  }

  private func test(_ result: CaseResult, _ header: RunHeader) -> Markup {
    let attributes: Markup.Attributes = [
      "classname": "loma.\(result.level).\(result.op)", "name": "\(result.id) [\(result.dtype)]",
      "time": decimal(result.seconds),
    ]
    let message = result.why.isEmpty ? result.verdict.rawValue : result.why
    let reason: Markup.Attributes = ["type": result.verdict.rawValue, "message": message]
    let details = [Markup(onOneLine: result.details(again: header.replay(result)))]
    switch Outcome(result.verdict) {
    case .passed: return Markup(empty: "testcase", attributes)
    case .skipped: return Markup("testcase", attributes, indented: [Markup(empty: "skipped", ["message": message])])
    case .failure: return Markup("testcase", attributes, indented: [Markup("failure", reason, details)])
    case .error: return Markup("testcase", attributes, indented: [Markup("error", reason, details)])
    }
  }

  /// The JUnit element for a verdict.
  private enum Outcome {
    case passed, failure, error, skipped

    init(_ verdict: Verdict) {
      self =
        switch verdict {
        case .pass: .passed
        case .unsupported, .indeterminate, .knownFailure: .skipped
        case .fail, .suspect, .unexpectedPass, .wrongRejection: .failure
        case .crash, .timeout, .protocolError, .invalidOutput, .memory, .notRun, .runnerError: .error
        }
    }
  }
}

/// Seconds with three decimals, as XML's decimal type requires: without an exponent.
func decimal(_ seconds: Double) -> String {
  decimals(min(max(seconds, 0), 1e12), 3)
}

extension CaseResult {
  /// The details of a wrong unit, on several lines.
  func details(again: String) -> String {
    var lines = ["\(id) in \(dtype): \(verdict.rawValue)\(why.isEmpty ? "" : ": " + why)", "hunts: \(hunts)"]
    if let finding {
      let index = finding.index.map(String.init).joined(separator: ", ")
      lines.append("tensor: \(finding.tensor)[\(index)]\(finding.place.isEmpty ? "" : ", " + finding.place)")
      lines += ["got: \(finding.got)", "want: \(finding.want)"]
      if let (count, all) = wrongElements {
        lines.append("wrong: \(count) of \(all)")
      } else {
        lines.append("error over bound: \(short(finding.ratio))")
      }
    }
    lines += diagnosis
    lines.append("clauses: " + orderedClauses.joined(separator: " "))
    lines.append("again: " + again)
    if !standardError.isEmpty { lines += ["standard error:", standardError] }
    return lines.joined(separator: "\n")
  }
}
