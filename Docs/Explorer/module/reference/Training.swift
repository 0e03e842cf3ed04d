// A small model trained while one watches, as a run of the sweep behind Docs/Losslessness.md is: the same draws in the same
// order, so that its losses are those of `loma sweep` (TRN-3…TRN-6).

import LoMA
import LoMAReference
import NaiveLlama

/// A run in this module.
private struct Run {
  var trainer: Trainer
  var numbers: SeededNumbers
  let vocabulary: Vocabulary
  let parameters: Parameters
  let alphabet: Int
  let textLength: Int
  let batch: Int

  nonisolated(unsafe) static var current: Run?
}

/// Begins a run: layers, hidden, intermediate, H, H_kv, c, t, the alphabet, chunks a text, texts a batch, steps, steps of the
/// warm-up and the seed are given. The rate falls as a cosine, and the repetition loss alone is trained.
@_expose(wasm, "beginTraining")
@_cdecl("beginTraining")
public func beginTraining(
  _ rate: Double, _ beta1: Double, _ beta2: Double, _ adamEpsilon: Double, _ decay: Double, _ norm: Double,
  _ epsilon: Double, _ theta: Double
) -> Int32 {
  JSON.answer { json throws(Fault) in
    var given = Given()
    let (layers, hidden, intermediate, heads) = (given.next(), given.next(), given.next(), given.next())
    let (keyValueHeads, c, t, alphabet) = (given.next(), given.next(), given.next(), given.next())
    let (chunks, batch, steps, warmUp, seed) = (given.next(), given.next(), given.next(), given.next(), given.next())
    let parameters = try input { () throws(InputError) in try Parameters(c: c, t: t) }
    let vocabulary = try input { () throws(InputError) in try Vocabulary(textSize: alphabet) }
    let configuration = try model { () throws(ModelError) in
      try Configuration(
        vocabularySize: vocabulary.modelSize, hiddenSize: hidden, intermediateSize: intermediate, layers: layers,
        queryHeads: heads, keyValueHeads: keyValueHeads, headDimension: nil, epsilon: epsilon, theta: theta,
        tiesHead: false)
    }
    let settings = TrainerSettings(
      learningRate: LearningRate(peak: rate, warmUp: warmUp, steps: steps, decay: .cosine),
      optimiser: AdamWSettings(
        learningRate: rate, beta1: beta1, beta2: beta2, epsilon: adamEpsilon, weightDecay: decay),
      largestNorm: norm, objective: .repetition)
    var numbers = SeededNumbers(seed: UInt64(seed))
    let weights = ParameterSet.initial(configuration, numbers: &numbers)
    let trainer = Trainer(configuration: configuration, parameters: weights, settings: settings)
    Run.current = Run(
      trainer: trainer, numbers: numbers, vocabulary: vocabulary, parameters: parameters, alphabet: alphabet,
      textLength: chunks * parameters.chunkLength, batch: batch)
    json.integer("weights", weights.tensors.values.reduce(0) { $0 + $1.values.count })
  }
}

/// One step. Answers its number, how many tokens of its batch were recited rightly before it, of how many, and the place
/// of its repetition loss.
@_expose(wasm, "trainStep")
@_cdecl("trainStep")
public func trainStep() -> Int32 {
  JSON.answer { json throws(Fault) in
    guard var run = Run.current else { throw .noModel }
    var texts: [[Int]] = []
    for _ in 0..<run.batch {
      var text: [Int] = []
      for _ in 0..<run.textLength { text.append(run.numbers.integer(below: run.alphabet)) }
      texts.append(text)
    }
    var layouts: [[Row]] = []
    for text in texts {
      layouts.append(
        try input { () throws(InputError) in
          try Layout.training(text: text, vocabulary: run.vocabulary, parameters: run.parameters, profile: .base).rows
        })
    }
    let pass = try model { () throws(ModelError) in
      try run.trainer.step(texts: layouts, profile: .base, workers: .single)
    }
    var (right, all) = (0, 0)
    for (rows, logits) in zip(layouts, pass.logits) {
      for (r, row) in rows.enumerated() where row.place.zone == .repetition {
        all += 1
        if run.vocabulary.greedyToken(Array(logits.row(r))) == row.label { right += 1 }
      }
    }
    Run.current = run
    json.integer("step", run.trainer.optimiser.steps)
    json.integer("right", right)
    json.integer("of", all)
    json.list("loss") { $0.numbers([pass.loss.repetition]) }
  }
}

/// Makes the weights of the run the model that `read` reads with; answers its vocabulary.
@_expose(wasm, "adopt")
@_cdecl("adopt")
public func adopt() -> Int32 {
  JSON.answer { json throws(Fault) in
    guard let run = Run.current else { throw .noModel }
    LoadedModel.current = LoadedModel(
      configuration: run.trainer.configuration, vocabulary: run.vocabulary, c: run.parameters.c,
      t: run.parameters.t, parameters: run.trainer.parameters)
    json.integer("vocabulary", run.vocabulary.textSize)
  }
}
