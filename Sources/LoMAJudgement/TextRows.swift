// The rows of a case's texts, as LoMA lays them out (LAY, OPS-1).

import LoMA
import LoMAVectors

/// The texts of a case and their layouts.
struct TextRows {
  let texts: [[Int]]
  let vocabulary: Vocabulary
  let parameters: Parameters
  let profile: Profile

  /// Reads texts, ids and parameters; throws `damaged` if a case that needs them lacks valid ones.
  init(_ item: StoredCase, input: [NamedArray]) throws(CorpusError) {
    let file = item.input?.path ?? item.id
    func integer(_ name: String) throws(CorpusError) -> Int {
      guard let value = item.integer(name) else { throw .manifest("\(item.id): it has no parameter \(name)") }
      return value
    }
    guard let tokens = try? input.first(where: { $0.name == "tokens" })?.integers(),
      let lengths = try? input.first(where: { $0.name == "lengths" })?.integers()
    else { throw .damaged(file: file, reason: "it has no tokens and lengths") }
    guard let texts = try? cutTexts(tokens, by: lengths), !texts.isEmpty else {
      throw .damaged(file: file, reason: "its lengths are not those of its texts")
    }
    self.texts = texts
    let (c, t, textSize) = (try integer("c"), try integer("t"), try integer("text_vocabulary"))
    let (memory, repetition) = (try integer("memory_token"), try integer("repetition_token"))
    let model = try integer("model_vocabulary")
    do {
      parameters = try Parameters(c: c, t: t)
      profile = try Profile(item.axes.map { (axis: $0.key, value: $0.value) })
      vocabulary = try Vocabulary(
        textSize: textSize, memoryToken: memory, repetitionToken: repetition, modelSize: model)
      for text in texts { try vocabulary.check(text: text) }
    } catch { throw .manifest("\(item.id): \(error)") }
  }

  /// The padded rows of these texts in the training layout.
  func training(_ texts: [[Int]]) -> Batch {
    Batch(
      texts.compactMap {
        try? Layout.training(text: $0, vocabulary: vocabulary, parameters: parameters, profile: profile)
      })
  }

  /// The padded rows of these texts in the generation layout.
  func generation(_ texts: [[Int]]) -> Batch {
    Batch(
      texts.compactMap {
        try? Layout.generation(text: $0, vocabulary: vocabulary, parameters: parameters, profile: profile)
      })
  }

  /// The reading rows of a text in its training layout, in the order of its tokens.
  func readingRows(_ text: [Int]) -> [Int] {
    let rows = training([text]).texts.first ?? []
    return rows.indices.filter { rows[$0].place.zone == .reading }
  }
}
