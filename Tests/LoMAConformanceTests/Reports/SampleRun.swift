// Runs to report on: every verdict, words that must be escaped, findings and divergences.

import LoMAVectors
@testable import LoMAJudgement

@testable import LoMAConformance

enum SampleRun {
  static let digest = String(repeating: "0123456789abcdef", count: 4)
  /// What no format may take for its own syntax.
  static let hostile = "</td><script>alert(\"x\")</script> & ]]> \u{1B}[31m \u{0} \u{FFFE} 'é' \n\tend"

  static func header(units: Int, shard: (index: Int, count: Int) = (1, 1)) -> RunHeader {
    RunHeader(
      suite: "0.1", specification: "0.1", manifestDigest: digest, boundsDigest: nil,
      candidate: CandidateRecord(
        command: ["./port", "--fast"], name: "my-port", version: "0.3", ops: ["layout", "forward"], dtypes: ["f32"],
        profiles: .array([.members([])]), captures: true),
      filters: JSONObject([.init("level", .string("structure"))]), shard: shard, units: units,
      started: "2026-11-21T04:00:00Z")
  }

  /// The unit at a place of a run; what it says depends on the place alone.
  static func unit(_ place: Int, dtype: String? = nil) -> CaseResult {
    let verdict = Verdict.allCases[place % Verdict.allCases.count]
    var result = CaseResult(
      id: "model.forward.case-\(place / 2)", dtype: dtype ?? (place % 2 == 0 ? "f64" : "f32"),
      level: Level.allCases.map(\.rawValue)[place / 6 % Level.allCases.map(\.rawValue).count], op: "forward",
      profile: place % 5 == 0 ? "memory_attention=causal" : "base", hunts: "a mask that is wrong",
      clauses: ["MSK-5", "LAY-2"], verdict: verdict, why: verdict == .pass ? "" : "place \(place): \(hostile)",
      tensors: [
        TensorResult(name: "logits", rule: "calibrated", error: 1.25e-7, ratio: place % 3 == 0 ? 0.5 : .infinity),
        TensorResult(name: "tokens", rule: "exact", error: nil, ratio: 0),
      ],
      finding: verdict != .fail
        ? nil
        : Finding(
          tensor: "logits", index: [0, 7, 3], place: "row 7: memory 1, chunk 0", got: "0.5 (0x1p-1)", want: "0.25",
          ratio: 412.5))
    if verdict == .fail {
      let ratios = (0..<11 * 16).map { place in
        let (row, column) = (place / 16, place % 16)
        return row < 7 ? 0.2 : column == 3 ? .infinity : Double(row * row * column * 100)
      }
      result.divergence = Divergence(tensor: "logits", shape: [1, 11, 16], ratios: ratios)
      result.diagnosis = ["first wrong at hidden.1", "matches M17: " + hostile]
      result.standardError = "Traceback:\n" + hostile
    }
    result.noise = place
    result.seconds = Double(place) / 1024
    return result
  }

  static func run(units: Int, shard: (index: Int, count: Int) = (1, 1), seconds: Double = 12.5) -> RunRecord {
    let results = (0..<units).filter { $0 % shard.count == shard.index - 1 }.map { unit($0) }
    return RunRecord(
      header: header(units: units, shard: shard), results: results,
      footer: RunFooter(
        units: results.count, finished: "2026-11-21T04:00:12Z", seconds: seconds, interrupted: false,
        exit: Int(Claims(results).exitCode), diagnosis: units == 0 ? [] : diagnosis))
  }

  /// What is said of all wrong answers together; of the whole run as of each of its shards.
  static let diagnosis = ["most likely: M17: " + hostile, "and most likely: M18"]

  static func file(_ run: RunRecord, _ path: String = "a.jsonl") throws -> ResultsFile {
    try ResultsFile(decoding: Array(run.lines.utf8), path: path)
  }
}
