// LOS, MOD: one training pass with all its numbers: rows, mask, intermediates, losses, gradients and optimiser steps.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

extension LoadedModel {
  /// The arrays of a trace over a batch of texts.
  ///
  /// Per text I: `texts.I.tokens`, `.positions`, `.labels` (−1 for none), `.mask` [rows, rows] and every name of
  /// `ForwardTrace.named`. Then `loss.language_modelling`, `loss.repetition`, `gradients.PARAMETER`, and for step S from 1
  /// `steps.S.parameters.…`, `steps.S.first_moments.…`, `steps.S.second_moments.…`. Floats are F64, integers I64.
  ///
  /// `adamW` is η, β₁, β₂, ε, λ; all steps are taken on the same batch. Throws `traceTooLarge` before texts are laid
  /// out.
  package func trace(
    texts: [[Int]], gradients: Bool, steps: Int, adamW: [Double], threads: Int
  ) throws(CheckpointError) -> ArrayFile {
    try refuseTooLarge(texts)
    let batch: Batch
    do throws(InputError) {
      var layouts: [Layout] = []
      for text in texts {
        layouts.append(
          try .training(text: text, vocabulary: vocabulary, parameters: parameters, profile: profile))
      }
      batch = Batch(layouts)
    } catch { throw .reference(.rejected(error)) }
    var arrays: [NamedArray] = []
    do throws(TraceFailure) {
      for (index, rows) in batch.texts.enumerated() {
        arrays += try Self.rowArrays(rows, mask: Mask(rows: rows, profile: profile), prefix: "texts.\(index).")
        let pass = try modelling { () throws(ModelError) in
          try transformer(workers: Workers(threads: threads)).forward(rows: rows, profile: profile)
        }
        for (name, tensor) in pass.named { arrays.append(try Self.array("texts.\(index)." + name, tensor)) }
      }
      arrays += try trainingArrays(
        batch, gradients: gradients, steps: steps, threads: threads,
        settings: AdamWSettings(
          learningRate: adamW[0], beta1: adamW[1], beta2: adamW[2], epsilon: adamW[3], weightDecay: adamW[4]))
      return try containing { () throws(ContainerError) in try ArrayFile(arrays, metadata: [:]) }
    } catch { throw error.checkpointError }
  }

  /// The most bytes of probabilities, masks and logits of a trace; everything else takes about as much again.
  static let byteLimit = 1 << 31

  func refuseTooLarge(_ texts: [[Int]]) throws(CheckpointError) {
    let configuration = checkpoint.configuration
    let rows = texts.map { parameters.trainingRows($0.count) }.max() ?? 0
    let (cells, scores) = (
      Double(rows) * Double(rows), Double(configuration.layers) * Double(configuration.heads.query)
    )
    let bytes = 8 * Double(texts.count) * (cells * (scores + 1) + Double(rows) * Double(configuration.vocabularySize))
    if bytes > Double(Self.byteLimit) {
      throw .traceTooLarge(texts: texts.count, rows: rows, limit: Self.byteLimit)
    }
  }

  /// The losses, and the gradients and steps if they are asked for, which need the parameters in memory.
  private func trainingArrays(
    _ batch: Batch, gradients: Bool, steps: Int, threads: Int, settings: AdamWSettings
  ) throws(TraceFailure) -> [NamedArray] {
    let configuration = checkpoint.configuration
    var weights: ParameterSet
    do { weights = try checkpoint.parameters() } catch { throw .checkpoint(error) }
    var optimiser = AdamW(configuration: configuration)
    var arrays: [NamedArray] = []
    for step in 0...steps {
      let model = Transformer(
        configuration: configuration, weights: Weights(weights), functions: .llama(workers: Workers(threads: threads)))
      let pass = try modelling { () throws(ModelError) in
        try model.trainingPass(texts: batch.texts, profile: profile)
      }
      if step == 0 {
        arrays.append(
          try Self.array("loss.language_modelling", Tensor(shape: [], values: [pass.loss.languageModelling])))
        arrays.append(try Self.array("loss.repetition", Tensor(shape: [], values: [pass.loss.repetition])))
        if gradients { arrays += try Self.arrays(pass.gradients, prefix: "gradients.") }
      }
      guard step < steps else { break }
      optimiser.step(&weights, gradients: pass.gradients, settings: settings)
      let prefix = "steps.\(step + 1)."
      arrays += try Self.arrays(weights, prefix: prefix + "parameters.")
      arrays += try Self.arrays(optimiser.firstMoments, prefix: prefix + "first_moments.")
      arrays += try Self.arrays(optimiser.secondMoments, prefix: prefix + "second_moments.")
    }
    return arrays
  }

  private static func rowArrays(_ rows: [Row], mask: Mask, prefix: String) throws(TraceFailure) -> [NamedArray] {
    try containing { () throws(ContainerError) in
      let columns = [
        ("tokens", rows.map(\.token)), ("positions", rows.map(\.position)), ("labels", rows.map { $0.label ?? -1 }),
      ]
      var arrays: [NamedArray] = []
      for (name, integers) in columns {
        arrays.append(try NamedArray(prefix + name, .i64, shape: [rows.count], integers: integers))
      }
      arrays.append(try NamedArray(prefix + "mask", shape: [rows.count, rows.count], booleans: mask.cells()))
      return arrays
    }
  }

  private static func arrays(_ set: ParameterSet, prefix: String) throws(TraceFailure) -> [NamedArray] {
    var arrays: [NamedArray] = []
    for name in set.names {
      if let tensor = set.tensors[name] { arrays.append(try array(prefix + name, tensor)) }
    }
    return arrays
  }

  private static func array(_ name: String, _ tensor: Tensor) throws(TraceFailure) -> NamedArray {
    try containing { () throws(ContainerError) in
      try NamedArray(name, .f64, shape: tensor.shape, doubles: tensor.values)
    }
  }
}

/// An error on the way to a trace, by the layer of code that throws it.
private enum TraceFailure: Error {
  case model(ModelError)
  case container(ContainerError)
  case checkpoint(CheckpointError)

  var checkpointError: CheckpointError {
    switch self {
    case .model(let error): .model(error)
    case .container(let error): .container(file: "the trace", error)
    case .checkpoint(let error): error
    }
  }
}

private func modelling<Value>(_ body: () throws(ModelError) -> Value) throws(TraceFailure) -> Value {
  do { return try body() } catch { throw .model(error) }
}

private func containing<Value>(_ body: () throws(ContainerError) -> Value) throws(TraceFailure) -> Value {
  do { return try body() } catch { throw .container(error) }
}
