// OWN-8, RUN-13: the comparisons of judged units on disk, so that a resumed run can conclude from all of them.
//
// A line of own.jsonl holds one unit's: comparisons with their errors in yardsticks, and the parts of every β. Doubles are
// hexadecimal text, so that what is read is what was written.

import LoMAOwnModel
import LoMAVectors

/// Why a file of findings cannot be used; lines count from 1.
package enum FindingsError: Error, Equatable, CustomStringConvertible {
  case file(FileError)
  case line(Int, path: String, why: String)

  package var description: String {
    switch self {
    case .file(let error): "\(error)"
    case .line(let line, let path, let why): "\(path): line \(line): \(why)"
    }
  }
}

/// The findings of the units of a run.
package enum FindingsFile {
  package static let name = "own.jsonl"
  static let byteLimit = 1 << 28
  static let lineLimit = 1 << 24
  private static let version = 2

  /// The line of a unit, with its line break.
  package static func line(id: String, dtype: String, _ findings: OwnFindings) -> [UInt8] {
    let measurements = findings.measurements.map { one in
      JSONValue.array([
        .string(one.tensor), .string(one.rule.rawValue), hex(one.error), hex(one.bound),
        .integer(orNull: one.row), .integer(orNull: one.column), hex(one.got), hex(one.want), .string(one.words),
        .string(orNull: one.firstWords), .integer(orNull: one.wrongRows), .integer(one.rows),
      ])
    }
    let projections = findings.projections.map { one in
      JSONValue.array([
        .string(one.alternative), .string(one.evidence.rawValue), hex(one.numerator), hex(one.denominator),
        .array(one.simulated.map { hex($0) }), hex(one.remainder.error), hex(one.remainder.rest),
        .integer(one.remainder.count),
      ])
    }
    return JSONValue.members([
      .init("loma_own", .integer(version)), .init("id", .string(id)), .init("dtype", .string(dtype)),
      .init("measurements", .array(measurements)), .init("projections", .array(projections)),
      .init("non_finite", .string(orNull: findings.nonFinite)),
      .init("excluded", .array(findings.excluded.sorted().map { .string($0) })),
    ]).lineBytes + [UInt8(ascii: "\n")]
  }

  /// The findings by id and element type, of an untrusted file; a last line that was never finished is left out.
  package static func findings(in path: String) throws(FindingsError) -> [String: OwnFindings] {
    let bytes: [UInt8]
    do { bytes = try Files.contents(of: path, byteLimit: byteLimit) } catch { throw .file(error) }
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    lines.removeLast()
    var all: [String: OwnFindings] = [:]
    for (place, line) in lines.enumerated() {
      func fail(_ why: String) -> FindingsError { .line(place + 1, path: path, why: why) }
      let value: JSONValue
      do { value = try StrictJSON.parse(Array(line), sizeLimit: lineLimit, depthLimit: 5) } catch {
        throw fail(error.description)
      }
      guard let object = value.objectValue, object["loma_own"] == .integer(version),
        let id = object["id"]?.stringValue, let dtype = object["dtype"]?.stringValue,
        let findings = OwnFindings(object)
      else { throw fail("these are no findings") }
      if all.updateValue(findings, forKey: key(id, dtype)) != nil { throw fail("\(id.onOneLine) a second time") }
    }
    return all
  }

  package static func key(_ id: String, _ dtype: String) -> String { id + "\n" + dtype }

  private static func hex(_ value: Double) -> JSONValue {
    .string(value.isFinite ? HexFloat.text(value) : "\(value)")
  }
}

extension OwnFindings {
  fileprivate init?(_ object: JSONObject) {
    guard let measured = object["measurements"]?.arrayValue, let projected = object["projections"]?.arrayValue,
      let name = object["non_finite"], let excluded = object["excluded"]?.arrayValue
    else { return nil }
    let measurements = measured.compactMap { OwnMeasurement($0) }
    let projections = projected.compactMap { OwnProjection($0) }
    guard measurements.count == measured.count, projections.count == projected.count,
      name == .null || name.stringValue != nil, excluded.allSatisfy({ $0.stringValue != nil })
    else { return nil }
    self.init(
      measurements: measurements, projections: projections, nonFinite: name.stringValue,
      excluded: Set(excluded.compactMap(\.stringValue)))
  }
}

extension OwnMeasurement {
  fileprivate init?(_ value: JSONValue) {
    guard let parts = value.arrayValue, parts.count == 12, let tensor = parts[0].stringValue,
      let rule = parts[1].stringValue.flatMap({ OwnRule(rawValue: $0) }), let error = parts[2].hex,
      let bound = parts[3].hex, let row = parts[4].integerOrNull, let column = parts[5].integerOrNull,
      let got = parts[6].hex, let want = parts[7].hex, let words = parts[8].stringValue,
      let wrongRows = parts[10].integerOrNull, let rows = parts[11].integerValue,
      parts[9] == .null || parts[9].stringValue != nil
    else { return nil }
    self.init(
      tensor: tensor, rule: rule, error: error, bound: bound, row: row, column: column, got: got, want: want,
      words: words, firstWords: parts[9].stringValue, wrongRows: wrongRows, rows: rows)
  }
}

extension OwnProjection {
  fileprivate init?(_ value: JSONValue) {
    guard let parts = value.arrayValue, parts.count == 8, let alternative = parts[0].stringValue,
      let evidence = parts[1].stringValue.flatMap({ OwnEvidence(rawValue: $0) }), let numerator = parts[2].hex,
      let denominator = parts[3].hex, let ports = parts[4].arrayValue, let error = parts[5].hex,
      let rest = parts[6].hex,
      let count = parts[7].integerValue
    else { return nil }
    let simulated = ports.compactMap { $0.hex }
    guard simulated.count == ports.count else { return nil }
    self.init(
      alternative: alternative, evidence: evidence, numerator: numerator, denominator: denominator,
      simulated: simulated, remainder: Remainder(error: error, rest: rest, count: count))
  }
}

extension JSONValue {
  /// A double in the text that `HexFloat` writes, or the words for what is not finite.
  fileprivate var hex: Double? { stringValue.flatMap { $0.utf8.count <= 32 ? Double($0) : nil } }

  /// An integer, or nil inside for `null`; nil for anything else.
  fileprivate var integerOrNull: Int?? { self == .null ? .some(nil) : integerValue.map { .some($0) } }
}
