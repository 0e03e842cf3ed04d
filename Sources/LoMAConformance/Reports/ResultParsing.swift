// RUN-20, RUN-21: parses header, units and footer from lines of JSON.

import LoMAJudgement
import LoMAVectors

extension RunHeader {
  /// Parses a header line.
  init(_ value: JSONValue, path: String) throws(ReportError) {
    guard value.objectValue?["loma_results"] == .integer(1) else { throw .noHeader(path: path) }
    let members = try StrictMembers(
      value,
      keys: [
        "loma_results", "suite", "specification", "manifest_sha256", "bounds_sha256", "candidate", "filters", "shard",
        "units", "started",
      ], of: "the header", path: path, line: 1)
    let shard = try members.value("shard", "[I, N] with 1 ≤ I ≤ N") { value -> (index: Int, count: Int)? in
      let numbers = value.arrayValue?.compactMap { $0.integerValue } ?? []
      guard numbers.count == 2, value.arrayValue?.count == 2 else { return nil }
      return 1 <= numbers[0] && numbers[0] <= numbers[1] && numbers[1] <= ResultsFile.shardLimit
        ? (numbers[0], numbers[1]) : nil
    }
    self.init(
      suite: try members.string("suite"), specification: try members.string("specification"),
      manifestDigest: try members.digest("manifest_sha256"),
      boundsDigest: members.optional("bounds_sha256") == nil ? nil : try members.digest("bounds_sha256"),
      candidate: try CandidateRecord(members.object["candidate"], path: path),
      filters: try members.object("filters"), shard: shard,
      units: try members.value("units", "a count up to \(ResultsFile.unitLimit)") { value in
        value.integerValue.flatMap { (0...ResultsFile.unitLimit).contains($0) ? $0 : nil }
      }, started: try members.time("started"))
  }
}

extension CandidateRecord {
  init(_ value: JSONValue?, path: String) throws(ReportError) {
    let members = try StrictMembers(
      value, keys: ["command", "sha256", "name", "version", "ops", "dtypes", "profiles", "captures"],
      optional: ["families"], of: "candidate", path: path, line: 1)
    let profiles = try members.value("profiles", "any or a list of objects") { value -> JSONValue? in
      let isList = value.arrayValue?.allSatisfy { $0.objectValue != nil } ?? false
      return isList || value == .string("any") ? value : nil
    }
    let digests = try members.value("sha256", "a list of digests and nulls") { value -> [String?]? in
      let isList = value.arrayValue?.allSatisfy { $0 == .null || $0.stringValue?.isHexDigest ?? false }
      return isList ?? false ? value.arrayValue?.map(\.stringValue) : nil
    }
    self.init(
      command: try members.strings("command"), digests: digests, name: try members.string("name"),
      version: try members.string("version"), ops: try members.strings("ops"), dtypes: try members.strings("dtypes"),
      profiles: profiles,
      families: members.object["families"] == nil ? [] : try members.strings("families"),
      captures: try members.boolean("captures"))
  }
}

extension RunFooter {
  /// Parses a footer line.
  init(_ value: JSONValue, path: String, line: Int) throws(ReportError) {
    let members = try StrictMembers(
      value, keys: ["loma_results_end", "units", "finished", "seconds", "interrupted", "exit", "diagnosis"],
      of: "the footer", path: path, line: line)
    guard members.object["loma_results_end"] == .integer(1) else {
      throw .member("loma_results_end is not 1", path: path, line: line)
    }
    self.init(
      units: try members.count("units"), finished: try members.time("finished"),
      seconds: try members.seconds("seconds"), interrupted: try members.boolean("interrupted"),
      exit: try members.count("exit"), diagnosis: try members.strings("diagnosis"))
  }
}

extension CaseResult {
  /// Parses the line of a unit.
  init(_ value: JSONValue, path: String, line: Int) throws(ReportError) {
    let members = try StrictMembers(
      value,
      keys: [
        "id", "dtype", "level", "op", "profile", "hunts", "clauses", "verdict", "why", "tensors", "finding",
        "divergence", "diagnosis", "standard_error", "noise", "seconds",
      ], of: "the unit", path: path, line: line)
    let verdict = try members.value("verdict", "a verdict") { $0.stringValue.flatMap { Verdict(rawValue: $0) } }
    var tensors: [TensorResult] = []
    for tensor in try members.value("tensors", "a list", { $0.arrayValue }) {
      tensors.append(try TensorResult(tensor, path: path, line: line))
    }
    var finding: Finding?
    if let value = members.optional("finding") { finding = try Finding(value, path: path, line: line) }
    self.init(
      id: try members.string("id"), dtype: try members.word("dtype", of: NumberType.allWords),
      level: try members.word("level", of: Level.allCases.map(\.rawValue)),
      op: try members.string("op"), profile: try members.string("profile"), hunts: try members.string("hunts"),
      clauses: try members.strings("clauses"), verdict: verdict, why: try members.string("why"), tensors: tensors,
      finding: finding)
    if let value = members.optional("divergence") {
      divergence = try Divergence(value, path: path, line: line)
    }
    diagnosis = try members.strings("diagnosis")
    standardError = try members.string("standard_error")
    noise = try members.count("noise")
    seconds = try members.seconds("seconds")
  }
}

extension TensorResult {
  init(_ value: JSONValue, path: String, line: Int) throws(ReportError) {
    let members = try StrictMembers(
      value, keys: ["name", "rule", "error", "ratio", "lean"], of: "a tensor", path: path, line: line)
    self.init(
      name: try members.string("name"), rule: try members.string("rule"),
      error: members.optional("error") == nil ? nil : try members.size("error"), ratio: try members.size("ratio"))
    if members.optional("lean") != nil {
      lean = try members.value("lean", "a side") { $0.stringValue.flatMap { Lean(rawValue: $0) } }
    }
  }
}

extension Finding {
  init(_ value: JSONValue, path: String, line: Int) throws(ReportError) {
    let members = try StrictMembers(
      value, keys: ["tensor", "index", "place", "got", "want", "ratio"], of: "finding", path: path, line: line)
    let index = try members.value("index", "a list of integers") { value -> [Int]? in
      let numbers = value.arrayValue?.compactMap { $0.integerValue }
      return numbers?.count == value.arrayValue?.count ? numbers : nil
    }
    self.init(
      tensor: try members.string("tensor"), index: index, place: try members.string("place"),
      got: try members.string("got"), want: try members.string("want"), ratio: try members.size("ratio"))
  }
}

extension Divergence {
  init(_ value: JSONValue, path: String, line: Int) throws(ReportError) {
    let members = try StrictMembers(
      value, keys: ["tensor", "rows", "columns", "cells", "wrong"], of: "divergence", path: path, line: line)
    func size(_ key: String) throws(ReportError) -> Int {
      try members.value(key, "a count of 1 to \(Divergence.sizeLimit)") { value in
        value.integerValue.flatMap { 1...Divergence.sizeLimit ~= $0 ? $0 : nil }
      }
    }
    let (rows, columns) = (try size("rows"), try size("columns"))
    guard rows * columns <= Divergence.sizeLimit else {
      throw .member(
        "\(rows) rows of \(columns) columns are more than \(Divergence.sizeLimit) numbers", path: path, line: line)
    }
    let (height, width) = (min(rows, Divergence.side), min(columns, Divergence.side))
    let cells = try members.value("cells", "\(height) rows of \(width) numbers") { value -> [[Double]]? in
      guard let lines = value.arrayValue, lines.count == height else { return nil }
      let cells = lines.compactMap { line -> [Double]? in
        guard let values = line.arrayValue, values.count == width else { return nil }
        let sizes = values.compactMap { $0.size }
        return sizes.count == width ? sizes : nil
      }
      return cells.count == height ? cells : nil
    }
    var wrong: [Range<Int>]?
    if members.optional("wrong") != nil {
      wrong = try members.value("wrong", "at most \(Divergence.runLimit) runs of elements, in order") { value in
        Divergence.runs(value, elements: rows * columns)
      }
    }
    self.init(tensor: try members.string("tensor"), rows: rows, columns: columns, cells: cells, wrong: wrong)
  }

  /// Runs as pairs of first element and length, separate from each other and within the tensor.
  private static func runs(_ value: JSONValue, elements: Int) -> [Range<Int>]? {
    guard let pairs = value.arrayValue, pairs.count <= runLimit else { return nil }
    var runs: [Range<Int>] = []
    for pair in pairs {
      let numbers = pair.arrayValue?.compactMap { $0.integerValue } ?? []
      guard numbers.count == 2, pair.arrayValue?.count == 2, numbers[0] >= 0, numbers[1] > 0,
        numbers[0] < elements, numbers[1] <= elements - numbers[0],
        runs.last.map({ $0.upperBound < numbers[0] }) ?? true
      else { return nil }
      runs.append(numbers[0]..<numbers[0] + numbers[1])
    }
    return runs
  }
}
