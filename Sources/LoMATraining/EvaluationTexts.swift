// REC-2: the texts of `loma evaluate`.

import LoMA
import LoMAModels
import LoMAReference
import LoMAVectors
import NaiveLlama

/// Texts of equal length on which a model is measured.
package struct EvaluationTexts: Sendable {
  /// A recipe and the folder that its corpus is in.
  package struct Source: Sendable {
    package let recipe: Recipe
    let corpora: String

    package init(_ recipe: Recipe, corpora: String) {
      self.recipe = recipe
      self.corpora = corpora
    }
  }

  /// The texts, at least one.
  package let texts: [[Int]]

  /// Enough texts of `textChunks` chunks each for `chunks` chunks, or all there are of the recipe's; without a recipe
  /// random ones over the model's vocabulary.
  ///
  /// Throws `corpusTooShort` if the held-out part is shorter than one text.
  package init(
    _ model: LoadedModel, source: Source?, chunks: Int, textChunks: Int, seed: UInt64
  ) throws(TrainingError) {
    precondition(chunks >= 1 && textChunks >= 1, "at least one chunk")
    let (length, overflow) = textChunks.multipliedReportingOverflow(by: model.parameters.chunkLength)
    guard !overflow, length <= 1 << 20 else {
      throw .invalidValue(key: "text-chunks", value: "\(textChunks)", requirement: "few enough for 2²⁰ tokens a text")
    }
    let count = (chunks - 1) / textChunks + 1
    guard count <= (1 << 26) / length else {
      throw .invalidValue(key: "chunks", value: "\(chunks)", requirement: "few enough for 2²⁶ tokens in all")
    }
    guard let source else {
      texts = TrainingTexts.fresh(count, length: length, alphabet: model.vocabulary.textSize, seed: seed)
      return
    }
    var recipe = source.recipe
    guard recipe.textSize <= model.vocabulary.textSize else {
      throw .invalidValue(
        key: "the recipe's text vocabulary", value: "\(recipe.textSize)",
        requirement: "at most the model's \(model.vocabulary.textSize)")
    }
    recipe.parameters = model.parameters
    recipe.chunks = textChunks
    texts = try TrainingTexts(recipe, folder: source.corpora).fresh(atMost: count, seed: seed)
  }

  /// The accuracies and losses of a model on these texts.
  package func evaluation(
    of model: LoadedModel, threads: Int, progress: (_ done: Int, _ of: Int) -> Void
  ) throws(TrainingError) -> Evaluation {
    let weights: ParameterSet
    do { weights = try model.checkpoint.parameters() } catch { throw .checkpoint(error) }
    let transformer = Transformer(
      configuration: model.checkpoint.configuration, weights: Weights(weights), functions: .llama(workers: .single))
    do {
      return try Evaluation(
        transformer, texts: texts, vocabulary: model.vocabulary, parameters: model.parameters, profile: model.profile,
        threads: threads, progress: progress)
    } catch { throw .model(error) }
  }
}
