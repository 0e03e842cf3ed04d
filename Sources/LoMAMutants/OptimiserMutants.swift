// LOS-6, REC-2, COST: wrong steps, accuracies and costs.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors
import NaiveLlama

extension Mutant {
  private static func step(
    _ id: String, _ sentence: String,
    _ update: @escaping @Sendable (AdamWValue, Double, AdamWFactors) -> AdamWValue
  ) -> Mutant {
    answers(id, .optimiser, sentence, on: [.trainStep]) { answers, _ in answers.update = update }
  }

  static var optimisers: [Mutant] {
    [
      step("M160", "I added the decay to the gradient") { old, g, factors in
        let coupled = AdamWFactors(
          settings: factors.settings, keep: 1, stepSize: factors.stepSize, correction: factors.correction)
        return AdamW.update(old, g + factors.settings.weightDecay * old.parameter, coupled)
      },
      step("M161", "I corrected no bias") { old, g, factors in
        let uncorrected = AdamWFactors(
          settings: factors.settings, keep: factors.keep, stepSize: factors.settings.learningRate, correction: 1)
        return AdamW.update(old, g, uncorrected)
      },
      step("M162", "I put ε under the root") { old, g, factors in
        var value = AdamW.update(old, g, factors)
        let square = value.secondMoment / (factors.correction * factors.correction)
        value.parameter =
          old.parameter * factors.keep
          - factors.stepSize * value.firstMoment / (square + factors.settings.epsilon).squareRoot()
        return value
      },
      step("M163", "I swapped β₁ and β₂") { old, g, factors in
        let settings = factors.settings
        let swapped = AdamWSettings(
          learningRate: settings.learningRate, beta1: settings.beta2, beta2: settings.beta1, epsilon: settings.epsilon,
          weightDecay: settings.weightDecay)
        let other = AdamWFactors(
          settings: swapped, keep: factors.keep, stepSize: factors.stepSize, correction: factors.correction)
        return AdamW.update(old, g, other)
      },
      parameters("M164", .optimiser, "I took β₂ for β₁ and β₁ for β₂, in the bias correction too", on: [.trainStep]) {
        guard let first = $0["beta1"], let second = $0["beta2"] else { return nil }
        return $0.adding(["beta1": second, "beta2": first])
      },
      step("M165", "I corrected the bias after ε was added") { old, g, factors in
        var value = AdamW.update(old, g, factors)
        value.parameter =
          old.parameter * factors.keep
          - factors.stepSize * factors.correction * value.firstMoment
          / (value.secondMoment.squareRoot() + factors.settings.epsilon)
        return value
      },
    ]
  }

  /// Other counts of `metrics`: correct tokens, tokens, correct chunks, chunks.
  private static func counted(
    _ id: String, _ sentence: String,
    _ wrong: @escaping @Sendable (_ counts: [Int], _ chunks: ReproducedChunks) -> [Int]
  ) -> Mutant {
    answers(id, .metrics, sentence, on: [.metrics]) { answers, request in
      guard let chunks = try? ReproducedChunks(request) else { return }
      answers.finish = { tensors in
        tensors.map { tensor in
          guard case .integers(let counts) = tensor.content else { return tensor }
          return .integers(tensor.name, shape: tensor.shape, wrong(counts, chunks))
        }
      }
    }
  }

  static var metrics: [Mutant] {
    [
      counted("M170", "I counted tokens for the accuracy of chunks") { counts, _ in
        [counts[0], counts[1], counts[0], counts[1]]
      },
      counted("M171", "I counted a partial chunk as a chunk") { counts, chunks in
        [counts[0], counts[1], counts[2], counts[3] + chunks.tails]
      },
      counted("M172", "I averaged the tokens of each chunk, rounding down") { counts, chunks in
        [chunks.correct.reduce(0) { $0 + $1 / chunks.length }, counts[3], counts[2], counts[3]]
      },
      counted("M173", "I called an accuracy of nothing 1") { counts, _ in counts[1] == 0 ? [1, 1, 1, 1] : counts },
      counted("M174", "I counted a chunk as reproduced where most of it is") { counts, chunks in
        [counts[0], counts[1], chunks.correct.filter { 2 * $0 > chunks.length }.count, counts[3]]
      },
    ]
  }

  private static func cost(
    _ id: String, _ sentence: String, _ name: String, _ wrong: @escaping @Sendable (Int, Parameters) -> Int
  ) -> Mutant {
    answers(id, .cost, sentence, on: [.cost]) { answers, request in
      guard let parameters = try? request.lomaParameters() else { return }
      answers.finish = { tensors in
        tensors.map { tensor in
          guard tensor.name == name, case .integers(let values) = tensor.content else { return tensor }
          return .integers(name, shape: tensor.shape, values.map { wrong($0, parameters) })
        }
      }
    }
  }

  static var costs: [Mutant] {
    [
      cost("M180", "I counted keys and forgot values", "entry_bytes") { bytes, _ in bytes / 2 },
      cost("M181", "I forgot the memory rows being written in the largest cache", "cache_maximum") {
        entries, parameters in
        entries > parameters.chunkLength ? entries - parameters.t : entries
      },
      cost("M182", "I counted a chunk's memory once per token when it recites", "reconstruction") { pairs, parameters in
        pairs - (parameters.chunkLength - 1)
      },
      cost("M183", "I counted full attention as a square", "full_attention") { pairs, _ in 2 * pairs },
    ]
  }
}

/// The number of right tokens of each full chunk.
struct ReproducedChunks: Sendable {
  /// L, the chunk length.
  let length: Int
  /// The number of right tokens of each full chunk of all texts.
  let correct: [Int]
  /// The number of texts with a tail.
  let tails: Int

  init(_ request: Request) throws(RequestError) {
    let parameters = try request.lomaParameters()
    let length = parameters.chunkLength
    let texts = try request.texts()
    let whole = texts.flatMap { $0.prefix(parameters.fullChunks($0.count) * length) }
    let reproduced = try request.integers("reconstruction")
    self.length = length
    correct = stride(from: 0, to: min(whole.count, reproduced.count), by: length).map { start in
      (start..<start + length).filter { $0 < reproduced.count && whole[$0] == reproduced[$0] }.count
    }
    tails = texts.filter { parameters.tailLength($0.count) > 0 }.count
  }
}
