// RUN-23: report.json, a finished run for programs: summary, account, claims, environment, and every unit.

import LoMAJudgement
import LoMAVectors

/// Writes a run as JSON; its schema is Spec/schemas/report.schema.json.
package struct JSONReport: Sendable {
  package init() {}

  /// The contents of the file.
  package func draw(_ run: RunRecord) -> String {
    let claims = run.claims
    return JSONValue.members([
      .init("loma_report", .integer(1)), .init("summary", summary(run, claims)),
      .init("account", FailureAccount(run).json(run)),
      .init("claims", .array(claims.cells.map { claim($0) })), .init("candidate", run.header.candidate.json),
      .init(
        "environment",
        .members([
          .init("suite", .string(run.header.suite)), .init("specification", .string(run.header.specification)),
          .init("manifest_sha256", .string(run.header.manifestDigest)),
          .init("bounds_sha256", .string(orNull: run.header.boundsDigest)),
          .init("filters", .object(run.header.filters)),
          .init("shard", .array([.integer(run.header.shard.index), .integer(run.header.shard.count)])),
        ])),
      .init(
        "times",
        .members([
          .init("started", .string(run.header.started)), .init("finished", .string(run.footer.finished)),
          .init("seconds", .double(run.footer.seconds)),
        ])),
      .init("units", .array(run.results.map { $0.json })),
    ]).text() + "\n"
  }

  private func summary(_ run: RunRecord, _ claims: Claims) -> JSONValue {
    .members([
      .init("units", .integer(run.results.count)), .init("interrupted", .boolean(run.footer.interrupted)),
      .init("exit", .integer(run.footer.exit)),
      .init(
        "verdicts", .members(Verdict.allCases.map { .init($0.rawValue, .integer(claims.count($0))) })),
      .init(
        "claims",
        .members(
          Claims.Status.allCases.map { status in
            .init(status.rawValue, .integer(claims.cells.count { $0.status == status }))
          })),
      .init("notes", .strings(run.notes)), .init("line", .string(run.lastLine)),
      .init("diagnosis", .strings(run.footer.diagnosis)),
    ])
  }

  private func claim(_ cell: Claims.Cell) -> JSONValue {
    .members([
      .init("level", .string(cell.level)), .init("profile", .string(cell.profile)),
      .init("dtype", .string(cell.dtype)), .init("status", .string(cell.status.rawValue)),
      .init("units", .integer(cell.units)),
      .init(
        "verdicts",
        .members(
          Verdict.allCases.compactMap { verdict in
            cell.counts[verdict].map { JSONObject.Member(verdict.rawValue, .integer($0)) }
          })),
    ])
  }
}

/// Writes a run as a badge, in the format of a shields.io endpoint.
package struct Badge: Sendable {
  package init() {}

  /// What the badge is about: the suite, and its part if that is not part I.
  private func label(_ header: RunHeader) -> String {
    header.part == .loma ? "LoMA \(header.suite)" : "LoMA \(header.part.rawValue) \(header.suite)"
  }

  /// The contents of the file: claims met out of all, and the vectors and bounds they were judged by.
  package func draw(_ run: RunRecord) -> String {
    let claims = run.claims
    let (all, met) = (claims.cells.count, claims.count(.met))
    let digests: [Substring] = [
      run.header.manifestDigest.prefix(12), run.header.boundsDigest?.prefix(12) ?? "provisional bounds",
    ]
    let isWrong = claims.count(.notMet) > 0 || !claims.unmetDemands.isEmpty
    let isOpen = run.footer.interrupted || claims.count(.notClaimed) == all || claims.count(.open) > 0
    let colour = isWrong ? "red" : isOpen ? "lightgrey" : met == all ? "brightgreen" : "yellow"
    return JSONValue.members([
      .init("schemaVersion", .integer(1)), .init("label", .string(label(run.header))),
      .init("message", .string("\(met) of \(all) claims met · \(digests.joined(separator: " · "))")),
      .init("color", .string(colour)),
    ]).text() + "\n"
  }
}
