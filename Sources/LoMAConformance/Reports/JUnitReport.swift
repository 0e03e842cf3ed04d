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
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n" + suites.joined() + "</testsuites>\n"
  }

  private func suite(
    _ results: [CaseResult], level: String, place: Int, _ run: RunRecord, said: [String]
  ) -> String {
    let outcomes = results.map { Outcome($0.verdict) }
    func count(_ outcome: Outcome) -> Int { outcomes.count { $0 == outcome } }
    let properties = [
      ("candidate", "\(run.header.candidate.name) \(run.header.candidate.version)"), ("suite", run.header.suite),
      ("specification", run.header.specification), ("manifest_sha256", run.header.manifestDigest),
      ("bounds_sha256", run.header.boundsDigest ?? "none"),
    ].map { "    <property name=\"\($0)\" value=\"\(text($1))\"/>\n" }
    let seconds = results.map { $0.seconds }.reduce(0, +)
    return """
        <testsuite id="\(place)" name="\(text(level))" package="loma" hostname="localhost" \
      timestamp="\(text(String(run.header.started.prefix(19))))" tests="\(results.count)" \
      failures="\(count(.failure))" errors="\(count(.error))" skipped="\(count(.skipped))" time="\(decimal(seconds))">
          <properties>
      \(properties.map { "  " + $0 }.joined())\
          </properties>
      \(results.map { test($0, run.header) }.joined())\
          \(output(said))
          <system-err/>
        </testsuite>

      """
  }

  private func output(_ lines: [String]) -> String {
    lines.isEmpty ? "<system-out/>" : "<system-out>\(text(lines.joined(separator: "\n")))</system-out>"
  }

  private func test(_ result: CaseResult, _ header: RunHeader) -> String {
    let start =
      "    <testcase classname=\"loma.\(text(result.level)).\(text(result.op))\" "
      + "name=\"\(text(result.id)) [\(text(result.dtype))]\" time=\"\(decimal(result.seconds))\""
    let outcome = Outcome(result.verdict)
    let message = text(result.why.isEmpty ? result.verdict.rawValue : result.why)
    switch outcome {
    case .passed: return start + "/>\n"
    case .skipped: return start + ">\n      <skipped message=\"\(message)\"/>\n    </testcase>\n"
    case .failure, .error:
      return start + ">\n      <\(outcome.rawValue) type=\"\(result.verdict.rawValue)\" message=\"\(message)\">"
        + text(result.details(again: header.replay(result))) + "</\(outcome.rawValue)>\n    </testcase>\n"
    }
  }

  /// The JUnit element for a verdict.
  private enum Outcome: String {
    case passed, failure, error, skipped

    init(_ verdict: Verdict) {
      self =
        switch verdict {
        case .pass: .passed
        case .unsupported, .indeterminate, .knownFailure: .skipped
        case .fail, .unexpectedPass, .wrongRejection: .failure
        case .crash, .timeout, .protocolError, .invalidOutput, .memory, .notRun, .runnerError: .error
        }
    }
  }

  /// Text for XML 1.0: escaped, without the characters that XML cannot represent.
  private func text(_ text: String) -> String {
    var allowed = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": allowed.append(contentsOf: "&#10;".unicodeScalars)
      case "\t": allowed.append(contentsOf: "&#9;".unicodeScalars)
      case "&": allowed.append(contentsOf: "&amp;".unicodeScalars)
      case "<": allowed.append(contentsOf: "&lt;".unicodeScalars)
      case ">": allowed.append(contentsOf: "&gt;".unicodeScalars)
      case "\"": allowed.append(contentsOf: "&quot;".unicodeScalars)
      case "\u{0}"..<" ", "\u{FFFE}"..."\u{FFFF}": allowed.append("\u{FFFD}")
      default: allowed.append(scalar)
      }
    }
    return String(allowed)
  }
}

/// Seconds with three decimals, as XML's decimal type requires: without an exponent.
func decimal(_ seconds: Double) -> String {
  let thousandths = Int(min(max(seconds, 0), 1e12) * 1000 + 0.5)
  let rest = String(thousandths % 1000)
  return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
}

extension CaseResult {
  /// The details of a wrong unit, on several lines.
  func details(again: String) -> String {
    var lines = ["\(id) in \(dtype): \(verdict.rawValue)\(why.isEmpty ? "" : ": " + why)", "hunts: \(hunts)"]
    if let finding {
      let index = finding.index.map(String.init).joined(separator: ", ")
      lines.append("tensor: \(finding.tensor)[\(index)]\(finding.place.isEmpty ? "" : ", " + finding.place)")
      lines += ["got: \(finding.got)", "want: \(finding.want)", "error over bound: \(short(finding.ratio))"]
    }
    lines += diagnosis
    lines.append("clauses: " + clauses.joined(separator: " "))
    lines.append("again: " + again)
    if !standardError.isEmpty { lines += ["standard error:", standardError] }
    return lines.joined(separator: "\n")
  }
}
