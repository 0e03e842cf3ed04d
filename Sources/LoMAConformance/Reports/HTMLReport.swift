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
    return ReportAssets.page.page([
      "style-digest": digest(ReportAssets.style), "script-digest": digest(ReportAssets.script), "name": word(name),
      "style": ReportAssets.style, "top": top(run, claims, account, name),
      "wrong": account.unit == nil ? Markup(text: "") : wrong(account), "claims": ClaimsTable().draw(claims),
      "units": units(run), "run": facts(run), "data": data.markup(), "script": ReportAssets.script,
    ])
  }

  /// A source of the content security policy: only the script or style with this digest may run.
  private func digest(_ file: Markup) -> Markup {
    var digest = SHA256()
    digest.update(Array(file.source.utf8))
    return Markup(text: "'sha256-\(Data(digest.digest()).base64EncodedString())'")
  }

  private func top(_ run: RunRecord, _ claims: Claims, _ account: FailureAccount, _ name: String) -> Markup {
    let met = claims.cells.count { $0.status == .met }
    let made = claims.cells.count
    let verdicts = Verdict.allCases.filter { claims.count($0) > 0 }.map { verdict in
      Markup("span", ["class": "verdict " + verdict.tone], "\(claims.count(verdict)) \(verdict.rawValue)")
    }
    let again = account.unit.map { place in
      let command = Markup("code", [word(run.header.replay(run.results[place]))])
      return Markup("li", [Markup(text: "ask the case below again: "), command])
    }
    let advice = account.advice.map { Markup("li", [word($0)]) } + [again].compactMap { $0 }
    let causes = account.causes.map { Markup("li", [word($0)]) }
    // Two lines, which stay where nothing is said.
    var (said, todo): ([Markup], [Markup]) = ([], [])
    if run.footer.interrupted {
      said.append(
        Markup("p", ["class": "alert"], "The run was interrupted: nothing is claimed of what was not asked."))
    }
    if !causes.isEmpty { said.append(Markup("ul", ["class": "causes"], causes)) }
    if !advice.isEmpty { todo = [Markup("h2", "what to do"), Markup("ul", ["class": "advice"], advice)] }
    let header = Markup(
      "header",
      lines: [
        Markup("p", ["class": "name"], [word(name)]), Markup("h1", [word(account.headline)]), .joined(said),
        .joined(todo),
        Markup(
          "p",
          [
            .joined(verdicts, by: " "), Markup(text: " "),
            Markup("span", ["class": "met"], "\(met) of \(made) claims met"),
          ]),
      ])
    let alert = Markup(
      "p", ["class": "alert"],
      "Without scripts this page shows what stands above, the claims and the run; every unit stands in report.json.")
    return .joined([header, Markup("noscript", [alert]), filter(run.results)], by: "\n")
  }

  private func filter(_ results: [CaseResult]) -> Markup {
    let verdicts = Verdict.allCases.map { $0.rawValue }.filter { name in
      results.contains { $0.verdict.rawValue == name }
    }
    let field = Markup(empty: "input", ["name": "text", "type": "search", "placeholder": "id, profile or reason"])
    let choices = [
      select("verdict", verdicts), select("level", distinct(results.map { $0.level })),
      select("dtype", distinct(results.map { $0.dtype })),
    ]
    return Markup(
      "form", ["class": "filter", "role": "search", "aria-label": "The whole page", "hidden": "hidden"],
      lines: [
        Markup("label", [Markup(text: "text "), field]), .joined(choices, by: " "),
        Markup("output", ["aria-live": "polite"]),
      ])
  }

  private func select(_ name: String, _ values: [String]) -> Markup {
    let options = [Markup("option", ["value": ""], "all")] + values.map { Markup("option", [word($0)]) }
    return Markup("label", [Markup(text: name + " "), Markup("select", ["name": name], options)])
  }

  private func distinct(_ values: [String]) -> [String] {
    var seen: Set<String> = []
    return values.filter { seen.insert($0).inserted }
  }

  private func wrong(_ account: FailureAccount) -> Markup {
    let groups = account.groups.count == 1 ? "One group" : "\(account.groups.count) groups"
    let words =
      "\(groups) by level, operation and tensor, the lowest level first. Drawn are cases in their first wrong element "
      + "type, up to \(PageData.pictureLimit >> 10) KiB of pictures."
    let unit = section("one", "one of them in full", [Markup("div", ["id": "unit"])])
    let all = section(
      "wrong", "everything that is wrong", [Markup("p", ["class": "dim"], words), Markup("div", ["id": "groups"])])
    return .joined([unit, all], by: "\n")
  }

  private func units(_ run: RunRecord) -> Markup {
    let all = Markup("details", ["id": "all"], [Markup("summary", "\(run.results.count) units")])
    return section("units", "every unit", [all])
  }

  private func facts(_ run: RunRecord) -> Markup {
    let (header, footer) = (run.header, run.footer)
    let filters = header.filters.members.map { "\($0.key) \($0.value.stringValue ?? $0.value.line)" }
    let command = header.candidate.command.shellLine
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
    let list = facts.flatMap { [Markup("dt", $0.0), Markup("dd", [word($0.1)])] }
    return section("run", "the run", [Markup("dl", list)])
  }
}

/// A section below its heading, which is its name.
func section(_ id: String, _ heading: String, _ lines: [Markup]) -> Markup {
  Markup("section", ["aria-labelledby": id], lines: [Markup("h2", ["id": id], heading)] + lines)
}

/// An untrusted text, escaped for an element or an attribute.
func word(_ text: String) -> Markup { Markup(text: text.printable) }

extension Verdict {
  /// The CSS class of a verdict, which sets its colour; the word beside it says the same.
  var tone: String {
    switch self {
    case .pass: "right"
    case .unsupported, .indeterminate, .suspect, .notRun: "open"
    case .knownFailure: "known"
    case .fail, .unexpectedPass, .crash, .timeout, .protocolError, .invalidOutput, .wrongRejection, .memory,
      .runnerError:
      "wrong"
    }
  }
}
