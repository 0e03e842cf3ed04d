// LOS-4, LOS-5: the two terms over a batch, and the gradient of their sum with respect to the logits.

import LoMA
import NaiveLlama

/// L_LM, L_rep and their plain sum, natural logarithm (D-9).
public struct Loss: Hashable, Sendable {
  /// Mean cross-entropy over the labelled reading rows of all texts; 0 if there is none.
  public let languageModelling: Double
  /// Mean cross-entropy over every other labelled row; 0 if there is none.
  public let repetition: Double
  /// L_LM + L_rep.
  public var total: Double { languageModelling + repetition }

  /// A loss of these two means.
  public init(languageModelling: Double, repetition: Double) {
    self.languageModelling = languageModelling
    self.repetition = repetition
  }

  /// The loss of a batch: the rows of every text and their logits, [rows, V'] each.
  ///
  /// Each term sums by rising text, then rising row, and divides once by its number of rows.
  public init(texts: [[Row]], logits: [Tensor]) {
    precondition(texts.count == logits.count, "logits for every text")
    var sums: [LossTerm: (sum: Double, rows: Int)] = [.languageModelling: (0, 0), .repetition: (0, 0)]
    for (rows, logits) in zip(texts, logits) {
      for (r, row) in rows.enumerated() {
        guard let term = row.lossTerm, let label = row.label else { continue }
        sums[term, default: (0, 0)].sum += CrossEntropy.forward(logits.row(r), label: label)
        sums[term, default: (0, 0)].rows += 1
      }
    }
    func mean(_ term: LossTerm) -> Double {
      guard let (sum, rows) = sums[term], rows > 0 else { return 0 }
      return sum / Double(rows)
    }
    self.languageModelling = mean(.languageModelling)
    self.repetition = mean(.repetition)
  }

  /// The gradient of `total` with respect to each text's logits: (softmax − onehot) · (1 / rows of the term).
  public static func backward(texts: [[Row]], logits: [Tensor]) -> [Tensor] {
    var counts: [LossTerm: Int] = [:]
    for rows in texts {
      for row in rows {
        if let term = row.lossTerm { counts[term, default: 0] += 1 }
      }
    }
    return zip(texts, logits).map { rows, logits in
      var dLogits = Tensor(zeros: logits.shape)
      for (r, row) in rows.enumerated() {
        guard let term = row.lossTerm, let label = row.label, let count = counts[term] else { continue }
        let gradient = CrossEntropy.backward(1 / Double(count), logits: logits.row(r), label: label)
        for (j, value) in gradient.enumerated() { dLogits[r, j] = value }
      }
      return dLogits
    }
  }
}
