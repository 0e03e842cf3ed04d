// OWN-8: the texts that a port is asked about.

import LoMA
import LoMAModels
import NaiveLlama

/// A text with the compression it is judged under.
package struct OwnText: Hashable, Sendable {
  /// `text0`, `text1`, …
  package let name: String
  /// c, t and L.
  package let parameters: Parameters
  /// Text tokens; at least two full chunks and a tail.
  package let tokens: [Int]
  /// Why it is asked, in words.
  package let reason: String

  /// The rows of the training layout: R.
  package var rowCount: Int { parameters.trainingRows(tokens.count) }

  /// The number of tokens fed at once when generation is asked for; the last chunk and the tail are then fed one by one.
  package var promptLength: Int {
    tokens.count - parameters.chunkLength - parameters.tailLength(tokens.count)
  }

  /// The tokens of `generate`, m: feeding m − 1 of them completes the text (GEN-4).
  package var generated: Int { tokens.count - promptLength + 1 }

  /// The tokens that are fed whatever was chosen; the last of the m is never fed.
  package var forced: [Int] { Array(tokens[promptLength...]) + [tokens[0]] }
}

/// Which texts a checkpoint is judged with.
enum OwnTexts {
  /// The user's c and t with two full chunks and a tail; c = 4, t = 2 with ten chunks and three tokens (183 rows); and, if
  /// asked for, c = 2, t = 16 with five chunks and one token, where rows see keys beyond the 128th.
  ///
  /// A text of the caller's own takes the place of the first, and lends its tokens, repeated, to the others. Throws
  /// `textTooShort`.
  static func texts(
    of model: LoadedModel, own: [Int]?, crossesTiles: Bool, seed: UInt64
  ) throws(OwnError) -> [OwnText] {
    let (ids, given) = (model.vocabulary, model.parameters)
    let needed = 2 * given.chunkLength + 1
    var first = drawn(needed, from: ids, own: nil, seed: seed)
    if let own {
      guard own.count >= needed else { throw .textTooShort(tokens: own.count, needed: needed) }
      do { try ids.check(text: own) } catch { throw .checkpoint(.reference(.rejected(error))) }
      // A text that ends with a chunk has no tail; its last token then goes.
      first = given.tailLength(own.count) == 0 ? Array(own.dropLast()) : own
      guard first.count >= needed else { throw .textTooShort(tokens: own.count, needed: needed) }
    }
    var sizes: [(parameters: Parameters, tokens: [Int], reason: String)] = []
    let small = try parameters(c: 4, t: 2)
    if own != nil || given != small {
      sizes.append((given, first, own == nil ? "the model's c and t, two chunks and a token" : "your text"))
    }
    if !(own != nil && given == small && first.count >= 83) {
      sizes.append(
        (small, drawn(83, from: ids, own: own, seed: seed &+ 1), "c = 4, t = 2, ten chunks and three tokens"))
    }
    if crossesTiles {
      let wide = try parameters(c: 2, t: 16)
      let tokens = drawn(161, from: ids, own: own, seed: seed &+ 2)
      sizes.append((wide, tokens, "c = 2, t = 16, five chunks and a token, keys beyond the 128th"))
    }
    return sizes.enumerated().map { index, size in
      OwnText(name: "text\(index)", parameters: size.parameters, tokens: size.tokens, reason: size.reason)
    }
  }

  private static func parameters(c: Int, t: Int) throws(OwnError) -> Parameters {
    do { return try Parameters(c: c, t: t) } catch { throw .checkpoint(.reference(.rejected(error))) }
  }

  /// Text tokens: the caller's, from the first again and again, or drawn (NUM-5).
  private static func drawn(_ count: Int, from vocabulary: Vocabulary, own: [Int]?, seed: UInt64) -> [Int] {
    if let own { return (0..<count).map { own[$0 % own.count] } }
    var numbers = SeededNumbers(seed: seed)
    return (0..<count).map { _ in numbers.integer(below: vocabulary.textSize) }
  }
}
