// CCM-17…CCM-23: the gradients of the passes in ContextModel.swift, step by step backwards, and a pass over a batch.

import LoMAPeers
import NaiveLlama

/// What is trained (CCM-21): the adapter alone, or the base with it.
package enum ContextTraining: String, CaseIterable, Hashable, Sendable {
  /// A, B and the memory embeddings; the base is frozen.
  case adapter
  /// All of them and every parameter of the base.
  case everything
}

/// The gradients of a loss, one tensor per parameter that is trained.
package struct ContextGradients: Hashable, Sendable {
  /// A, B and the memory embeddings, under the names of CCM-22.
  package var adapter: ParameterSet
  /// The base's parameters; nil if they are frozen.
  package var base: ParameterSet?

  /// Zeros.
  package init(_ model: ContextModel, _ training: ContextTraining) {
    var tensors: [String: Tensor] = [:]
    for (name, shape) in model.adapter.shapes(model.configuration) { tensors[name] = Tensor(zeros: shape) }
    adapter = ParameterSet(tensors)
    base = training == .everything ? ParameterSet(zerosFor: model.configuration) : nil
  }

  /// Adds a gradient to a parameter of the base, if they are trained.
  mutating func addToBase(_ gradient: Tensor, _ name: String) { base?.add(gradient, to: name) }

  /// Adds the gradients of another text.
  mutating func add(_ other: ContextGradients) {
    for (name, gradient) in other.adapter.tensors { adapter.add(gradient, to: name) }
    guard let tensors = other.base?.tensors else { return }
    for (name, gradient) in tensors { addToBase(gradient, name) }
  }
}

/// The loss of a batch and its gradients.
package struct ContextTrainingPass: Hashable, Sendable {
  /// The mean and the rows it is over.
  package let loss: ContextLoss
  /// The logits of every text: [rows, V] each.
  package let logits: [Tensor]
  /// The gradients of the mean.
  package let gradients: ContextGradients
}

extension ContextModel {
  /// The logits of every text of a batch, [rows, V] each, and their loss (CCM-23).
  package func loss(_ batch: ContextBatch) throws(ModelError) -> (loss: ContextLoss, logits: [Tensor]) {
    let single = onOneThread()
    let logits = try functions.workers.map(batch.texts.count) { (index) throws(ModelError) in
      try single.forward(batch.mask(index)).logits
    }
    return (rules.loss(batch.texts, logits), logits)
  }

  /// Forward and backward over a batch, pads included; gradients are summed by rising text.
  package func trainingPass(
    _ batch: ContextBatch, training: ContextTraining
  ) throws(ModelError) -> ContextTrainingPass {
    let single = onOneThread()
    let traces = try functions.workers.map(batch.texts.count) { (index) throws(ModelError) in
      try single.forward(batch.mask(index))
    }
    let logits = traces.map { $0.logits }
    let dLogits = rules.lossBackward(batch.texts, logits)
    let texts = try functions.workers.map(batch.texts.count) { (index) throws(ModelError) in
      try single.backward(dLogits[index], trace: traces[index], mask: batch.mask(index), training: training)
    }
    var sum = ContextGradients(self, training)
    for text in texts { sum.add(text) }
    return ContextTrainingPass(loss: rules.loss(batch.texts, logits), logits: logits, gradients: sum)
  }

  /// The same model on one thread, for texts that already run side by side.
  private func onOneThread() -> ContextModel {
    var functions = functions
    functions.workers = .single
    return ContextModel(
      configuration: configuration, weights: weights, adapter: adapter, parameters: parameters, functions: functions,
      rules: rules)
  }

  /// Gradients given those of the logits, [rows, V]; `trace` is the forward pass of `mask`.
  package func backward(
    _ dLogits: Tensor, trace: ContextTrace, mask: ContextMask, training: ContextTraining
  ) throws(ModelError) -> ContextGradients {
    let (f, rows, visible) = (functions, mask.rows, visible(mask))
    var gradients = ContextGradients(self, training)
    // logits = finalNorm · headᵀ
    let dHead = f.linearBackward(
      dLogits, input: trace.finalNorm, weight: try weights.tensor(configuration.headName))
    gradients.addToBase(dHead.weight, configuration.headName)
    // finalNorm = RMSNorm(hidden)
    var dHidden = try normBackward(dHead.input, trace.hidden, ParameterName.finalNorm, &gradients)
    let angles = angles(of: rows.map { $0.position })
    for index in (0..<configuration.layers).reversed() {
      dHidden = try layerBackward(
        index, dHidden, trace: trace.layers[index], rows: rows, angles: angles,
        visible: f.visibleInLayer(visible, index), gradients: &gradients)
    }
    // embeddings: ids below V from the base's table, the others from the adapter
    let isText = rows.map { $0.token < parameters.textSize }
    let (texts, memories) = (rows.indices.filter { isText[$0] }, rows.indices.filter { !isText[$0] })
    gradients.addToBase(
      f.embeddingBackward(
        dHidden.selecting(rows: texts), tokens: texts.map { rows[$0].token },
        vocabularySize: configuration.vocabularySize), ParameterName.embedding)
    gradients.adapter.add(
      f.embeddingBackward(
        dHidden.selecting(rows: memories), tokens: memories.map { rows[$0].token - parameters.textSize },
        vocabularySize: adapter.memoryEmbeddings), to: AdapterParameterName.memoryEmbedding)
    return gradients
  }

  /// The gradient of x given that of the output; adds the parameters' gradients.
  private func layerBackward(
    _ index: Int, _ dOutput: Tensor, trace: ContextLayerTrace, rows: [ContextRow], angles: RotaryAngles,
    visible: VisibleKeys, gradients: inout ContextGradients
  ) throws(ModelError) -> Tensor {
    let (f, name) = (functions, ParameterName.layer(index))
    let gates = rows.map(rules.gate)
    // output = attentionResidual + down(activation)
    let dActivation = try linearBackward(dOutput, trace.activation, name.down, &gradients)
    // activation = silu(gate) ⊙ up
    let dGated = f.activationBackward(dActivation, gate: trace.gate, up: trace.up)
    // gate = Wgate(feedForwardNorm), up = Wup(feedForwardNorm)
    let dFeedForwardNorm =
      try linearBackward(dGated.gate, trace.feedForwardNorm, name.gate, &gradients)
      + linearBackward(dGated.up, trace.feedForwardNorm, name.up, &gradients)
    // feedForwardNorm = RMSNorm(attentionResidual)
    let dResidual =
      dOutput + (try normBackward(dFeedForwardNorm, trace.attentionResidual, name.feedForwardNorm, &gradients))

    // attentionResidual = x + o(context), o with its update
    let dContext = try adaptedBackward(dResidual, trace.attention.context, index, .output, gates, &gradients)
    // context = attention(query, written keys, written values)
    let dAttention = f.attentionBackward(
      dContext, query: trace.query, keys: trace.written.keys, values: trace.written.values,
      probabilities: trace.attention.probabilities, visible: visible, heads: configuration.heads)
    // written = own, with the means in the SUM rows
    let dKey = rules.entryBackward(mergingBackward(dAttention.key, rows: rows), rows)
    let dValue = rules.entryBackward(mergingBackward(dAttention.value, rows: rows), rows)
    // query = R · q(attentionNorm), key = R · k(attentionNorm), value = v(attentionNorm), each with its update
    let dNorm =
      try adaptedBackward(
        f.rotateBackward(dAttention.query, by: angles), trace.attentionNorm, index, .query, gates, &gradients)
      + adaptedBackward(f.rotateBackward(dKey, by: angles), trace.attentionNorm, index, .key, gates, &gradients)
      + adaptedBackward(dValue, trace.attentionNorm, index, .value, gates, &gradients)
    // attentionNorm = RMSNorm(x)
    return dResidual + (try normBackward(dNorm, trace.input, name.attentionNorm, &gradients))
  }

  /// CCM-17 backwards, for keys or values: what SUM rows were given goes to the COMP rows it was made of, and a SUM
  /// row's own key and value have no part in anything.
  private func mergingBackward(_ dWritten: Tensor, rows: [ContextRow]) -> Tensor {
    let blocks = ContextBlock.all(in: rows)
    let comps = blocks.filter { $0.role == .comp }
    guard blocks.count > comps.count else { return dWritten }
    let shape = [parameters.memoryTokens, dWritten.columns]
    var dOwn = dWritten
    var dMeans: [Tensor?] = []
    for block in blocks {
      if block.role == .comp {
        dMeans.append(nil)
      } else {
        dMeans[dMeans.count - 1] = dWritten.selecting(rows: block.rows)
        dOwn.replace(rows: block.rows, by: Tensor(zeros: shape))
      }
    }
    for (block, gradient) in zip(comps, rules.mergeBackward(dMeans, parameters.mergeRate, shape)) {
      dOwn.replace(rows: block.rows, by: dOwn.selecting(rows: block.rows) + gradient)
    }
    return dOwn
  }

  // MARK: - One layer function with the parameter of a name

  private func linearBackward(
    _ dy: Tensor, _ x: Tensor, _ parameter: String, _ gradients: inout ContextGradients
  ) throws(ModelError) -> Tensor {
    let d = functions.linearBackward(dy, input: x, weight: try weights.tensor(parameter))
    gradients.addToBase(d.weight, parameter)
    return d.input
  }

  private func normBackward(
    _ dy: Tensor, _ x: Tensor, _ parameter: String, _ gradients: inout ContextGradients
  ) throws(ModelError) -> Tensor {
    let gain = try weights.tensor(parameter)
    let d = functions.rmsNormBackward(dy, input: x, gain: gain.values, epsilon: configuration.epsilon)
    gradients.addToBase(Tensor(shape: gain.shape, values: d.gain), parameter)
    return d.input
  }

  private func adaptedBackward(
    _ dy: Tensor, _ x: Tensor, _ layer: Int, _ projection: AdaptedProjection, _ gates: [Bool],
    _ gradients: inout ContextGradients
  ) throws(ModelError) -> Tensor {
    let name = projection.baseName(layer: layer)
    let d = ConditionalLinear.backward(
      dy, input: x, weight: try weights.tensor(name), update: try update(layer, projection), gates: gates,
      functions: functions)
    gradients.addToBase(d.weight, name)
    if let a = d.a, let b = d.b {
      gradients.adapter.add(a, to: AdapterParameterName.a(layer: layer, projection))
      gradients.adapter.add(b, to: AdapterParameterName.b(layer: layer, projection))
    }
    return d.input
  }
}
