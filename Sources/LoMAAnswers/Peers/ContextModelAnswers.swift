// CCM-33: forward pass, loss and gradients of a base with its adapter, on a batch of texts in the parallel layout.

import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

extension ReferenceAnswers {
  private func prepared(
    _ request: Request, for operation: PeerOperation
  ) throws(RequestError) -> (ContextModel, ContextBatch) {
    let asked = try ContextRequest(request, for: operation)
    let model = try contextModel(request, asked.parameters)
    return (model, try asked.batch(of: request, peers))
  }

  /// `logits` [B, S, V], and each captured intermediate with B before its shape.
  func contextForward(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let (model, batch) = try prepared(request, for: .ccmForward)
    let (rows, width) = (batch.texts.first?.count ?? 0, model.configuration.hiddenSize)
    let given = request.input["embeddings"] == nil ? nil : try request.tensor("embeddings")
    if let given, given.shape != [batch.texts.count, rows, width] { throw .shape(tensor: "embeddings") }
    var traces: [ContextTrace] = []
    for index in batch.texts.indices {
      let mask = batch.mask(index)
      traces.append(
        try request.model { () throws(ModelError) in
          guard let given else { return try model.forward(mask) }
          let own = Array(index * rows..<(index + 1) * rows)
          return try model.forward(mask, embeddings: given.selecting(rows: own))
        })
    }
    func stacked(_ name: String, _ parts: [Tensor]) -> ResultTensor {
      .tensor(
        name, Tensor(shape: [parts.count] + (parts.first?.shape ?? []), values: parts.flatMap { $0.values }))
    }
    var results = [stacked("logits", traces.map { $0.logits })]
    for name in request.captures {
      var parts: [Tensor] = []
      for trace in traces {
        guard let tensor = trace.named.first(where: { $0.name == name })?.tensor else { throw .parameter(name) }
        parts.append(tensor)
      }
      results.append(stacked(name, parts))
    }
    return results
  }

  /// `loss` [].
  func contextLoss(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let (model, batch) = try prepared(request, for: .ccmLoss)
    let loss = try request.model { () throws(ModelError) in try model.loss(batch).loss }
    return [.tensor("loss", functions.round(Tensor(shape: [], values: [loss.mean])))]
  }

  /// `gradients.NAME` for every tensor of the adapter.
  func contextGradients(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let (model, batch) = try prepared(request, for: .ccmGradients)
    let pass = try request.model { () throws(ModelError) in try model.trainingPass(batch, training: .adapter) }
    let gradients = gradientFilter(pass.gradients.adapter)
    return gradients.names.compactMap { name in
      gradients.tensors[name].map { .tensor("gradients." + name, $0) }
    }
  }
}
