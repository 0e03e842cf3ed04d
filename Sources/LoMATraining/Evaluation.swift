// REC-2: the accuracies of a trained model on unseen texts, with their uncertainty.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

/// A fraction of counts with Wilson's interval at 95% (TRN-7).
package struct Fraction: Hashable, Sendable {
  /// The number of right ones.
  package let correct: Int
  /// The number of all, at least one.
  package let total: Int

  /// correct / total.
  package var value: Double { Double(correct) / Double(total) }

  /// Wilson's interval: (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n), cut to 0...1, with z = 1.959964, n the
  /// total.
  package var interval: (low: Double, high: Double) {
    let (z, n, p) = (1.959964, Double(total), value)
    let square = z * z / n
    let middle = p + square / 2
    let width = z * (p * (1 - p) / n + square / (4 * n)).squareRoot()
    return (max(0, (middle - width) / (1 + square)), min(1, (middle + width) / (1 + square)))
  }

  /// The percentage with its interval and the counts.
  package var text: String {
    "\(percent) [\(Self.percent(interval.low)), \(Self.percent(interval.high))] \(correct)/\(total)"
  }

  /// An accuracy in percent.
  package var percent: String { accuracyPercentage(correct, of: total) }

  /// The same of a value whose counts are not known, such as the end of an interval.
  package static func percent(_ value: Double) -> String {
    // Without the addend 57 of 100 would give 56.99%: 0.57 times 10,000 is a little below 5,700.
    LoMAVectors.percent(hundredths: Int128(value * 10_000 + 1e-6))
  }
}

/// Both accuracies and both losses of a model over texts.
package struct Evaluation: Hashable, Sendable {
  /// Counts by chunk index.
  package let repetition: Repetition
  /// Both terms of the loss over all texts.
  package let loss: Loss

  /// Runs the training layout of every text, several texts in parallel; the result does not depend on `threads`.
  ///
  /// `progress` gets the number of texts done. The texts have the same length, and there is at least one.
  package init(
    _ model: Transformer, texts: [[Int]], vocabulary: Vocabulary, parameters: Parameters, profile: Profile,
    threads: Int, progress: (_ done: Int, _ of: Int) -> Void
  ) throws(ReferenceError) {
    try self.init(
      texts: texts, vocabulary: vocabulary, parameters: parameters, profile: profile, threads: threads,
      layout: { $0 }, logits: { (rows) throws(ModelError) in try model.forward(rows: rows, profile: profile).logits },
      progress: progress)
  }

  /// The same of any model: `layout` says which rows of a training layout are fed, `logits` what they give.
  init(
    texts: [[Int]], vocabulary: Vocabulary, parameters: Parameters, profile: Profile, threads: Int,
    layout: ([Row]) -> [Row], logits forward: @escaping @Sendable ([Row]) throws(ModelError) -> Tensor,
    progress: (_ done: Int, _ of: Int) -> Void
  ) throws(ReferenceError) {
    var repetition = Repetition()
    var (reading, repeating) = (0.0, 0.0)
    // In groups, so that only one group's logits are in memory and progress can be reported.
    let group = 256
    for start in stride(from: 0, to: texts.count, by: group) {
      let part = Array(texts[start..<min(start + group, texts.count)])
      var layouts: [[Row]] = []
      for text in part {
        let whole = try rejecting(
          try Layout.training(text: text, vocabulary: vocabulary, parameters: parameters, profile: profile))
        layouts.append(layout(whole.rows))
      }
      let rows = layouts
      let results = Workers(threads: threads).map(part.count) { index in
        Result { () throws(ModelError) in try forward(rows[index]) }
      }
      var logits: [Tensor] = []
      for result in results { logits.append(try computing(try result.get())) }
      for (index, text) in part.enumerated() {
        try rejecting(
          try repetition.count(
            text: text, rows: rows[index], logits: logits[index], vocabulary: vocabulary, parameters: parameters,
            profile: profile))
      }
      let loss = Loss(texts: layouts, logits: logits)
      reading += loss.languageModelling * Double(part.count)
      repeating += loss.repetition * Double(part.count)
      progress(start + part.count, texts.count)
    }
    self.repetition = repetition
    self.loss = Loss(
      languageModelling: reading / Double(texts.count), repetition: repeating / Double(texts.count))
  }

  /// One line per chunk index, one for all chunks, one for the losses.
  package var lines: [String] {
    var lines = ["chunk  tokens right, 95% interval, counts           chunks right"]
    for (index, count) in repetition.byChunk.enumerated() { lines.append(Self.line("\(index)", count)) }
    lines.append(Self.line("all", repetition.total))
    lines.append("losses of these texts: language modelling \(loss.languageModelling), repetition \(loss.repetition)")
    return lines
  }

  private static func line(_ name: String, _ count: RepetitionCount) -> String {
    let tokens = Fraction(correct: count.correctTokens, total: count.tokens).text
    let chunks = Fraction(correct: count.correctChunks, total: count.chunks).text
    return name.padded(to: 7) + tokens.padded(to: 46) + chunks
  }
}
