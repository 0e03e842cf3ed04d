// LOS-4, REC-2: one point of a training curve: losses and accuracies of a batch before its step.

import LoMAReference
import LoMAVectors

/// The losses and accuracies of one step's batch.
package struct CurvePoint: Hashable, Sendable {
  /// The step, from 1.
  package let step: Int
  /// L_LM of the batch.
  package let languageModelling: Double
  /// L_rep of the batch.
  package let repetition: Double
  /// Token repetition accuracy of the batch.
  package let tokens: Double
  /// Repetition accuracy of the batch.
  package let chunks: Double

  /// The number of values of a stored point.
  static let width = 5

  var values: [Double] { [Double(step), languageModelling, repetition, tokens, chunks] }

  init(step: Int, loss: Loss, counted: RepetitionCount) {
    self.step = step
    languageModelling = loss.languageModelling
    repetition = loss.repetition
    tokens = Double(counted.correctTokens) / Double(counted.tokens)
    chunks = Double(counted.correctChunks) / Double(counted.chunks)
  }

  /// Losses and accuracies on one line.
  package var summary: String {
    "loss: reading \(Self.rounded(languageModelling)), reciting \(Self.rounded(repetition)) · "
      + "tokens \(Fraction.percent(tokens)) · chunks \(Fraction.percent(chunks))"
  }

  /// A loss with four decimals.
  static func rounded(_ loss: Double) -> String { decimals(loss, 4, .down) }

  /// The point stored as `values`; nil if they do not form one.
  init?(values: [Double]) {
    guard values.count == Self.width, values.allSatisfy({ $0.isFinite }), let step = Int(exactly: values[0]),
      0...SweepResult.countLimit ~= step
    else {
      return nil
    }
    self.step = step
    languageModelling = values[1]
    repetition = values[2]
    tokens = values[3]
    chunks = values[4]
  }
}
