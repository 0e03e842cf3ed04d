// RUN-25: report.html, one offline page: what is claimed, every unit, and for each wrong one where and how it is wrong.

import Foundation

/// A picture that stands beside a case: the mask of its texts.
public struct CasePicture: Sendable {
  /// What it shows, for whoever cannot see it.
  public let caption: String
  /// A whole SVG file.
  public let svg: String

  /// A picture of these parts.
  public init(caption: String, svg: String) {
    self.caption = caption
    self.svg = svg
  }
}

/// Draws a run as a page.
public struct HTMLReport: Sendable {
  /// The most cases that are shown with their details; all of them stand in the table.
  public static let detailLimit = 200
  /// The mask of a case's texts, by id; none where it has no texts.
  private let picture: @Sendable (String) -> CasePicture?

  /// A page whose pictures come from `picture`, which is asked once for a case that is wrong.
  public init(picture: @escaping @Sendable (String) -> CasePicture?) { self.picture = picture }

  /// A complete HTML file that loads nothing from anywhere.
  public func draw(_ run: RunRecord) -> String {
    let claims = run.claims
    let candidate = run.header.candidate
    let title = "LoMA conformance: \(candidate.name) \(candidate.version)"
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8"/>
      <meta name="viewport" content="width=device-width"/>
      <meta name="color-scheme" content="light dark"/>
      <meta http-equiv="Content-Security-Policy" \
      content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"/>
      <title>\(escape(title))</title>
      <style>
      \(ReportAssets.style)
      </style>
      </head>
      <body>
      <h1>\(escape(title))</h1>
      <nav aria-label="Sections"><a href="#summary">summary</a> <a href="#claims">claims</a> \
      <a href="#units">units</a> <a href="#wrong">what is wrong</a></nav>
      <main>
      \(summary(run, claims))
      \(ClaimsTable().draw(claims))
      \(UnitTable().draw(run.results))
      \(details(run.results))
      </main>
      <script>
      \(ReportAssets.script)
      </script>
      </body>
      </html>

      """
  }

  private func summary(_ run: RunRecord, _ claims: Claims) -> String {
    let (header, footer) = (run.header, run.footer)
    let met = claims.cells.count { $0.status == .met }
    let made = claims.cells.count
    let verdicts = Verdict.allCases.filter { claims.count($0) > 0 }.map { verdict in
      "<span class=\"verdict \(verdict.tone)\">\(claims.count(verdict)) \(verdict.rawValue)</span>"
    }
    let filters = header.filters.members.map { "\($0.key) \($0.value.stringValue ?? $0.value.line)" }
    let facts: [(String, String)] = [
      ("suite", header.suite), ("specification", header.specification), ("manifest", header.manifestDigest),
      ("bounds", header.boundsDigest ?? "none: provisional floors"),
      (
        "command",
        header.candidate.command.isEmpty ? "answered elsewhere" : header.candidate.command.joined(separator: " ")
      ),
      ("declares", (header.candidate.ops + header.candidate.dtypes).joined(separator: " ")),
      ("filters", filters.isEmpty ? "none" : filters.joined(separator: ", ")),
      ("shard", "\(header.shard.index) of \(header.shard.count)"),
      ("exit code", "\(footer.exit)"),
      ("time", "\(header.started) to \(footer.finished), \(decimal(footer.seconds)) s"),
    ]
    let diagnosis = footer.diagnosis.map { "<li>\(escape($0))</li>" }
    let interrupted =
      footer.interrupted
      ? "<p class=\"alert\">The run was interrupted: nothing is claimed of what was not asked.</p>" : ""
    return """
      <section aria-labelledby="summary">
      <h2 id="summary">summary</h2>
      \(interrupted)<p class="lead">\(met) of \(made) claims met, \(run.results.count) units</p>
      <p>\(verdicts.joined(separator: " "))</p>
      \(diagnosis.isEmpty ? "" : "<ul class=\"diagnosis\">\(diagnosis.joined())</ul>")
      <dl>\(facts.map { "<dt>\($0.0)</dt><dd>\(escape($0.1))</dd>" }.joined())</dl>
      </section>
      """
  }

  /// What is wrong, case by case: its mask once, then what each element type says.
  private func details(_ results: [CaseResult]) -> String {
    let wrong = results.filter { $0.verdict.tone == "wrong" || $0.verdict.tone == "known" }
    var ids: [String] = []
    var seen: Set<String> = []
    for result in wrong where seen.insert(result.id).inserted { ids.append(result.id) }
    let shown = ids.prefix(HTMLReport.detailLimit).map { id in
      section(id, wrong.filter { $0.id == id })
    }
    let rest = ids.count - shown.count
    let note =
      ids.isEmpty
      ? "<p>Nothing is wrong.</p>"
      : rest > 0 ? "<p>\(rest) more cases stand in the table and in report.json only.</p>" : ""
    return """
      <section aria-labelledby="wrong">
      <h2 id="wrong">what is wrong</h2>
      \(shown.joined(separator: "\n"))
      \(note)
      </section>
      """
  }

  private func section(_ id: String, _ results: [CaseResult]) -> String {
    guard let first = results.first else { return "" }
    let mask =
      picture(id).map { picture in
        let data = Data(picture.svg.utf8).base64EncodedString()
        return "<details class=\"picture\"><summary>mask: \(escape(picture.caption))</summary>"
          + "<div class=\"scroll\"><img alt=\"\(escape(picture.caption))\" src=\"data:image/svg+xml;base64,\(data)\"/>"
          + "</div></details>"
      } ?? ""
    return """
      <article aria-labelledby="case-\(escape(id))">
      <h3 id="case-\(escape(id))">\(escape(id))</h3>
      <p class="subtitle">hunts: \(escape(first.hunts)) · \(escape(first.clauses.joined(separator: " ")))</p>
      \(results.map { Failure(result: $0).draw() }.joined(separator: "\n"))
      \(mask)
      </article>
      """
  }
}

extension Verdict {
  /// The class of a verdict: its colour; the word beside it says the same.
  var tone: String {
    switch self {
    case .pass: "right"
    case .unsupported, .indeterminate, .notRun: "open"
    case .knownFailure: "known"
    case .fail, .unexpectedPass, .crash, .timeout, .protocolError, .invalidOutput, .wrongRejection, .memory,
      .runnerError:
      "wrong"
    }
  }
}
