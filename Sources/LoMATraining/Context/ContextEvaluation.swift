// CCM-23, TRN-7: the loss of outputs, and how many of their tokens are the greedy ones.

import LoMAModels
import LoMAPeers
import LoMAPeersReference
import NaiveLlama

/// What a model says of the outputs of texts.
package struct ContextEvaluation: Hashable, Sendable {
  /// Output tokens that are the greedy choice after what is before them.
  package private(set) var correctTokens = 0
  /// All output tokens.
  package private(set) var tokens = 0
  /// Outputs without an error.
  package private(set) var correctOutputs = 0
  /// All outputs with a token.
  package private(set) var outputs = 0
  /// The mean loss over the output tokens (CCM-23).
  package let loss: Double

  /// Counts a batch by the logits of its parallel layout.
  init(texts: [[ContextRow]], logits: [Tensor], loss: Double) {
    self.loss = loss
    for (rows, logits) in zip(texts, logits) {
      var (right, all) = (0, 0)
      for (r, row) in rows.enumerated() {
        guard let label = row.label else { continue }
        all += 1
        if ContextRules.spec.choose(Array(logits.row(r))) == label { right += 1 }
      }
      correctTokens += right
      tokens += all
      outputs += all > 0 ? 1 : 0
      correctOutputs += all > 0 && right == all ? 1 : 0
    }
  }

  /// Runs the parallel layout of fresh texts of a recipe; the result does not depend on `threads`.
  package init(
    _ model: ContextModel, recipe: ContextRecipe, texts count: Int, seed: UInt64
  ) throws(TrainingError) {
    var numbers = SeededNumbers(seed: seed)
    let batch = try recipe.batch(of: recipe.texts(count, numbers: &numbers))
    let pass: (loss: ContextLoss, logits: [Tensor])
    do { pass = try model.loss(batch) } catch { throw .checkpoint(.model(error)) }
    self.init(texts: batch.texts, logits: pass.logits, loss: pass.loss.mean)
  }

  /// Both counts with Wilson's interval, and the loss.
  package var lines: [String] {
    [
      "output tokens right   \(Fraction(correct: correctTokens, total: tokens).text)",
      "outputs right         \(Fraction(correct: correctOutputs, total: outputs).text)",
      "loss of the outputs   \(loss)",
    ]
  }

  /// Loss and accuracies on one line.
  package var summary: String {
    "loss \(CurvePoint.rounded(loss)) · tokens \(Fraction(correct: correctTokens, total: tokens).percent) · "
      + "outputs \(Fraction(correct: correctOutputs, total: outputs).percent)"
  }
}
