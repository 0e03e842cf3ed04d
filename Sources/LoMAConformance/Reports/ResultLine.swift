// RUN-20: writes header, units and footer as lines of JSON.

import LoMAJudgement
import LoMAVectors

extension RunHeader {
  package var json: JSONValue {
    .members([
      .init("loma_results", .integer(1)), .init("suite", .string(suite)),
      .init("specification", .string(specification)), .init("manifest_sha256", .string(manifestDigest)),
      .init("bounds_sha256", .string(orNull: boundsDigest)), .init("candidate", candidate.json),
      .init("filters", .object(filters)), .init("shard", .array([.integer(shard.index), .integer(shard.count)])),
      .init("units", .integer(units)), .init("started", .string(started)),
    ])
  }
}

extension CandidateRecord {
  /// The candidate as written in a header.
  var json: JSONValue {
    .members(
      [
        .init("command", .strings(command)), .init("sha256", .array(digests.map { .string(orNull: $0) })),
        .init("name", .string(name)), .init("version", .string(version)),
        .init("ops", .strings(ops)), .init("dtypes", .strings(dtypes)), .init("profiles", profiles),
      ]
        + (families.isEmpty ? [] : [.init("families", .strings(families))])
        + [.init("captures", .boolean(captures))])
  }
}

extension RunFooter {
  package var json: JSONValue {
    .members([
      .init("loma_results_end", .integer(1)), .init("units", .integer(units)), .init("finished", .string(finished)),
      .init("seconds", .double(seconds)), .init("interrupted", .boolean(interrupted)), .init("exit", .integer(exit)),
      .init("diagnosis", .strings(diagnosis)),
    ])
  }
}

extension CaseResult {
  package var json: JSONValue {
    .members([
      .init("id", .string(id)), .init("dtype", .string(dtype)), .init("level", .string(level)),
      .init("op", .string(op)), .init("profile", .string(profile)), .init("hunts", .string(hunts)),
      .init("clauses", .strings(clauses)), .init("verdict", .string(verdict.rawValue)), .init("why", .string(why)),
      .init("tensors", .array(tensors.map { $0.json })), .init("finding", finding?.json ?? .null),
      .init("divergence", divergence?.json ?? .null), .init("diagnosis", .strings(diagnosis)),
      .init("standard_error", .string(standardError)), .init("noise", .integer(noise)),
      .init("seconds", .double(seconds)),
    ])
  }
}

extension TensorResult {
  var json: JSONValue {
    .members([
      .init("name", .string(name)), .init("rule", .string(rule)),
      .init("error", error.map { .double($0) } ?? .null), .init("ratio", .double(ratio)),
      .init("lean", .string(orNull: lean?.rawValue)),
    ])
  }
}

extension Finding {
  var json: JSONValue {
    .members([
      .init("tensor", .string(tensor)), .init("index", .array(index.map { .integer($0) })),
      .init("place", .string(place)), .init("got", .string(got)), .init("want", .string(want)),
      .init("ratio", .double(ratio)),
    ])
  }
}

extension Divergence {
  var json: JSONValue {
    .members([
      .init("tensor", .string(tensor)), .init("rows", .integer(rows)), .init("columns", .integer(columns)),
      .init("cells", .array(cells.map { .array($0.map { .double($0) }) })),
      .init(
        "wrong",
        wrong.map { runs in .array(runs.map { .array([.integer($0.lowerBound), .integer($0.count)]) }) } ?? .null),
    ])
  }
}

extension JSONValue {
  static func strings(_ values: [String]) -> JSONValue { .array(values.map { .string($0) }) }

  /// A double; JSON has no infinity, so infinity and NaN become the word `infinite`.
  static func double(_ value: Double) -> JSONValue { value.isFinite ? .number(value) : .string("infinite") }
}
