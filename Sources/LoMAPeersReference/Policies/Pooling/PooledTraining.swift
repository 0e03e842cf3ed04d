// BAS-26: a pass over a batch of texts: their loss, the one-sided term that asks for compression, and the gradients.

import LoMA
import LoMAReference
import NaiveLlama

/// How DMC is trained, beside the hyperparameters of every training.
package struct PooledSettings: Hashable, Sendable {
  /// CR, tokens an entry: the target that the schedule ends at.
  package let ratio: Int
  /// τ.
  package let temperature: Double

  /// The release's τ.
  package static let releasedTemperature = 0.1

  /// Training for a ratio of at least 1.
  package init(ratio: Int, temperature: Double = PooledSettings.releasedTemperature) {
    precondition(ratio >= 1 && temperature > 0, "tokens an entry, and a temperature")
    self.ratio = ratio
    self.temperature = temperature
  }

  /// The target at a step from 1 to all: it rises in a line from 1 over three quarters of the steps, then stays.
  package func target(step: Int, of steps: Int) -> Double {
    1 + Double(ratio - 1) * min(1, Double(4 * step) / Double(3 * steps))
  }
}

/// The losses of a batch, and the gradient of their sum for every weight.
package struct PooledTrainingPass: Hashable, Sendable {
  /// L_LM, L_rep and their sum.
  package let loss: Loss
  /// The mean over texts of max(0, 1 − 1/CR − the share of tokens accumulated).
  package let compression: Double
  /// The share of tokens accumulated in all texts, layers and KV heads.
  package let accumulated: Double
  /// The logits of every text, in the order of its rows.
  package let logits: [Tensor]
  /// One tensor a weight.
  package let gradients: ParameterSet
}

extension PooledTrace {
  /// The share of a text's tokens, in all layers and KV heads, that are accumulated when every α is taken for a decision.
  package var accumulated: Double {
    var (count, all) = (0, 0)
    for layer in layers {
      for decisions in layer.decisions {
        count += decisions.starts.count { !$0 }
        all += decisions.starts.count
      }
    }
    return all == 0 ? 0 : Double(count) / Double(all)
  }
}

extension PooledModel {
  /// Forward and backward over a batch; texts in parallel, their gradients summed by rising text.
  ///
  /// The term of a text counts decisions and has the gradient of the αs (straight through): −1/tokens·layers·heads·texts
  /// for each while the text is below 1 − 1/`target`, else 0.
  package func trainingPass(
    _ texts: [PooledRows], noise: [PooledNoise], temperature: Double, target: Double
  ) throws(ModelError) -> PooledTrainingPass {
    precondition(texts.count == noise.count && !texts.isEmpty, "noise for every text")
    let single = onOneThread()
    let traces = try functions.workers.map(texts.count) { (index) throws(ModelError) in
      try single.forward(texts[index], deciding: .relaxed(noise: noise[index], temperature: temperature))
    }
    let logits = traces.map { $0.logits }
    let dLogits = Loss.backward(texts: texts.map { $0.rows }, logits: logits)
    let missing = traces.map { 1 - 1 / target - $0.accumulated }
    let count = Double(texts.count * configuration.layers * heads.keyValue)
    let gradients = try functions.workers.map(texts.count) { (index) throws(ModelError) in
      try single.backward(
        dLogits[index], trace: traces[index], text: texts[index],
        accumulated: missing[index] > 0 ? -1 / (count * Double(texts[index].tokens)) : 0)
    }
    var sum = ParameterSet(zerosFor: configuration)
    for text in gradients {
      for name in text.names {
        if let gradient = text.tensors[name] { sum.add(gradient, to: name) }
      }
    }
    let number = Double(texts.count)
    return PooledTrainingPass(
      loss: Loss(texts: texts.map { $0.rows }, logits: logits),
      compression: missing.reduce(0) { $0 + max(0, $1) } / number,
      accumulated: traces.reduce(0) { $0 + $1.accumulated } / number, logits: logits, gradients: sum)
  }

  /// The same model on one thread, for texts that already run side by side.
  private func onOneThread() -> PooledModel {
    var functions = functions
    functions.workers = .single
    return PooledModel(configuration: configuration, weights: weights, functions: functions)
  }
}

extension ParameterSet {
  /// These weights of a Llama with 0 in the rows of W_Q and W_K that make the channel that decides, as the release has
  /// them before it trains decisions.
  package func withoutDecisions(_ configuration: Configuration) -> ParameterSet {
    let dimension = configuration.heads.dimension
    var weights = self
    for layer in 0..<configuration.layers {
      for name in [ParameterName.layer(layer).query, ParameterName.layer(layer).key] {
        guard var tensor = weights.tensors[name] else { continue }
        for row in stride(from: dimension - 1, to: tensor.rows, by: dimension) {
          for column in 0..<tensor.columns { tensor[row, column] = 0 }
        }
        weights.tensors[name] = tensor
      }
    }
    return weights
  }
}
