// RUN-15: the one line that summarises a run, the same on the terminal and in every report.

import LoMAJudgement
import LoMAVectors

extension RunRecord {
  /// The claims that this run supports.
  package var claims: Claims {
    Claims(results, demands: Demands(header), isInterrupted: footer.interrupted)
  }

  /// Notes that precede the last line, whether or not anything is wrong: the demands not met, and a bias.
  package var notes: [String] { claims.unmetDemands + (bias.map { [$0] } ?? []) }

  /// That numbers are biased to one side; nil unless most tensors are that come close to their bounds.
  private var bias: String? {
    let far = results.filter { $0.verdict == .pass }.flatMap(\.tensors).filter {
      $0.error != nil && $0.ratio > Lean.leastRatio
    }
    let leaning = far.filter { $0.lean != nil }
    guard leaning.count >= 3, 2 * leaning.count > far.count, let first = leaning.first?.lean else { return nil }
    let side = leaning.allSatisfy { $0.lean == first } ? first.rawValue : "to one side each"
    return
      "\(leaning.count) of \(far.count) tensors that use more than half their bound are off \(side) in all such numbers: "
      + "a bias, not rounding"
  }

  /// The candidate, the number of units with each verdict, the number of claims with each status, the worst error/bound
  /// and its place, and the manifest and bounds that judged it.
  package var lastLine: String {
    let claims = claims
    let verdicts = Verdict.allCases.filter { claims.count($0) > 0 }.map { "\(claims.count($0)) \($0.rawValue)" }
    let statuses = Claims.Status.allCases.filter { $0 != .met && claims.count($0) > 0 }
      .map { ", \(claims.count($0)) \($0.rawValue)" }
    let parts = [
      "\(results.count) units: \(verdicts.joined(separator: ", "))",
      "\(claims.count(.met)) of \(claims.cells.count) claims met" + statuses.joined(), worst,
      "manifest \(header.manifestDigest.prefix(12))",
    ]
    let cut = footer.interrupted ? "interrupted; " : ""
    return "\(header.candidate.name) \(header.candidate.version): \(cut)"
      + parts.compactMap { $0 }.joined(separator: "; ")
      + ", " + (header.boundsDigest.map { "bounds \($0.prefix(12))" } ?? "bounds provisional")
  }

  /// The largest error/bound of a number, and its tensor; nil if no number was compared.
  private var worst: String? {
    var worst: (ratio: Double, place: String)?
    for result in results {
      for tensor in result.tensors where tensor.error != nil && !(tensor.ratio <= worst?.ratio ?? -1) {
        worst = (tensor.ratio, "\(tensor.name) of \(result.id) in \(result.dtype)")
      }
    }
    return worst.map { "worst error \(Self.words($0.ratio)) of its bound, in \($0.place)" }
  }

  /// Two decimals, rounded up; three significant digits if it is large.
  private static func words(_ ratio: Double) -> String {
    ratio < 100 ? decimals(ratio, 2, .up) : short(ratio)
  }
}

extension Demands {
  /// The demands of a run, from its header.
  package init(_ header: RunHeader) {
    func words(_ option: String) -> [String] {
      header.filters[option]?.stringValue?.split(separator: ",").map { String($0) } ?? []
    }
    self.init()
    everything = words("require-all") == ["yes"]
    levels = words("require")
    undeclared = words("dtype").filter { !header.candidate.dtypes.contains($0) }
  }
}
