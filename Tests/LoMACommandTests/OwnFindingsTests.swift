// The findings of judged units on disk, from which a resumed run concludes.

import Foundation
import LoMAOwnModel
import LoMAVectors
import Testing

@testable import LoMAOwnRun

@Suite("Command: findings of a run on a model")
struct OwnFindingsTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let findings = OwnFindings(
    measurements: [
      OwnMeasurement(
        tensor: "logits", rule: .freeWhole, error: 0.1, bound: 4, row: 3, column: nil, got: -0.0,
        want: .leastNonzeroMagnitude,
        words: "row 3 (memory, chunk 0, index 1)\n", firstWords: "row 2", wrongRows: 2, rows: 9),
      OwnMeasurement(
        tensor: "events", rule: .exact, error: .infinity, bound: 0, row: nil, column: nil, got: 1, want: 1e300,
        words: "", firstWords: nil, wrongRows: nil, rows: 1),
    ],
    projections: [
      OwnProjection(
        alternative: "memory_attention=causal", evidence: .slices, numerator: -1 / 3, denominator: 7,
        simulated: [0.1, -.infinity, 0], remainder: Remainder(error: 1 / 3, rest: .infinity, count: 5))
    ], nonFinite: nil, excluded: ["M012", "OM01"])

  private func read(_ bytes: [UInt8]) throws -> [String: OwnFindings] {
    let path = folder.path + "/own.jsonl"
    try Files.replace(path, with: bytes)
    return try FindingsFile.findings(in: path)
  }

  @Test func `RUN-13 findings are read as they were written, bit by bit, and an unfinished line is left out`() throws {
    var other = Self.findings
    other.nonFinite = "hidden.3"
    let lines =
      FindingsFile.line(id: "own.forward.text0", dtype: "f32", Self.findings)
      + FindingsFile.line(id: "own.forward.text0", dtype: "bf16", other)
    let all = try read(lines + Array(#"{"loma_own":2,"id":"#.utf8))
    #expect(all.count == 2 && all[FindingsFile.key("own.forward.text0", "f32")] == Self.findings)
    #expect(all[FindingsFile.key("own.forward.text0", "bf16")] == other)
    // A zero keeps its sign, which equality does not see.
    #expect(all[FindingsFile.key("own.forward.text0", "f32")]?.measurements[0].got.sign == .minus)
  }

  @Test func `RUN-13 findings of one unit twice, or of no unit, are refused with their line`() throws {
    let line = FindingsFile.line(id: "a", dtype: "f32", Self.findings)
    #expect(throws: FindingsError.self) { try read(line + line) }
    let text = String(decoding: line, as: UTF8.self)
    for (part, other) in [
      ("\"loma_own\":2", "\"loma_own\":1"), ("\"free_whole\"", "\"free\""), ("\"slices\"", "3"), ("\"0x1", "\"zero"),
      ("\"dtype\":\"f32\"", "\"dtype\":3"), ("\"non_finite\":null", "\"non_finite\":1"),
      ("\"excluded\":[\"M012\"", "\"excluded\":[1"),
    ] {
      #expect(text.contains(part), "\(part)")
      #expect(throws: FindingsError.self, "\(other)") { try read(Array(text.replacing(part, with: other).utf8)) }
    }
    #expect(throws: FindingsError.self) { try FindingsFile.findings(in: folder.path + "/nowhere") }
  }
}
