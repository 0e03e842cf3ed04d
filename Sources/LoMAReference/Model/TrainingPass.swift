// LOS-4: one forward and backward pass over a batch of texts.

import LoMA

/// The loss of a batch and its gradient for every parameter.
public struct TrainingPass: Hashable, Sendable {
  /// L_LM, L_rep and their sum.
  public let loss: Loss
  /// The logits of every text: [rows, V'] each.
  public let logits: [Tensor]
  /// The gradient of the sum, one tensor per parameter.
  public let gradients: ParameterSet
}

extension Transformer {
  /// The forward pass of one text's rows under the mask of a profile.
  public func forward(rows: [Row], profile: Profile) throws(ModelError) -> ForwardTrace {
    try forward(
      embeddings: try embed(rows.map { $0.token }), positions: rows.map { $0.position },
      visible: visible(rows, profile), past: noPast)
  }

  /// What each row of a text sees.
  public func visible(_ rows: [Row], _ profile: Profile) -> VisibleKeys {
    functions.visible(Mask(rows: rows, profile: profile), rows.indices)
  }

  /// Forward and backward over a batch, pads included; texts in parallel, their gradients summed by rising text.
  public func trainingPass(texts: [[Row]], profile: Profile) throws(ModelError) -> TrainingPass {
    let single = onOneThread()
    let forwards = functions.workers.map(texts.count) { index in
      Result { () throws(ModelError) in try single.forward(rows: texts[index], profile: profile) }
    }
    var traces: [ForwardTrace] = []
    for result in forwards { traces.append(try result.get()) }
    let logits = traces.map { $0.logits }
    let dLogits = functions.lossBackward(texts, logits)
    let finished = traces
    let backwards = functions.workers.map(texts.count) { index in
      Result { () throws(ModelError) in
        let rows = texts[index]
        return try single.backward(
          dLogits[index], trace: finished[index], tokens: rows.map { $0.token }, positions: rows.map { $0.position },
          visible: single.visible(rows, profile)
        ).parameters
      }
    }
    var sum = ParameterSet(zerosFor: configuration)
    for result in backwards {
      for (name, gradient) in try result.get().tensors { sum.add(gradient, to: name) }
    }
    return TrainingPass(loss: functions.loss(texts, logits), logits: logits, gradients: sum)
  }

  /// The same model with kernels that do not share their rows; texts already run side by side.
  private func onOneThread() -> Transformer {
    var functions = functions
    functions.workers = .single
    return Transformer(configuration: configuration, weights: weights, functions: functions)
  }
}
