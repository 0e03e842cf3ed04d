// OWN-8, RUN-20: what is known of a judged unit, and the line that a file of results holds of it.

import LoMAJudgement
import LoMAOwnModel
import LoMAVectors

/// A unit that was asked, or was not, with the comparisons of its answer.
package struct JudgedOwnUnit: Sendable {
  package var result: CaseResult
  /// Nil if there was no answer of the right form.
  package let findings: OwnFindings?

  package init(result: CaseResult, findings: OwnFindings?) {
    self.result = result
    self.findings = findings
  }
}

extension OwnUnit {
  /// The result of an answer of the right form, given what its findings alone come to.
  func result(of findings: OwnFindings, verdict: OwnVerdict) -> CaseResult {
    var result = result(.pass, "")
    if let name = findings.nonFinite {
      result = self.result(.invalidOutput, "non-finite: \(name.onOneLine)")
    } else {
      switch verdict.kind {
      case .right: break
      case .notDecidable:
        // Integers that are right are right; numbers without a yardstick say nothing.
        if findings.measurements.contains(where: { $0.rule != .exact }) {
          result = self.result(.indeterminate, verdict.reason(dtype))
        }
      case .suspect: result = self.result(.suspect, verdict.reason(dtype))
      case .wrong: result = self.result(.fail, verdict.reason(dtype))
      }
    }
    result.tensors = findings.measurements.map { measurement in
      TensorResult(
        name: measurement.tensor, rule: measurement.rule.rawValue,
        error: measurement.rule == .exact ? nil : measurement.error.magnitude, ratio: measurement.ratio)
    }
    if result.verdict != .pass, result.verdict != .indeterminate {
      let worst = verdict.first ?? findings.measurements.max { $0.ratio < $1.ratio }
      result.finding = worst.map { Finding($0) }
      result.diagnosis = (findings.firstLayer.map { [$0] } ?? []) + findings.followed
    }
    return result
  }
}

extension OwnVerdict {
  /// The sentence without element type and verdict, which stand beside it.
  func reason(_ dtype: String) -> String {
    let (line, start) = (sentence.whole, "\(dtype): \(kind.rawValue): ")
    return line.hasPrefix(start) ? String(line.dropFirst(start.count)) : line
  }
}

extension OwnMeasurement {
  /// Error over bound; infinite where bits must be equal and are not, or where the error is not a number.
  var ratio: Double { share.isNaN ? .infinity : share }
}

extension Finding {
  /// The worst place of a comparison.
  fileprivate init(_ worst: OwnMeasurement) {
    self.init(
      tensor: worst.tensor, index: [worst.row, worst.column].compactMap { $0 }, place: worst.words.onOneLine,
      got: "\(worst.got)", want: "\(worst.want)", ratio: worst.ratio)
  }
}

extension OwnFindings {
  /// What is right and wrong in the first wrong layer of a free run, or that `hidden.0` is wrong; nil if nothing is.
  var firstLayer: String? {
    let free = measurements.filter { [.exact, .freeWhole, .freeRow].contains($0.rule) }
    func verdict(_ tensor: String, _ word: String) -> String? {
      let all = free.filter { $0.tensor == tensor }
      guard let first = all.first else { return nil }
      guard let wrong = all.first(where: \.isWrong) else { return "\(word) right" }
      // Without a bound of a row, nothing says how many are wrong.
      let rows = all.compactMap(\.wrongRows).max().flatMap { $0 > 0 ? " in \($0) of \(first.rows) rows" : nil }
      return "\(word) wrong" + (rows ?? (wrong.rule == .freeWhole ? " as a whole" : ""))
    }
    if let start = verdict("hidden.0", "hidden.0"), start.contains("wrong") { return "before layer 0: " + start }
    var layer = 0
    while let hidden = verdict("hidden.\(layer + 1)", "hidden") {
      let parts = ["key", "value", "context"].compactMap { verdict("layers.\(layer).attention.\($0)", $0) } + [hidden]
      if parts.contains(where: { $0.contains("wrong") }) { return "layer \(layer): " + parts.joined(separator: ", ") }
      layer += 1
    }
    return nil
  }

  /// The alternatives that the answer follows by more than a quarter, the nearest to 1 first.
  fileprivate var followed: [String] {
    projections.filter { $0.beta.isFinite && $0.beta.magnitude >= 0.25 && $0.isDecisive }
      .sorted { abs($0.beta - 1) < abs($1.beta - 1) }.prefix(3)
      .map { "follows \($0.alternative.onOneLine) by \(decimals($0.beta, 2)) over \($0.evidence.rawValue)" }
  }
}
