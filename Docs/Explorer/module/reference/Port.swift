// The reference as it is: no mistake can be chosen in this module.

import LoMA
import LoMAReference
import NaiveLlama

/// What reads a text and recites its chunks.
struct Port {
  /// A generator that has read nothing.
  let generator: Generator
  /// The text that it is fed.
  let tokens: [Int]

  init(_ question: Question, _ loaded: LoadedModel) throws(Fault) {
    guard question.mistake < 0 else { throw .mistake("this module makes no mistakes") }
    tokens = question.tokens
    let functions = AttentionRecord.noting(.llama(workers: .single))
    let transformer = Transformer(
      configuration: loaded.configuration, weights: Weights(loaded.parameters), functions: functions)
    generator = Generator(
      transformer: transformer, vocabulary: loaded.vocabulary, parameters: question.parameters,
      profile: question.profile)
  }

  /// A chunk of what the generator has read.
  func recite(_ chunk: Int, _ generator: Generator) throws(Fault) -> (tokens: [Int], logits: [Double]) {
    let recited = try reference { () throws(ReferenceError) in try generator.reconstruct(chunk: chunk) }
    return (recited.tokens, recited.logits.values)
  }
}

/// The rows of a text and the cells of their mask.
struct TextStructure {
  let rows: [Row]
  let cells: [Bool]

  init(_ question: Question) throws(Fault) {
    guard question.mistake < 0 else { throw .mistake("this module makes no mistakes") }
    let vocabulary =
      if let loaded = LoadedModel.current { loaded.vocabulary } else {
        try input { () throws(InputError) in try Vocabulary(textSize: 256) }
      }
    rows = try input { () throws(InputError) in
      try Layout.training(
        text: question.tokens, vocabulary: vocabulary, parameters: question.parameters, profile: question.profile
      ).rows
    }
    cells = Mask(rows: rows, profile: question.profile).cells()
  }
}
