// The training level: gradients of every parameter, and AdamW steps.

import LoMA
import LoMAReference
import LoMAVectors

/// Cases of LOS-4 and LOS-6 with their derivatives.
enum TrainingCases {
  static var all: [Case] {
    var cases: [Case] = []
    for profile in Profile.firstAlternatives {
      cases.append(
        gradients(.gqa, profile.slug, [9], profile, "a gradient that does not flow as \(profile.name) lets it"))
    }
    cases.append(gradients(.mqa, "tied", [9], .base, "a tied head's gradient counted once"))
    cases.append(gradients(.mha, "ragged", [5, 9, 0], .base, "gradients averaged per text"))
    cases.append(gradients(.deep, "three-chunks", [13], .base, "memories of earlier chunks detached"))
    cases.append(gradients(.mha, "no-full-chunk", [3], .base, "a gradient of a loss that is not there"))
    cases.append(gradients(.mha, "no-text", [0], .base, "a mean over no rows, which is no number"))
    for (model, steps) in [(CaseModel.mha, 1), (.mha, 3), (.mqa, 1), (.gqa, 3)] {
      cases.append(
        trainStep(
          model, "steps\(steps)", [9, 4], steps: steps, "coupled decay, a missing bias correction or ε inside the root")
      )
    }
    cases.append(trainStep(.mha, "no-text", [0], steps: 2, "weights that no gradient moves, and that do not decay"))
    return cases
  }

  private static func trainStep(
    _ model: CaseModel, _ what: String, _ lengths: [Int], steps: Int, _ hunts: String
  ) -> Case {
    .tensors(
      "training.train_step.\(model.name).\(what)", .training, hunts: hunts, clauses: ["LOS-6"],
      ModelCases.request(
        .trainStep, model, c: 2, t: 2, CaseInputs.texts(lengths, below: 11, seed: 111), .base,
        parameters: [
          "steps": .integer(steps), "learning_rate": .real(0x1p-7), "beta1": .real(0.875), "beta2": .real(0.9375),
          "adam_epsilon": .real(0x1p-10), "weight_decay": .real(0.125),
        ]))
  }

  private static func gradients(
    _ model: CaseModel, _ what: String, _ lengths: [Int], _ profile: Profile, _ hunts: String
  ) -> Case {
    .tensors(
      "training.gradients.\(model.name).\(what)", .training, hunts: hunts, clauses: ["LOS-4", "MOD-6"],
      ModelCases.request(
        .gradients, model, c: 2, t: 2, CaseInputs.texts(lengths, below: 11, seed: 110), profile))
  }
}
