// OWN-9: the smallest text that shows a mistake which has a name, in words.

import LoMA
import LoMAConformance
import LoMAJudgement
import LoMAOwnModel
import LoMAVectors

/// A mistake that was named, with the smallest text in which the port still makes it.
package struct OwnSmallest: Sendable {
  /// How the search for a smaller text ended.
  package enum End: Equatable, Sendable {
    /// Every smaller text was looked into, within the limit of rows: so many.
    case complete(texts: Int)
    /// The port was asked elsewhere, and can be asked nothing more.
    case cannotAsk
    /// The search stopped early.
    case stopped(why: String)
  }

  package let alternative: OwnAlternative
  /// The element type in which it is looked for.
  package let dtype: String
  /// Nil if no answer to `forward` shows the mistake alone: it was named by several together, or by single layers.
  package let shown: Shown?
  package let end: End

  /// A text whose answer shows the mistake.
  package struct Shown: Equatable, Sendable {
    package let text: OwnText
    /// The share of the mistake in the answer.
    package let beta: Double
    /// The first comparison beyond its bound, in the order of computation; nil if only β tells.
    package let first: OwnMeasurement?
    /// Whether the text is smaller than those of the plan.
    package let isSmaller: Bool
  }

  init(_ alternative: OwnAlternative, dtype: String, shown: Shown?, end: End) {
    self.alternative = alternative
    self.dtype = dtype
    self.shown = shown
    self.end = end
  }
}

extension OwnFindings {
  /// β of an alternative where the answer is it: of the evidence that explains most; nil if the answer is not (OWN-4).
  func share(of alternative: OwnAlternative) -> Double? {
    explaining([alternative], chaotic: false).first?.beta
  }
}

extension OwnText {
  /// `5 tokens under c = 1, t = 2, 2 chunks, 13 rows`.
  var size: String {
    "\(tokens.count) tokens under c = \(parameters.c), t = \(parameters.t), \(chunks) chunks, \(rowCount) rows"
  }
}

extension OwnSmallest {
  /// What is known, on one line.
  package var line: String {
    let start = "\(dtype): \(alternative.id): "
    guard let shown else { return start + "no text alone shows it, and no smaller one was looked for" }
    let stop: String =
      switch end {
      case .complete(let count):
        shown.isSmaller ? "" : count == 0 ? "; there is no smaller one" : "; no smaller one shows it, of \(count)"
      case .cannotAsk: ", of those that were answered; no smaller one can be asked"
      case .stopped(let why): "; the search for a smaller one ended: \(why)"
      }
    let place = shown.first.map { "; \($0.firstPlace)" } ?? "; within all bounds"
    return
      (start + "the smallest text that shows it has \(shown.text.size)\(stop); β \(decimals(shown.beta, 2))\(place)")
      .whole
  }

  /// The command that asks about this text alone; nil if it is one of the run's own, which `again` beside the unit asks.
  package func again(_ header: RunHeader) -> String? {
    guard let text = shown?.text, shown?.isSmaller == true else { return nil }
    let command = header.again(
      OwnPlace(.forward, text: "text0").id, dtype,
      with: [
        ("c", "\(text.parameters.c)"), ("t", "\(text.parameters.t)"),
        ("tokens", text.tokens.map { "\($0)" }.joined(separator: ",")),
      ], without: ["string", "file", "tiles"])
    return "\(dtype): \(alternative.id): again: \(command)"
  }
}
