// LAT-3…LAT-9, LOS-6: one pass with latent attention with all its numbers: rows, mask, intermediates, losses, gradients
// and optimiser steps.

import LoMA
import LoMAPeersReference
import LoMAReference
import LoMAVectors
import NaiveLlama

extension LatentCheckpoint {
  /// The arrays of a trace over a batch of texts, laid out as the model's `loma` object says.
  ///
  /// Per text I: `texts.I.tokens`, `.positions`, `.labels` (−1 for none), `.mask` [rows, rows] and every name of
  /// `LatentModel.named`. Then `loss.language_modelling`, `loss.repetition`, `gradients.PARAMETER`, and for step S from 1
  /// `steps.S.parameters.…`, `steps.S.first_moments.…`, `steps.S.second_moments.…`. Floats are F64, integers I64.
  /// Rotated rows of weights are in half-split order (LAT-3). Throws `traceTooLarge` before texts are laid out.
  package func trace(
    texts: [[Int]], gradients: Bool, steps: Int, adamW: AdamWSettings, threads: Int
  ) throws(LatentError) -> ArrayFile {
    let layout = try LatentRows(file)
    try refuseTooLarge(texts.map { layout.count($0.count) })
    let batch = try layout.batch(texts)
    let model = model(workers: Workers(threads: threads))
    var arrays: [NamedArray] = []
    for (index, rows) in batch.enumerated() {
      let prefix = "texts.\(index)."
      arrays += try Self.arrays(rows, mask: Mask(rows: rows, profile: layout.profile), prefix: prefix)
      let pass = try modelling(try model.forward(rows: rows, profile: layout.profile, rules: .spec))
      for (name, tensor) in try modelling(try model.named(pass, positions: rows.map { $0.position })) {
        arrays.append(try Self.array(prefix + name, tensor))
      }
    }
    arrays += try trainingArrays(
      batch, profile: layout.profile, gradients: gradients, steps: steps, adamW: adamW, threads: threads)
    do { return try ArrayFile(arrays, metadata: [:]) } catch { throw Self.failure(error) }
  }

  private func refuseTooLarge(_ rows: [Int]) throws(LatentError) {
    let (shape, most) = (configuration.shape, rows.max() ?? 0)
    let heads =
      switch shape.attention.form {
      case .latent(let widths): widths.heads
      case .heads(let query, _, _): query
      }
    let (cells, scores) = (Double(most) * Double(most), Double(shape.layers) * Double(heads))
    let bytes = 8 * Double(rows.count) * (cells * (scores + 1) + Double(most) * Double(shape.vocabularySize))
    if bytes > Double(LoadedModel.byteLimit) {
      throw .checkpoint(.traceTooLarge(texts: rows.count, rows: most, limit: LoadedModel.byteLimit))
    }
  }

  /// The losses, and the gradients and steps if they are asked for.
  private func trainingArrays(
    _ batch: [[Row]], profile: Profile, gradients: Bool, steps: Int, adamW: AdamWSettings, threads: Int
  ) throws(LatentError) -> [NamedArray] {
    var trainer = LatentTrainer(configuration: configuration, parameters: try parameters())
    var arrays: [NamedArray] = []
    for step in 0...steps {
      let pass = try modelling(
        try trainer.pass(
          batch, profile: profile, rules: .spec, further: { _ in nil }, workers: Workers(threads: threads)))
      if step == 0 {
        let losses = [("language_modelling", pass.loss.languageModelling), ("repetition", pass.loss.repetition)]
        for (name, loss) in losses {
          arrays.append(try Self.array("loss." + name, Tensor(shape: [], values: [loss])))
        }
        if gradients { arrays += try Self.arrays(pass.gradients, prefix: "gradients.") }
      }
      guard step < steps else { break }
      trainer.apply(pass.gradients, settings: adamW)
      let prefix = "steps.\(step + 1)."
      arrays += try Self.arrays(trainer.parameters, prefix: prefix + "parameters.")
      arrays += try Self.arrays(trainer.optimiser.firstMoments, prefix: prefix + "first_moments.")
      arrays += try Self.arrays(trainer.optimiser.secondMoments, prefix: prefix + "second_moments.")
    }
    return arrays
  }

  private static func arrays(_ rows: [Row], mask: Mask, prefix: String) throws(LatentError) -> [NamedArray] {
    let columns = [
      ("tokens", rows.map { $0.token }), ("positions", rows.map { $0.position }),
      ("labels", rows.map { $0.label ?? -1 }),
    ]
    do {
      var arrays: [NamedArray] = []
      for (name, integers) in columns {
        arrays.append(try NamedArray(prefix + name, .i64, shape: [rows.count], integers: integers))
      }
      arrays.append(try NamedArray(prefix + "mask", shape: [rows.count, rows.count], booleans: mask.cells()))
      return arrays
    } catch { throw failure(error) }
  }

  private static func arrays(_ set: ParameterSet, prefix: String) throws(LatentError) -> [NamedArray] {
    var arrays: [NamedArray] = []
    for name in set.names {
      if let tensor = set.tensors[name] { arrays.append(try array(prefix + name, tensor)) }
    }
    return arrays
  }

  private static func array(_ name: String, _ tensor: Tensor) throws(LatentError) -> NamedArray {
    do { return try NamedArray(name, .f64, shape: tensor.shape, doubles: tensor.values) } catch {
      throw failure(error)
    }
  }

  private static func failure(_ error: ContainerError) -> LatentError {
    .checkpoint(.container(file: "the trace", error))
  }
}
