// Trained models that reconstruct known chunks with one mistake each: the text that a wrong mask loses.

import LoMA
import LoMAAnswers
import LoMACatalogue
import LoMAMutants
import LoMAReference
import LoMATraining
import LoMAVectors
import NaiveLlama

/// Chunks that a trained model reconstructs without an error, to be asked of wrong ports.
package struct Recitation: Sendable {
  /// The tokens of all chunks in order.
  package let tokens: [Int]
  let requests: [Request]

  init(_ model: TrainedModel, texts: [[Int]], chunks: Int) {
    tokens = texts.flatMap { $0.prefix(chunks * model.c * model.t) }
    requests = texts.flatMap { text in
      (0..<chunks).map { LosslessCases.request(.reconstruct, model, text, ["chunk": .integer($0)]) }
    }
  }

  /// A sentence of six chunks of bytes, with `text-c4`.
  package static let sentence = Recitation(
    .textC4, texts: [Array(LosslessCases.sentence.utf8).map(Int.init)], chunks: 6)
  /// Eight random texts of two chunks, with `random-c4`.
  package static let random = Recitation(
    .randomC4, texts: (0..<8).map { CaseInputs.text(16, below: 16, seed: 171 + $0) }, chunks: 2)

  /// The reconstruction of every chunk; nil for a chunk that is not answered.
  func answers(_ port: (Request) -> (ReferenceAnswers, Request)) -> [[Int]?] {
    requests.map { request in
      let (answers, asked) = port(request)
      guard let results = try? answers.answer(asked), case .integers(let tokens)? = results.first?.content else {
        return nil
      }
      return tokens
    }
  }
}

extension Recital {
  init(_ name: String, _ words: String, _ answers: [[Int]?], of recitation: Recitation) {
    let length = recitation.tokens.count / recitation.requests.count
    let tokens = answers.flatMap { $0 ?? [] }
    self.init(
      name: name, words: words, total: recitation.tokens.count,
      correct:
        answers.allSatisfy { $0?.count == length } ? zip(tokens, recitation.tokens).filter { $0 == $1 }.count : nil,
      tokens: tokens)
  }
}

extension Recitation {
  /// The recital without a mistake.
  package func right(_ models: StoredModels) -> Recital {
    let answers = ReferenceAnswers(models: models.models, workers: .single)
    return Recital("base", "", self.answers { (answers, $0) }, of: self)
  }

  /// One recital per alternative of every axis.
  package func alternatives(_ models: StoredModels) -> [Recital] {
    let answers = ReferenceAnswers(models: models.models, workers: .single)
    return Profile.singleAlternatives.filter { $0 != .base }.map { profile in
      Recital(profile.name, "", self.answers { (answers, $0.with(axes: profile.axes)) }, of: self)
    }
  }

  /// One recital per mistake that reconstruction can show.
  package func mistakes(_ models: StoredModels, of mistakes: [Mutant] = Mutant.all, threads: Int) -> [Recital] {
    let right = ReferenceAnswers(models: models.models, workers: .single)
    let mutants = mistakes.filter { $0.apply(right, requests[0]) != nil }
    return Workers(threads: threads).map(mutants.count) { index in
      let answers = answers { mutants[index].apply(right, $0) ?? (right, $0) }
      return Recital(mutants[index].id, mutants[index].sentence, answers, of: self)
    }
  }
}
