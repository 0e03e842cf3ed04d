// REC-2, TRN-7: how much a model with latent attention recites of fresh texts of its recipe.

import LoMA
import LoMAModels
import LoMAPeersReference
import LoMAReference
import NaiveLlama

extension Evaluation {
  /// Runs the rows of fresh texts of a recipe through a model: LoMA's, or those of its twin. The result does not depend
  /// on `threads`.
  ///
  /// Throws `otherShape` if the model is not of the recipe's shape, and `corpusTooShort`.
  package init(
    _ checkpoint: LatentCheckpoint, recipe: LatentRecipe, corpora: String, texts count: Int, seed: UInt64, threads: Int,
    progress: (_ done: Int, _ of: Int) -> Void
  ) throws(TrainingError) {
    guard checkpoint.configuration == recipe.configuration else { throw .otherShape }
    let texts = try TrainingTexts(recipe.data, textLength: recipe.textLength, folder: corpora)
    let weights: ParameterSet
    do { weights = try checkpoint.parameters() } catch { throw .latent(error) }
    let model = LatentModel(
      configuration: checkpoint.configuration, weights: Weights(weights), functions: .llama(workers: .single),
      rules: .spec)
    let (profile, rules, vocabulary) = (recipe.profile, recipe.rules, try recipe.vocabulary)
    do {
      try self.init(
        texts: texts.fresh(atMost: count, seed: seed), vocabulary: vocabulary,
        parameters: recipe.parameters, profile: profile, threads: threads,
        layout: { recipe.arrangement.rows($0, recipe.parameters, profile) },
        logits: { (rows) throws(ModelError) in
          try model.forward(rows: rows, profile: profile, rules: rules, further: recipe.arrangement.further).logits
        }, progress: progress)
    } catch { throw .model(error) }
  }
}
