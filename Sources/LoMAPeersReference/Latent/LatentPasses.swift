// LAT-9: LoMA's rows through a decoder with latent attention: one forward pass, and one forward and backward pass over a
// batch of texts. LoMA says which rows there are, where they stand and what they see; nothing here asks for their zones.

import LoMA
import LoMAReference
import NaiveLlama

/// The loss of a batch and its gradient for every weight.
package struct LatentTrainingPass: Hashable, Sendable {
  /// L_LM, L_rep and their sum.
  package let loss: Loss
  /// The logits of every text: [rows, V'] each.
  package let logits: [Tensor]
  /// The gradient of the sum, one tensor per weight.
  package let gradients: ParameterSet
}

extension LatentModel {
  /// The forward pass of one text's rows under the mask of a LoMA profile.
  package func forward(rows: [Row], profile: Profile, rules: LoMARules) throws(ModelError) -> LatentTrace {
    try forward(rows: rows, profile: profile, rules: rules, further: { _ in nil })
  }

  /// The same with further keys, of which the rules then know (EQB-10).
  package func forward(
    rows: [Row], profile: Profile, rules: LoMARules, further: @escaping @Sendable ([Row]) -> FurtherKeys?
  ) throws(ModelError) -> LatentTrace {
    try forward(
      embeddings: try embed(rows.map { $0.token }), positions: rows.map { $0.position },
      visible: rules.visible(rows, profile), past: noPast, further: further(rows))
  }

  /// Forward and backward over a batch, pads included; texts in parallel, their gradients summed by rising text.
  package func trainingPass(
    texts: [[Row]], profile: Profile, rules: LoMARules
  ) throws(ModelError) -> LatentTrainingPass {
    try trainingPass(texts: texts, profile: profile, rules: rules, further: { _ in nil })
  }

  /// The same with further keys, made of the rows of each text (EQB-10).
  package func trainingPass(
    texts: [[Row]], profile: Profile, rules: LoMARules, further: @escaping @Sendable ([Row]) -> FurtherKeys?
  ) throws(ModelError) -> LatentTrainingPass {
    let single = onOneThread()
    let traces = try functions.workers.map(texts.count) { (index) throws(ModelError) in
      try single.forward(rows: texts[index], profile: profile, rules: rules, further: further)
    }
    let logits = traces.map { $0.logits }
    let dLogits = rules.lossBackward(texts, logits)
    let gradients = try functions.workers.map(texts.count) { (index) throws(ModelError) in
      let rows = texts[index]
      return try single.backward(
        dLogits[index], trace: traces[index], tokens: rows.map { $0.token }, positions: rows.map { $0.position },
        visible: rules.visible(rows, profile), further: further(rows)
      ).parameters
    }
    var sum = ParameterSet(zerosFor: configuration)
    for text in gradients {
      for name in text.names {
        if let gradient = text.tensors[name] { sum.add(gradient, to: name) }
      }
    }
    return LatentTrainingPass(loss: rules.loss(texts, logits), logits: logits, gradients: sum)
  }

  /// The same model on one thread, for texts that already run side by side.
  private func onOneThread() -> LatentModel {
    var functions = functions
    functions.workers = .single
    return LatentModel(configuration: configuration, weights: weights, functions: functions, rules: rules)
  }
}
