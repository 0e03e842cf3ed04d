// LAT-14, LAT-15: forward pass, gradients and generation of a model with latent attention.

import LoMA
import LoMAModels
import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

extension ReferenceAnswers {
  /// `logits` [B, S, V], and each captured intermediate with B before its shape.
  func latentForward(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let asked = try LatentRequest(request, self)
    let (model, batch) = (asked.model, asked.batch)
    let width = model.configuration.shape.hiddenSize
    let given = request.input["embeddings"] == nil ? nil : try request.tensor("embeddings")
    if let given, given.shape != [batch.texts.count, batch.rowCount, width] { throw .shape(tensor: "embeddings") }
    var named: [[(name: String, tensor: Tensor)]] = []
    for (index, rows) in batch.texts.enumerated() {
      named.append(
        try request.model { () throws(ModelError) in
          let positions = rows.map { $0.position }
          let embeddings =
            if let given {
              given.selecting(rows: Array(index * batch.rowCount..<(index + 1) * batch.rowCount))
            } else { try model.embed(rows.map { $0.token }) }
          let trace = try model.forward(
            embeddings: embeddings, positions: positions, visible: rules.visible(rows, .base), past: model.noPast)
          return try model.named(trace, positions: positions)
        })
    }
    var results: [ResultTensor] = []
    for name in ["logits"] + request.captures {
      var parts: [Tensor] = []
      for text in named {
        guard let tensor = text.first(where: { $0.name == name })?.tensor else { throw .parameter(name) }
        parts.append(tensor)
      }
      results.append(.stacked(name, parts))
    }
    return results
  }

  /// `loss` [], and `gradients.NAME` for every tensor of the model.
  func latentGradients(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let asked = try LatentRequest(request, self)
    let pass = try request.model { () throws(ModelError) in
      try asked.model.trainingPass(texts: asked.batch.texts, profile: .base, rules: rules)
    }
    let gradients = gradientFilter(pass.gradients)
    return [.tensor("loss", functions.round(Tensor(shape: [], values: [pass.loss.languageModelling])))]
      + gradients.names.compactMap { name in gradients.tensors[name].map { .tensor("gradients." + name, $0) } }
  }

  /// `chosen` [m]; `logits` of every token fed; the entries of every producer, and their codes where they have some.
  func latentGenerate(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let asked = try LatentRequest(request, self)
    let text = try asked.onlyText()
    var reader = LatentReader(model: asked.model)
    var record = LatentRecord(asked.model, quantise: peers.quantise)
    let chosen = try request.model { () throws(ModelError) in
      try record.saw(try reader.read(text), from: 0)
      var chosen: [Int] = []
      while chosen.count < asked.generationLength, let logits = reader.lastLogits {
        let token = peers.latentRules.choose(logits)
        let fed = next(token, asked.forced?[chosen.count], reader.fedLength)
        chosen.append(token)
        guard chosen.count < asked.generationLength else { break }
        let position = reader.fedLength
        try record.saw(try reader.read([fed]), from: position)
      }
      return chosen
    }
    return [.integers("chosen", shape: [chosen.count], chosen)] + record.results(reader)
  }
}

extension ResultTensor {
  /// Tensors of one shape under a new first dimension.
  static func stacked(_ name: String, _ parts: [Tensor]) -> ResultTensor {
    .tensor(name, Tensor(shape: [parts.count] + (parts.first?.shape ?? []), values: parts.flatMap { $0.values }))
  }
}

/// What is recorded of a text being read: logits, and the codes of every producer's entries.
private struct LatentRecord {
  private let model: LatentModel
  private let quantise: PeerAnswers.Quantising
  private var logits: [Double] = []
  /// By rising producer, row after row.
  private var latentCodes: [[Int]]
  private var rotatedCodes: [[Int]]

  init(_ model: LatentModel, quantise: @escaping PeerAnswers.Quantising) {
    self.model = model
    self.quantise = quantise
    latentCodes = model.producers.map { _ in [] }
    rotatedCodes = latentCodes
  }

  /// A pass of rows at the positions from `first` on.
  mutating func saw(_ trace: LatentTrace, from first: Int) throws(ModelError) {
    logits += trace.logits.values
    guard case .latent(let widths) = model.configuration.attention.form else { return }
    let quantisers = model.quantisers(widths)
    let positions = Array(first..<first + trace.logits.rows)
    for (place, producer) in model.producers.enumerated() {
      guard
        let made = try model.unquantised(layer: producer, trace: trace.layers[producer], positions: positions)
      else { continue }
      latentCodes[place] += codes(quantisers.latent, made.contents)
      if widths.rotated > 0 { rotatedCodes[place] += codes(quantisers.rotatedKey, made.keys) }
    }
  }

  private func codes(_ quantiser: Quantiser, _ x: Tensor) -> [Int] {
    quantise(quantiser, x).flatMap { $0.codes.map { Int($0) } }
  }

  func results(_ reader: LatentReader) -> [ResultTensor] {
    let vocabulary = model.configuration.shape.vocabularySize
    let logits = ResultTensor.tensor(
      "logits", Tensor(shape: [logits.count / vocabulary, vocabulary], values: logits))
    let (contents, keys) = (reader.stored.map { $0.contents }, reader.stored.map { $0.keys })
    func codes(_ name: String, _ rows: [[Int]], like parts: [Tensor]) -> [ResultTensor] {
      if rows.allSatisfy({ $0.isEmpty }) { return [] }
      return [.integers(name, shape: [parts.count, reader.fedLength, parts[0].columns], rows.flatMap { $0 })]
    }
    switch model.configuration.attention.form {
    case .heads: return [logits, .stacked("cache.keys", keys), .stacked("cache.values", contents)]
    case .latent:
      return [logits, .stacked("cache.latents", contents), .stacked("cache.rotated_keys", keys)]
        + codes("cache.latent_codes", latentCodes, like: contents)
        + codes("cache.rotated_codes", rotatedCodes, like: keys)
    }
  }
}
