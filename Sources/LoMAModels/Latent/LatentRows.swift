// LAT-9: the rows of a text in a model with latent attention: an ordinary text, or LoMA's training layout.

import LoMA
import LoMAReference
import NaiveLlama

/// How a model's texts become rows: its `loma` object says whether LoMA compresses them.
package struct LatentRows: Sendable {
  /// V of LoMA, its special ids, c, t and L; nil if texts are ordinary ones.
  package let loma: (vocabulary: Vocabulary, parameters: Parameters)?
  /// LoMA's decisions; `base` for ordinary texts, of which no row differs by them.
  package let profile: Profile
  /// The model's vocabulary.
  private let modelSize: Int

  /// The rows of a model.
  init(_ file: LatentConfigurationFile) throws(LatentError) {
    modelSize = file.configuration.shape.vocabularySize
    guard let section = file.loma else {
      (loma, profile) = (nil, .base)
      return
    }
    do throws(InputError) {
      loma = (
        try Vocabulary(
          textSize: section.textVocabulary, memoryToken: section.memoryToken,
          repetitionToken: section.repetitionToken, modelSize: modelSize),
        try Parameters(c: section.c, t: section.t)
      )
    } catch { throw .checkpoint(.reference(.rejected(error))) }
    profile = section.profile
  }

  /// V: text tokens are 0..<V.
  package var textSize: Int { loma?.vocabulary.textSize ?? modelSize }

  /// The number of rows of a text of so many tokens.
  func count(_ tokens: Int) -> Int { loma.map { $0.parameters.trainingRows(tokens) } ?? tokens }

  /// Throws `textTokenOutOfRange` for the first token that is no text token.
  package func check(_ tokens: [Int]) throws(LatentError) {
    for (index, token) in tokens.enumerated() where !(0..<textSize).contains(token) {
      throw .checkpoint(
        .reference(.rejected(.textTokenOutOfRange(token: token, index: index, textVocabulary: textSize))))
    }
  }

  /// The rows of texts, those of LoMA padded to one length (MSK-11). Of an ordinary text every row is a reading row of
  /// one chunk: it sees itself and all rows before it, and is labelled with the next token.
  package func batch(_ texts: [[Int]]) throws(LatentError) -> [[Row]] {
    for tokens in texts { try check(tokens) }
    guard let loma else {
      return texts.map { tokens in
        tokens.enumerated().map { index, token in
          Row(
            token: token, place: .reading(chunk: 0, index: index), position: index,
            label: index + 1 < tokens.count ? tokens[index + 1] : nil)
        }
      }
    }
    do throws(InputError) {
      var layouts: [Layout] = []
      for tokens in texts {
        layouts.append(
          try .training(text: tokens, vocabulary: loma.vocabulary, parameters: loma.parameters, profile: profile))
      }
      return Batch(layouts).texts
    } catch { throw .checkpoint(.reference(.rejected(error))) }
  }
}
