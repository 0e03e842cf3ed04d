// CCM-21, CCM-23: one step of training: the pass over a batch, the clipping of its gradients, the optimiser.

import LoMAPeers
import NaiveLlama

/// A base, its adapter and the optimiser's state, between two steps.
package struct ContextTrainer: Hashable, Sendable {
  /// The shape of the base.
  package let configuration: Configuration
  /// n, V, BOS and the decisions.
  package let parameters: ContextParameters
  /// What a step changes.
  package let training: ContextTraining
  /// The base's weights after the steps taken so far.
  package private(set) var base: ParameterSet
  /// The adapter after the steps taken so far.
  package private(set) var adapter: ContextAdapter
  /// Moments and steps taken.
  package private(set) var optimiser: AdamW

  /// A trainer at its first step.
  package init(
    configuration: Configuration, base: ParameterSet, adapter: ContextAdapter, parameters: ContextParameters,
    training: ContextTraining
  ) {
    self.configuration = configuration
    self.base = base
    self.adapter = adapter
    self.parameters = parameters
    self.training = training
    let zeros = Self.trained(base, adapter, training).zeros
    // Decay rates are not read before the first step.
    optimiser = AdamW(
      resumingAfter: 0, firstMoments: zeros, secondMoments: zeros,
      settings: AdamWSettings(learningRate: 0, beta1: 0, beta2: 0, epsilon: 0, weightDecay: 0))
  }

  /// A trainer that goes on with other weights, one for every name of `trained`.
  package init(resuming trainer: ContextTrainer, weights: ParameterSet, optimiser: AdamW) {
    self = trainer
    take(weights)
    self.optimiser = optimiser
  }

  /// Every parameter that a step changes, under its name: the adapter's of CCM-22, and the base's if they are trained.
  package var trained: ParameterSet { Self.trained(base, adapter, training) }

  private static func trained(
    _ base: ParameterSet, _ adapter: ContextAdapter, _ training: ContextTraining
  ) -> ParameterSet {
    switch training {
    case .adapter: adapter.parameters
    case .everything: adapter.parameters.joined(with: base)
    }
  }

  /// The model with the weights after the steps taken so far.
  package func model(workers: Workers) -> ContextModel {
    ContextModel(
      configuration: configuration, weights: Weights(base), adapter: adapter, parameters: parameters,
      functions: .llama(workers: workers), rules: .spec)
  }

  /// Loss, logits and gradients of a batch; the result does not depend on the number of threads.
  package func pass(_ batch: ContextBatch, workers: Workers) throws(ModelError) -> ContextTrainingPass {
    try model(workers: workers).trainingPass(batch, training: training)
  }

  /// One step of the optimiser with these gradients, one for every name of `trained` (LOS-6).
  package mutating func apply(_ gradients: ParameterSet, settings: AdamWSettings) {
    var weights = trained
    optimiser.step(&weights, gradients: gradients, settings: settings)
    take(weights)
  }

  /// Takes over a weight for every name of `trained`.
  private mutating func take(_ weights: ParameterSet) {
    for name in adapter.parameters.names { adapter.parameters.tensors[name] = weights.tensors[name] }
    guard training == .everything else { return }
    for name in base.names { base.tensors[name] = weights.tensors[name] }
  }

  /// One step on a batch: gradients clipped together, then AdamW with the learning rate of the step (TRN-1, TRN-2).
  ///
  /// Answers the pass, whose loss and logits are of the weights before the step. Throws `divergedTraining` if the norm of
  /// the gradients is not finite; then nothing has changed.
  package mutating func step(
    _ batch: ContextBatch, learningRate: LearningRate, optimiser given: AdamWSettings, largestNorm: Double,
    workers: Workers
  ) throws(ModelError) -> ContextTrainingPass {
    let pass = try pass(batch, workers: workers)
    var gradients = pass.gradients.trained
    guard gradients.clip(toGlobalNorm: largestNorm).isFinite else {
      throw .divergedTraining(step: optimiser.steps + 1)
    }
    apply(
      gradients,
      settings: AdamWSettings(
        learningRate: learningRate[optimiser.steps + 1], beta1: given.beta1, beta2: given.beta2,
        epsilon: given.epsilon, weightDecay: given.weightDecay))
    return pass
  }
}

extension ContextGradients {
  /// The gradients of everything that is trained, under the parameters' names.
  package var trained: ParameterSet { base.map { adapter.joined(with: $0) } ?? adapter }
}

extension ParameterSet {
  /// A tensor of +0.0 for every tensor.
  fileprivate var zeros: ParameterSet { ParameterSet(tensors.mapValues { Tensor(zeros: $0.shape) }) }

  /// The tensors of two sets whose names differ.
  fileprivate func joined(with other: ParameterSet) -> ParameterSet {
    var joined = tensors
    for (name, tensor) in other.tensors {
      precondition(joined[name] == nil, "a name for every tensor")
      joined[name] = tensor
    }
    return ParameterSet(joined)
  }
}
