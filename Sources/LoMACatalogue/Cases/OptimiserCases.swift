// Suite 1.1: optimiser steps on every model and with other settings, and losses whose scores leave the range of a
// power.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

/// Cases of LOS-4, LOS-5 and LOS-6 that suite 1.0 lacks.
enum OptimiserCases {
  static var all: [Case] { models + numbers + loud }

  /// The numbers that AdamW is given, under the names of LOS-6.
  private struct Settings {
    var steps: Int
    var learningRate = 0x1p-7
    var beta1 = 0.875
    var beta2 = 0.9375
    var epsilon = 0x1p-10
    var weightDecay = 0.125
  }

  private static func step(
    _ model: CaseModel, _ what: String, _ settings: Settings, _ profile: Profile, hunts: String
  ) -> Case {
    EngineCases.numbers(
      "\(model.name).\(what)", .training, hunts: hunts, clauses: ["LOS-6"],
      ModelCases.request(
        .trainStep, model, c: 2, t: 2, CaseInputs.texts([4, 9], below: 11, seed: 200), profile,
        parameters: [
          "steps": .integer(settings.steps), "learning_rate": .real(settings.learningRate),
          "beta1": .real(settings.beta1), "beta2": .real(settings.beta2), "adam_epsilon": .real(settings.epsilon),
          "weight_decay": .real(settings.weightDecay),
        ]))
  }

  /// Several steps on each model on which suite 1.0 takes one step or none.
  private static var models: [Case] {
    let models: [(CaseModel, Int)] = [
      (.mqa, 3), (.deep, 3), (.shallow, 3), (.wide64, 2), (.wide128, 2), (.sixHeads, 3), (.ties, 2),
    ]
    return models.map { model, steps in
      step(
        model, "steps\(steps)-short-first", Settings(steps: steps), .base,
        hunts: model.tied ? "a tied head that is left behind" : "moments that are not kept from step to step")
    }
  }

  private static var numbers: [Case] {
    [
      step(
        .gqa, "no-decay",
        Settings(steps: 3, learningRate: 0x1p-6, beta1: 0.75, beta2: 1 - 0x1p-10, epsilon: 0x1p-8, weightDecay: 0),
        .base,
        hunts: "numbers of AdamW that are always the same"),
      step(
        .mha, "tiny-epsilon",
        Settings(steps: 2, learningRate: 0x1p-9, beta1: 0.5, beta2: 0.75, epsilon: 0x1p-27, weightDecay: 0.5), .base,
        hunts: "an ε of its own, or a decay by another rate"),
    ]
  }

  private static var loud: [Case] {
    let texts = CaseInputs.texts([9, 3], below: 11, seed: 201)
    let hunts = "powers of scores without their maximum subtracted"
    return [
      EngineCases.numbers(
        "loud.beyond100", .model, hunts: hunts, clauses: ["LOS-4", "LOS-5"],
        ModelCases.request(.loss, .loud, c: 2, t: 2, texts, .base)),
      EngineCases.numbers(
        "loud.beyond100", .training, hunts: hunts, clauses: ["LOS-4", "LOS-5"],
        ModelCases.request(.gradients, .loud, c: 2, t: 2, texts, .base)),
    ]
  }
}
