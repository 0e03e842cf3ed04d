// MSK, LOS-4: the rows of a text through a decoder: what each row sees, one forward pass, and one forward and backward pass
// over a batch of texts.

import LoMA
import NaiveLlama

extension VisibleKeys {
  /// The keys of a mask over one text's rows, each row query and key.
  public init(_ mask: Mask) {
    self.init(mask, queries: mask.rows.indices)
  }

  /// The keys that some rows of a mask see.
  public init(_ mask: Mask, queries: Range<Int>) {
    self.init(lists: queries.map { mask.visibleKeys(of: $0) }, keyCount: mask.rows.count)
  }
}

/// The loss of a batch and its gradient for every parameter.
public struct TrainingPass: Hashable, Sendable {
  /// L_LM, L_rep and their sum.
  public let loss: Loss
  /// The logits of every text: [rows, V'] each.
  public let logits: [Tensor]
  /// The gradient of the sum, one tensor per parameter.
  public let gradients: ParameterSet
}

extension LoMARules {
  /// What each row of a text sees under the mask of a profile.
  public func visible(_ rows: [Row], _ profile: Profile) -> VisibleKeys {
    visible(Mask(rows: rows, profile: profile), rows.indices)
  }
}

extension Transformer {
  /// The forward pass of one text's rows under the mask of a profile; the rules are the Spec's unless others are given.
  public func forward(
    rows: [Row], profile: Profile, rules: LoMARules = .spec
  ) throws(ModelError) -> ForwardTrace {
    try forward(
      embeddings: try embed(rows.map { $0.token }), positions: rows.map { $0.position },
      visible: rules.visible(rows, profile), past: noPast)
  }

  /// Forward and backward over a batch, pads included; texts in parallel, their gradients summed by rising text.
  public func trainingPass(
    texts: [[Row]], profile: Profile, rules: LoMARules = .spec
  ) throws(ModelError) -> TrainingPass {
    let single = onOneThread()
    let traces = try functions.workers.map(texts.count) { (index) throws(ModelError) in
      try single.forward(rows: texts[index], profile: profile, rules: rules)
    }
    let logits = traces.map { $0.logits }
    let dLogits = rules.lossBackward(texts, logits)
    let gradients = try functions.workers.map(texts.count) { (index) throws(ModelError) in
      let rows = texts[index]
      return try single.backward(
        dLogits[index], trace: traces[index], tokens: rows.map { $0.token }, positions: rows.map { $0.position },
        visible: rules.visible(rows, profile)
      ).parameters
    }
    // Threads share the parameters; each sums over the texts in their order.
    let parameters = configuration.parameters
    let sums = functions.workers.map(parameters.count) { index in
      var sum = Tensor(zeros: parameters[index].shape)
      for text in gradients {
        if let gradient = text.tensors[parameters[index].name] { sum += gradient }
      }
      return sum
    }
    let sum = ParameterSet(Dictionary(uniqueKeysWithValues: zip(parameters.map { $0.name }, sums)))
    return TrainingPass(loss: rules.loss(texts, logits), logits: logits, gradients: sum)
  }

  /// The same model on one thread, for texts that already run side by side.
  private func onOneThread() -> Transformer {
    var functions = functions
    functions.workers = .single
    return Transformer(configuration: configuration, weights: weights, functions: functions)
  }
}
