// The Swift side of Tests/Benchmarks/forward and training: writes a random model and its rows, then runs when told to.
//
//   model forward FOLDER | model training FOLDER | model steps FOLDER
//
// Each line on standard input is one run, answered by its seconds; at the end of input the results are written.

import Foundation
import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

/// What is run, on how many threads.
struct Work {
  let configuration: Configuration
  let parameters: ParameterSet
  let texts: [[Row]]
  let threads = 2

  var transformer: Transformer {
    Transformer(
      configuration: configuration, weights: Weights(parameters),
      functions: .llama(workers: Workers(threads: threads)))
  }

  /// A model of some shape and texts in the training layout, c = 4 and t = 2.
  init(
    vocabulary: Int, hidden: Int, intermediate: Int, layers: Int, heads: Int, texts count: Int, length: Int
  ) throws {
    configuration = try Configuration(
      vocabularySize: vocabulary, hiddenSize: hidden, intermediateSize: intermediate, layers: layers, queryHeads: heads,
      keyValueHeads: heads, headDimension: nil, epsilon: 1e-5, theta: 10_000, tiesHead: false)
    var numbers = SeededNumbers(seed: 1)
    parameters = .highVariance(configuration, numbers: &numbers)
    let ids = try Vocabulary(
      textSize: vocabulary - 2, memoryToken: vocabulary - 2, repetitionToken: vocabulary - 1, modelSize: vocabulary)
    texts = try (0..<count).map { _ in
      let text = (0..<length).map { _ in numbers.integer(below: vocabulary - 2) }
      return try Layout.training(text: text, vocabulary: ids, parameters: Parameters(c: 4, t: 2), profile: .base).rows
    }
  }

  /// tokens, positions, labels and terms (−1, 0 for none; 1 and 2 for the two losses) [texts, rows], mask [rows, rows].
  func write(to folder: String) throws {
    var arrays: [NamedArray] = []
    for (name, tensor) in parameters.tensors {
      arrays.append(try NamedArray(name, .f64, shape: tensor.shape, doubles: tensor.values))
    }
    try ArrayFile(arrays, metadata: [:]).write(to: folder + "/parameters.safetensors")
    let rows = texts.flatMap { $0 }
    let shape = [texts.count, texts[0].count]
    let terms = rows.map { $0.lossTerm == nil ? 0 : $0.lossTerm == .languageModelling ? 1 : 2 }
    try ArrayFile(
      [
        NamedArray("tokens", .i64, shape: shape, integers: rows.map(\.token)),
        NamedArray("positions", .i64, shape: shape, integers: rows.map(\.position)),
        NamedArray("labels", .i64, shape: shape, integers: rows.map { $0.label ?? -1 }),
        NamedArray("terms", .i64, shape: shape, integers: terms),
        NamedArray("mask", shape: [shape[1], shape[1]], booleans: Mask(rows: texts[0], profile: .base).cells()),
      ], metadata: [:]
    ).write(to: folder + "/rows.safetensors")
  }
}

/// Runs `body` for every line, says how long it took, and gives back what the last run computed.
func runs<Result>(_ body: () throws -> Result) rethrows -> Result? {
  var result: Result?
  while readLine() != nil {
    let time = try ContinuousClock().measure { result = try body() }
    let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
    FileHandle.standardOutput.write(Data("\(seconds)\n".utf8))
  }
  return result
}

/// Whole steps of training on one batch: pass, clipping to 1, AdamW at 0.003 falling in a line over 10,000 steps.
func steps(_ work: Work) throws -> [NamedArray] {
  let rate = LearningRate(peak: 0.003, warmUp: 0, steps: 10_000, decay: .linear)
  let optimiser = AdamWSettings(learningRate: rate.peak, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.01)
  var trainer = Trainer(
    configuration: work.configuration, parameters: work.parameters,
    settings: TrainerSettings(learningRate: rate, optimiser: optimiser, largestNorm: 1, objective: .both))
  _ = try runs { try trainer.step(texts: work.texts, profile: .base, workers: Workers(threads: work.threads)) }
  return try trainer.parameters.tensors.map { name, tensor in
    try NamedArray(name, .f64, shape: tensor.shape, doubles: tensor.values)
  }
}

@main
struct ModelBenchmark {
  static func main() throws {
    let (mode, folder) = (CommandLine.arguments[1], CommandLine.arguments[2])
    var results: [NamedArray] = []
    if mode == "forward" {
      let work = try Work(
        vocabulary: 1024, hidden: 512, intermediate: 1376, layers: 8, heads: 8, texts: 1, length: 116)
      try work.write(to: folder)
      let model = work.transformer
      if let trace = try runs({ try model.forward(rows: work.texts[0], profile: .base) }) {
        results = [try NamedArray("logits", .f64, shape: trace.logits.shape, doubles: trace.logits.values)]
      }
    } else if mode == "steps" {
      let work = try Work(vocabulary: 34, hidden: 64, intermediate: 256, layers: 2, heads: 4, texts: 32, length: 16)
      try work.write(to: folder)
      results = try steps(work)
    } else {
      let work = try Work(vocabulary: 34, hidden: 64, intermediate: 256, layers: 2, heads: 4, texts: 32, length: 16)
      try work.write(to: folder)
      let model = work.transformer
      if let pass = try runs({ try model.trainingPass(texts: work.texts, profile: .base) }) {
        results = try pass.gradients.tensors.map { name, tensor in
          try NamedArray(name, .f64, shape: tensor.shape, doubles: tensor.values)
        }
        results.append(try NamedArray("loss", .f64, shape: [], doubles: [pass.loss.total]))
      }
    }
    try ArrayFile(results, metadata: [:]).write(to: folder + "/results.safetensors")
  }
}
