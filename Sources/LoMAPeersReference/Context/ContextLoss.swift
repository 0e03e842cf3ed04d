// CCM-23: the loss of a batch, and its gradient with respect to the logits.

import LoMAPeers
import NaiveLlama

/// The mean cross-entropy over the labelled rows of all texts, natural logarithm, over V.
package struct ContextLoss: Hashable, Sendable {
  /// The mean; 0 if no row is labelled.
  package let mean: Double
  /// The rows it is taken over.
  package let labelledRows: Int

  /// A mean over so many rows.
  package init(mean: Double, labelledRows: Int) {
    self.mean = mean
    self.labelledRows = labelledRows
  }

  /// The loss of a batch: the rows of every text and their logits, [rows, V] each.
  ///
  /// One sum by rising text, then rising row, divided once.
  package init(texts: [[ContextRow]], logits: [Tensor]) {
    precondition(texts.count == logits.count, "logits for every text")
    var (sum, count) = (0.0, 0)
    for (rows, logits) in zip(texts, logits) {
      for (r, row) in rows.enumerated() {
        guard let label = row.label else { continue }
        sum += CrossEntropy.forward(logits.row(r), label: label)
        count += 1
      }
    }
    self.init(mean: count == 0 ? 0 : sum / Double(count), labelledRows: count)
  }

  /// The gradient of the mean for each text's logits: (softmax − onehot) / labelled rows, 0 on all other rows.
  package static func backward(texts: [[ContextRow]], logits: [Tensor]) -> [Tensor] {
    let count = texts.reduce(0) { $0 + $1.count { $0.label != nil } }
    return zip(texts, logits).map { rows, logits in
      var dLogits = Tensor(zeros: logits.shape)
      for (r, row) in rows.enumerated() {
        guard let label = row.label else { continue }
        let gradient = CrossEntropy.backward(1 / Double(count), logits: logits.row(r), label: label)
        for (j, value) in gradient.enumerated() { dLogits[r, j] = value }
      }
      return dLogits
    }
  }
}
