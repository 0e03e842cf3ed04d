// BAS-26, TRN-4: one step of training with DMC, by the trainer of a model of keys and values of heads.

import LoMAPeersReference
import LoMAReference
import NaiveLlama

extension LatentConfiguration {
  /// The Llama that it is if every layer stores keys and values of heads; nil otherwise.
  var llama: Configuration? {
    guard case .heads(let query, let keyValue, let dimension) = attention.form, attention.stride == 1 else {
      return nil
    }
    return try? Configuration(
      vocabularySize: shape.vocabularySize, hiddenSize: shape.hiddenSize, intermediateSize: shape.intermediateSize,
      layers: shape.layers, queryHeads: query, keyValueHeads: keyValue, headDimension: dimension, epsilon: epsilon,
      theta: theta, tiesHead: shape.tiesHead)
  }
}

extension LatentTrainer {
  /// One step on a batch, towards the target of the step: gradients clipped together, then AdamW.
  ///
  /// Answers the pass, whose losses and logits are of the weights before the step. Throws `divergedTraining` if the norm
  /// of the gradients is not finite; then nothing has changed. The configuration is one that pools.
  package mutating func step(
    _ texts: [PooledRows], noise: [PooledNoise], pooling: PooledSettings, settings: TrainerSettings, workers: Workers
  ) throws(ModelError) -> PooledTrainingPass {
    guard let llama = configuration.llama else { preconditionFailure("keys and values of heads in every layer") }
    let model = PooledModel(
      configuration: llama, weights: Weights(parameters), functions: .llama(workers: workers))
    let (next, all) = (optimiser.steps + 1, settings.learningRate.steps)
    let pass = try model.trainingPass(
      texts.map { $0.labelled(settings.objective) }, noise: noise, temperature: pooling.temperature,
      target: pooling.target(step: next, of: all))
    var gradients = pass.gradients
    guard gradients.clip(toGlobalNorm: settings.largestNorm).isFinite else { throw .divergedTraining(step: next) }
    let given = settings.optimiser
    apply(
      gradients,
      settings: AdamWSettings(
        learningRate: settings.learningRate[next], beta1: given.beta1, beta2: given.beta2, epsilon: given.epsilon,
        weightDecay: given.weightDecay))
    return pass
  }
}
