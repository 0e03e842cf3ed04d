// RUN-25: report.html, one offline page: why units are wrong, one of them in full, the others in groups, and the
// claims.

import Foundation
import LoMAJudgement
import LoMAVectors

/// Writes a run as an HTML page.
package struct HTMLReport: Sendable {
  /// The texts of a case, by id; nil if it has no texts, or too many rows to name.
  private let texts: @Sendable (String) -> CaseLayout?

  /// A page whose rows are named after the layouts of `texts`, which is called once for each wrong case.
  package init(texts: @escaping @Sendable (String) -> CaseLayout?) { self.texts = texts }

  /// A complete HTML file that loads nothing and runs no script or style but its own.
  package func draw(_ run: RunRecord) -> String {
    let claims = run.claims
    let account = FailureAccount(run)
    let candidate = run.header.candidate
    let name = "LoMA conformance: \(candidate.name) \(candidate.version)"
    var data = PageData(run, account, texts: texts)
    return ReportAssets.page.filled([
      "style-digest": digest(ReportAssets.style), "script-digest": digest(ReportAssets.script), "name": word(name),
      "style": ReportAssets.style, "top": top(run, claims, account, name),
      "wrong": account.unit == nil ? "" : wrong(account), "claims": ClaimsTable().draw(claims), "units": units(run),
      "run": facts(run), "data": data.text(), "script": ReportAssets.script,
    ])
  }

  /// A source of the content security policy: only the script or style with this digest may run.
  private func digest(_ text: String) -> String {
    var digest = SHA256()
    digest.update(Array(text.utf8))
    return "'sha256-\(Data(digest.digest()).base64EncodedString())'"
  }

  private func top(_ run: RunRecord, _ claims: Claims, _ account: FailureAccount, _ name: String) -> String {
    let met = claims.cells.count { $0.status == .met }
    let made = claims.cells.count
    let verdicts = Verdict.allCases.filter { claims.count($0) > 0 }.map { verdict in
      "<span class=\"verdict \(verdict.tone)\">\(claims.count(verdict)) \(verdict.rawValue)</span>"
    }
    let interrupted =
      run.footer.interrupted
      ? "<p class=\"alert\">The run was interrupted: nothing is claimed of what was not asked.</p>" : ""
    let again = account.unit.map { place in
      "<li>ask the case below again: <code>\(word(run.header.replay(run.results[place])))</code></li>"
    }
    let advice = account.advice.map { "<li>\(word($0))</li>" } + [again].compactMap { $0 }
    let causes = account.causes.map { "<li>\(word($0))</li>" }
    return """
      <header>
      <p class="name">\(word(name))</p>
      <h1>\(word(account.headline))</h1>
      \(interrupted)\
      \(causes.isEmpty ? "" : "<ul class=\"causes\">\(causes.joined())</ul>")
      \(advice.isEmpty ? "" : "<h2>what to do</h2><ul class=\"advice\">\(advice.joined())</ul>")
      <p>\(verdicts.joined(separator: " ")) <span class="met">\(met) of \(made) claims met</span></p>
      </header>
      <noscript><p class="alert">Without scripts this page shows what stands above, the claims and the run; \
      every unit stands in report.json.</p></noscript>
      \(filter(run.results))
      """
  }

  private func filter(_ results: [CaseResult]) -> String {
    let verdicts = Verdict.allCases.map { $0.rawValue }.filter { name in
      results.contains { $0.verdict.rawValue == name }
    }
    return """
      <form class="filter" role="search" aria-label="The whole page" hidden="hidden">
      <label>text <input name="text" type="search" placeholder="id, profile or reason"/></label>
      \(select("verdict", verdicts)) \(select("level", distinct(results.map { $0.level }))) \
      \(select("dtype", distinct(results.map { $0.dtype })))
      <output aria-live="polite"></output>
      </form>
      """
  }

  private func select(_ name: String, _ values: [String]) -> String {
    let options = values.map { "<option>\(word($0))</option>" }
    return "<label>\(name) <select name=\"\(name)\"><option value=\"\">all</option>\(options.joined())</select></label>"
  }

  private func distinct(_ values: [String]) -> [String] {
    var seen: Set<String> = []
    return values.filter { seen.insert($0).inserted }
  }

  private func wrong(_ account: FailureAccount) -> String {
    """
    <section aria-labelledby="one">
    <h2 id="one">one of them in full</h2>
    <div id="unit"></div>
    </section>
    <section aria-labelledby="wrong">
    <h2 id="wrong">everything that is wrong</h2>
    <p class="dim">\(account.groups.count == 1 ? "One group" : "\(account.groups.count) groups") by level, operation and \
    tensor, the lowest level first. Drawn are cases in their first wrong element type, up to \
    \(PageData.pictureLimit >> 10) KiB of pictures.</p>
    <div id="groups"></div>
    </section>
    """
  }

  private func units(_ run: RunRecord) -> String {
    """
    <section aria-labelledby="units">
    <h2 id="units">every unit</h2>
    <details id="all"><summary>\(run.results.count) units</summary></details>
    </section>
    """
  }

  private func facts(_ run: RunRecord) -> String {
    let (header, footer) = (run.header, run.footer)
    let filters = header.filters.members.map { "\($0.key) \($0.value.stringValue ?? $0.value.line)" }
    let command = header.candidate.command.map { $0.shellWord }.joined(separator: " ")
    let facts: [(String, String)] = [
      ("suite", header.suite), ("specification", header.specification), ("manifest", header.manifestDigest),
      ("bounds", header.boundsDigest ?? "none: provisional floors"),
      ("command", command.isEmpty ? "answered elsewhere" : command),
      ("declares", (header.candidate.ops + header.candidate.dtypes).joined(separator: " ")),
      ("filters", filters.isEmpty ? "none" : filters.joined(separator: ", ")),
      ("in one line", run.lastLine), ("shard", "\(header.shard.index) of \(header.shard.count)"),
      ("exit code", "\(footer.exit)"),
      ("time", "\(header.started) to \(footer.finished), \(decimal(footer.seconds)) s"),
    ]
    return """
      <section aria-labelledby="run">
      <h2 id="run">the run</h2>
      <dl>\(facts.map { "<dt>\($0.0)</dt><dd>\(word($0.1))</dd>" }.joined())</dl>
      </section>
      """
  }
}

/// An untrusted text, escaped for an element or an attribute.
func word(_ text: String) -> String { escape(printable(text)) }

extension Verdict {
  /// The CSS class of a verdict, which sets its colour; the word beside it says the same.
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
