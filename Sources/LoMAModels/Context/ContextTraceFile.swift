// CCM-5…CCM-23: one pass with compressed context memory with all its numbers: rows, mask, intermediates, loss, gradients
// and optimiser steps.

import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

/// What a trace has beside the forward pass.
package struct ContextTraceChoices: Sendable {
  /// Whether the gradients are written.
  package var gradients: Bool
  /// The parameters whose gradients and steps are written.
  package var training: ContextTraining
  /// AdamW steps, all on the same batch.
  package var steps: Int
  /// η, β₁, β₂, ε, λ.
  package var adamW: AdamWSettings

  /// Choices of these values.
  package init(gradients: Bool, training: ContextTraining, steps: Int, adamW: AdamWSettings) {
    self.gradients = gradients
    self.training = training
    self.steps = steps
    self.adamW = adamW
  }
}

extension ContextCheckpoint {
  /// The arrays of a trace over a batch of texts, padded on the left.
  ///
  /// Per text I: `texts.I.tokens`, `.roles` (0 text, 1 COMP, 2 SUM, 3 pad), `.segments`, `.indices`, `.positions`,
  /// `.labels` (−1 for none), `.mask` [rows, rows] and every name of `ContextTrace.named`. Then `loss`,
  /// `gradients.PARAMETER`, and for step S from 1 `steps.S.parameters.…`, `steps.S.first_moments.…`,
  /// `steps.S.second_moments.…`. Floats are F64, integers I64. Throws `traceTooLarge` before texts are laid out.
  package func trace(
    texts: [ContextText], choices: ContextTraceChoices, threads: Int
  ) throws(AdapterError) -> ArrayFile {
    do throws(PeerError) {
      for text in texts { try text.check(parameters) }
    } catch { throw .peer(.rejected(error)) }
    try refuseTooLarge(texts)
    let batch: ContextBatch
    do throws(PeerError) {
      var layouts: [ContextLayout] = []
      for text in texts { layouts.append(try ContextLayout(text, parameters: parameters)) }
      batch = ContextBatch(layouts, parameters: parameters)
    } catch { throw .peer(.rejected(error)) }
    let model = model(workers: Workers(threads: threads))
    var arrays: [NamedArray] = []
    for (index, rows) in batch.texts.enumerated() {
      let mask = batch.mask(index)
      arrays += try Self.arrays(rows, mask: mask, prefix: "texts.\(index).")
      let pass: ContextTrace
      do { pass = try model.forward(mask) } catch { throw .base(.model(error)) }
      for (name, tensor) in pass.named { arrays.append(try Self.array("texts.\(index)." + name, tensor)) }
    }
    arrays += try trainingArrays(batch, choices: choices, threads: threads)
    do { return try ArrayFile(arrays, metadata: [:]) } catch { throw .container(error) }
  }

  /// The rows of a text's parallel layout, pads not counted (CCM-5).
  private func rows(of text: ContextText) -> Int {
    let contexts = text.finalSegment
    let blocks =
      switch (parameters.profile.memory, parameters.profile.recurrence) {
      case (.concat, _): contexts
      case (.merge, .recurrent): 2 * contexts
      case (.merge, .separate): contexts == 0 ? 0 : contexts + 1
      }
    return text.segments.reduce(blocks * parameters.memoryTokens) { $0 + $1.count }
  }

  /// Throws for texts that have passed their own check, before their rows are laid out.
  private func refuseTooLarge(_ texts: [ContextText]) throws(AdapterError) {
    let configuration = base.configuration
    let rows = texts.map(rows).max() ?? 0
    let (cells, scores) = (
      Double(rows) * Double(rows), Double(configuration.layers) * Double(configuration.heads.query)
    )
    let bytes = 8 * Double(texts.count) * (cells * (scores + 1) + Double(rows) * Double(configuration.vocabularySize))
    if bytes > Double(LoadedModel.byteLimit) {
      throw .traceTooLarge(texts: texts.count, rows: rows, limit: LoadedModel.byteLimit)
    }
  }

  /// The loss, and the gradients and steps if they are asked for.
  private func trainingArrays(
    _ batch: ContextBatch, choices: ContextTraceChoices, threads: Int
  ) throws(AdapterError) -> [NamedArray] {
    var trainer: ContextTrainer
    do {
      trainer = ContextTrainer(
        configuration: base.configuration, base: try base.parameters(), adapter: adapter, parameters: parameters,
        training: choices.training)
    } catch { throw .base(error) }
    var arrays: [NamedArray] = []
    for step in 0..<max(choices.steps, 1) {
      let pass: ContextTrainingPass
      do { pass = try trainer.pass(batch, workers: Workers(threads: threads)) } catch { throw .base(.model(error)) }
      if step == 0 {
        arrays.append(try Self.array("loss", Tensor(shape: [], values: [pass.loss.mean])))
        if choices.gradients { arrays += try Self.arrays(pass.gradients.trained, prefix: "gradients.") }
      }
      guard step < choices.steps else { break }
      trainer.apply(pass.gradients.trained, settings: choices.adamW)
      let prefix = "steps.\(step + 1)."
      arrays += try Self.arrays(trainer.trained, prefix: prefix + "parameters.")
      arrays += try Self.arrays(trainer.optimiser.firstMoments, prefix: prefix + "first_moments.")
      arrays += try Self.arrays(trainer.optimiser.secondMoments, prefix: prefix + "second_moments.")
    }
    return arrays
  }

  private static func arrays(
    _ rows: [ContextRow], mask: ContextMask, prefix: String
  ) throws(AdapterError) -> [NamedArray] {
    let roles: [ContextRole: Int] = [.text: 0, .comp: 1, .sum: 2, .pad: 3]
    let columns: [(String, [Int])] = [
      ("tokens", rows.map { $0.token }), ("roles", rows.map { roles[$0.place.role] ?? -1 }),
      ("segments", rows.map { $0.place.segment ?? -1 }), ("indices", rows.map { $0.place.index ?? -1 }),
      ("positions", rows.map { $0.position }), ("labels", rows.map { $0.label ?? -1 }),
    ]
    do {
      var arrays: [NamedArray] = []
      for (name, integers) in columns {
        arrays.append(try NamedArray(prefix + name, .i64, shape: [rows.count], integers: integers))
      }
      let cells = rows.indices.flatMap { query in rows.indices.map { mask.allows(query: query, key: $0) } }
      arrays.append(try NamedArray(prefix + "mask", shape: [rows.count, rows.count], booleans: cells))
      return arrays
    } catch { throw .container(error) }
  }

  private static func arrays(_ set: ParameterSet, prefix: String) throws(AdapterError) -> [NamedArray] {
    var arrays: [NamedArray] = []
    for name in set.names {
      if let tensor = set.tensors[name] { arrays.append(try array(prefix + name, tensor)) }
    }
    return arrays
  }

  private static func array(_ name: String, _ tensor: Tensor) throws(AdapterError) -> NamedArray {
    do { return try NamedArray(name, .f64, shape: tensor.shape, doubles: tensor.values) } catch {
      throw .container(error)
    }
  }
}
