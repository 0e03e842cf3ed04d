// TRN-4: one step of training: the pass over a batch, the clipping of its gradients, the optimiser.

import LoMA
import NaiveLlama

/// The hyperparameters of training, beside the shape of the model.
public struct TrainerSettings: Hashable, Sendable {
  /// η of every step.
  public let learningRate: LearningRate
  /// β₁, β₂, ε and λ; its learning rate is not used.
  public let optimiser: AdamWSettings
  /// The norm to which all gradients together are clipped (TRN-2).
  public let largestNorm: Double
  /// The terms of the loss that are trained.
  public let objective: Objective

  /// Settings of these hyperparameters.
  public init(learningRate: LearningRate, optimiser: AdamWSettings, largestNorm: Double, objective: Objective) {
    self.learningRate = learningRate
    self.optimiser = optimiser
    self.largestNorm = largestNorm
    self.objective = objective
  }
}

/// Which terms of the loss are trained.
public enum Objective: String, CaseIterable, Hashable, Sendable {
  /// L_LM + L_rep (LOS-4).
  case both
  /// L_rep alone: reading rows lose their labels, so that L_LM is empty and 0.
  case repetition
}

extension Objective {
  /// The rows, with only the labels that are trained.
  public func labelled(_ rows: [Row]) -> [Row] {
    switch self {
    case .both: rows
    case .repetition:
      rows.map { row in
        guard row.lossTerm == .languageModelling else { return row }
        return Row(token: row.token, place: row.place, position: row.position, label: nil)
      }
    }
  }
}

/// Weights and the optimiser's state, between two steps.
public struct Trainer: Hashable, Sendable {
  /// The shape of the model.
  public let configuration: Configuration
  /// How the model is trained.
  public let settings: TrainerSettings
  /// The weights after the steps taken so far.
  public private(set) var parameters: ParameterSet
  /// Moments and steps taken.
  public private(set) var optimiser: AdamW

  /// A trainer at its first step.
  public init(configuration: Configuration, parameters: ParameterSet, settings: TrainerSettings) {
    self.init(
      configuration: configuration, parameters: parameters, optimiser: AdamW(configuration: configuration),
      settings: settings)
  }

  /// A trainer that goes on.
  public init(
    configuration: Configuration, parameters: ParameterSet, optimiser: AdamW, settings: TrainerSettings
  ) {
    self.configuration = configuration
    self.parameters = parameters
    self.optimiser = optimiser
    self.settings = settings
  }

  /// One step on a batch in the training layout; the result does not depend on the number of threads (TRN-4).
  ///
  /// Answers the pass, whose loss and logits are of the weights before the step. Throws `divergedTraining` if the norm of the
  /// gradients is not finite; then nothing has changed.
  public mutating func step(texts: [[Row]], profile: Profile, workers: Workers) throws(ModelError) -> TrainingPass {
    let model = Transformer(
      configuration: configuration, weights: Weights(parameters), functions: .llama(workers: workers))
    let pass = try model.trainingPass(texts: texts.map(settings.objective.labelled), profile: profile)
    var gradients = pass.gradients
    guard gradients.clip(toGlobalNorm: settings.largestNorm).isFinite else {
      throw .divergedTraining(step: optimiser.steps + 1)
    }
    let given = settings.optimiser
    optimiser.step(
      &parameters, gradients: gradients,
      settings: AdamWSettings(
        learningRate: settings.learningRate[optimiser.steps + 1], beta1: given.beta1, beta2: given.beta2,
        epsilon: given.epsilon, weightDecay: given.weightDecay), workers: workers)
    return pass
  }
}
