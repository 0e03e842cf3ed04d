// OPS-4: forward pass, loss, gradients and optimiser steps on a batch of texts.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

extension ReferenceAnswers {
  /// The request's model and the padded batch of its texts' training layouts.
  private func prepared(_ request: Request) throws(RequestError) -> (Transformer, Batch) {
    let batch = try request.batch(.training, rows: rows)
    let (configuration, parameters) = try loaded(request)
    return (Transformer(configuration: configuration, weights: Weights(parameters), functions: functions), batch)
  }

  /// Configuration and parameters of the request's model; a refused model is the last fault of the list (OPS-6).
  func loaded(_ request: Request) throws(RequestError) -> (Configuration, ParameterSet) {
    guard let name = request.model else { throw .parameter("model") }
    if let refusal = refusals[name] { throw .reference(refusal) }
    guard let model = models[name] else { throw .parameter("model") }
    return (model.configuration, model.parameters)
  }

  func forward(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let (model, batch) = try prepared(request)
    let traces = try traces(request, model, batch)
    var results = [stacked("logits", traces.map { $0.logits }, model.configuration.vocabularySize)]
    for name in request.captures {
      var parts: [Tensor] = []
      for trace in traces {
        guard let tensor = trace.named.first(where: { $0.name == name })?.tensor else { throw .parameter(name) }
        parts.append(tensor)
      }
      guard let shape = parts.first?.shape else { continue }
      results.append(
        .tensor(name, Tensor(shape: [parts.count] + shape, values: parts.flatMap { $0.values })))
    }
    return results
  }

  /// One forward pass per text, from its tokens, or from the rows of `embeddings` if they are given.
  private func traces(_ request: Request, _ model: Transformer, _ batch: Batch) throws(RequestError) -> [ForwardTrace] {
    let given = request.input["embeddings"] == nil ? nil : try request.tensor("embeddings")
    let (width, profile) = (model.configuration.hiddenSize, try request.profile())
    if let given, given.shape != [batch.texts.count, batch.rowCount, width] { throw .shape(tensor: "embeddings") }
    var traces: [ForwardTrace] = []
    for (index, rows) in batch.texts.enumerated() {
      traces.append(
        try request.model { () throws(ModelError) in
          guard let given else { return try model.forward(rows: rows, profile: profile, rules: rules) }
          let own = Array(index * batch.rowCount..<(index + 1) * batch.rowCount)
          return try model.forward(
            embeddings: given.selecting(rows: own), positions: rows.map { $0.position },
            visible: rules.visible(rows, profile), past: model.noPast)
        })
    }
    return traces
  }

  func loss(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let (model, batch) = try prepared(request)
    let traces = try traces(request, model, batch)
    let loss = rules.loss(batch.texts, traces.map { $0.logits })
    return [scalar("language_modelling", loss.languageModelling), scalar("repetition", loss.repetition)]
  }

  func gradients(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let (model, batch) = try prepared(request)
    let profile = try request.profile()
    let pass = try request.model { () throws(ModelError) in
      try model.trainingPass(texts: batch.texts, profile: profile, rules: rules)
    }
    return named("gradients.", gradientFilter(pass.gradients))
  }

  func trainStep(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let (batch, profile) = (try request.batch(.training, rows: rows), try request.profile())
    var (configuration, parameters) = try loaded(request)
    let settings = AdamWSettings(
      learningRate: try request.real("learning_rate"), beta1: try request.real("beta1"),
      beta2: try request.real("beta2"), epsilon: try request.real("adam_epsilon"),
      weightDecay: try request.real("weight_decay"))
    let steps = try request.integer("steps")
    guard steps >= 0 else { throw .parameter("steps") }
    var optimiser = AdamW(configuration: configuration)
    for _ in 0..<steps {
      let model = Transformer(configuration: configuration, weights: Weights(parameters), functions: functions)
      let pass = try request.model { () throws(ModelError) in
        try model.trainingPass(texts: batch.texts, profile: profile, rules: rules)
      }
      step(&optimiser, &parameters, gradientFilter(pass.gradients), settings, update)
    }
    return named("parameters.", parameters) + named("first_moments.", optimiser.firstMoments)
      + named("second_moments.", optimiser.secondMoments)
  }

  private func named(_ prefix: String, _ set: ParameterSet) -> [ResultTensor] {
    set.names.compactMap { name in set.tensors[name].map { .tensor(prefix + name, $0) } }
  }

  private func scalar(_ name: String, _ value: Double) -> ResultTensor {
    .tensor(name, Tensor(shape: [], values: [value]))
  }

  private func stacked(_ name: String, _ texts: [Tensor], _ width: Int) -> ResultTensor {
    .tensor(
      name,
      Tensor(shape: [texts.count, texts.first?.rows ?? 0, width], values: texts.flatMap { $0.values }))
  }
}
