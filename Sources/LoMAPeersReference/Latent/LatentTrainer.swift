// TRN-1, TRN-2, TRN-4, LOS-6: one step of training with latent attention: the pass over a batch, the clipping of its
// gradients, the optimiser.

import LoMA
import LoMAPeers
import LoMAReference
import NaiveLlama

/// Weights and the optimiser's state, between two steps.
package struct LatentTrainer: Hashable, Sendable {
  /// The shape of the model.
  package let configuration: LatentConfiguration
  /// The weights after the steps taken so far.
  package private(set) var parameters: ParameterSet
  /// Moments and steps taken.
  package private(set) var optimiser: AdamW

  /// A trainer at its first step.
  package init(configuration: LatentConfiguration, parameters: ParameterSet) {
    let zeros = ParameterSet(zerosFor: configuration)
    // Decay rates are not read before the first step.
    self.init(
      configuration: configuration, parameters: parameters,
      optimiser: AdamW(
        resumingAfter: 0, firstMoments: zeros, secondMoments: zeros,
        settings: AdamWSettings(learningRate: 0, beta1: 0, beta2: 0, epsilon: 0, weightDecay: 0)))
  }

  /// A trainer that goes on.
  package init(configuration: LatentConfiguration, parameters: ParameterSet, optimiser: AdamW) {
    self.configuration = configuration
    self.parameters = parameters
    self.optimiser = optimiser
  }

  /// The model with the weights after the steps taken so far.
  package func model(workers: Workers) -> LatentModel {
    LatentModel(
      configuration: configuration, weights: Weights(parameters), functions: .llama(workers: workers), rules: .spec)
  }

  /// Losses, logits and gradients of a batch of rows, with further keys made of them (EQB-10); the result does not
  /// depend on the number of threads.
  package func pass(
    _ texts: [[Row]], profile: Profile, rules: LoMARules, further: @escaping @Sendable ([Row]) -> FurtherKeys?,
    workers: Workers
  ) throws(ModelError) -> LatentTrainingPass {
    try model(workers: workers).trainingPass(texts: texts, profile: profile, rules: rules, further: further)
  }

  /// One step of the optimiser with these gradients (LOS-6).
  package mutating func apply(_ gradients: ParameterSet, settings: AdamWSettings) {
    optimiser.step(&parameters, gradients: gradients, settings: settings)
  }

  /// One step on a batch: gradients clipped together, then AdamW with the learning rate of the step.
  ///
  /// Answers the pass, whose losses and logits are of the weights before the step. Throws `divergedTraining` if the norm
  /// of the gradients is not finite; then nothing has changed.
  package mutating func step(
    _ texts: [[Row]], profile: Profile, rules: LoMARules, further: @escaping @Sendable ([Row]) -> FurtherKeys?,
    settings: TrainerSettings, workers: Workers
  ) throws(ModelError) -> LatentTrainingPass {
    let pass = try pass(
      texts.map(settings.objective.labelled), profile: profile, rules: rules, further: further, workers: workers)
    var gradients = pass.gradients
    guard gradients.clip(toGlobalNorm: settings.largestNorm).isFinite else {
      throw .divergedTraining(step: optimiser.steps + 1)
    }
    let given = settings.optimiser
    apply(
      gradients,
      settings: AdamWSettings(
        learningRate: settings.learningRate[optimiser.steps + 1], beta1: given.beta1, beta2: given.beta2,
        epsilon: given.epsilon, weightDecay: given.weightDecay))
    return pass
  }
}
