// TRN-6: the source of the texts for batches and measurements.

import LoMA
import LoMAVectors
import NaiveLlama

package struct TrainingTexts: Sendable {
  private enum Source: Sendable {
    case random(alphabet: Int)
    case bytes(training: [Int], heldOut: [Int])
  }

  private let source: Source
  private let textLength: Int

  /// The texts of a recipe; a corpus is read from `folder`, and its digest is checked.
  ///
  /// Throws `otherCorpus`, `corpusTooShort` or `file`.
  package init(_ recipe: Recipe, folder: String) throws(TrainingError) {
    try self.init(recipe.data, textLength: recipe.textLength, folder: folder)
  }

  /// Texts of so many tokens; a corpus is read from `folder`, and its digest is checked.
  ///
  /// Throws `otherCorpus`, `corpusTooShort` or `file`.
  init(_ data: TrainingData, textLength: Int, folder: String) throws(TrainingError) {
    self.textLength = textLength
    switch data {
    case .random(let alphabet): source = .random(alphabet: alphabet)
    case .bytes(let file, let digest, let heldOut):
      let bytes: [UInt8]
      do { bytes = try Files.contents(of: folder + "/" + file, byteLimit: 1 << 24) } catch { throw .file(error) }
      let found = SHA256.hexDigest(of: bytes)
      guard found == digest else { throw .otherCorpus(digest: found, expected: digest) }
      let split = max(0, bytes.count - heldOut)
      for (part, count) in [("training", split), ("held-out", bytes.count - split)] where count < textLength {
        throw .corpusTooShort(part: part, bytes: count, needed: textLength)
      }
      source = .bytes(training: bytes[..<split].map(Int.init), heldOut: bytes[split...].map(Int.init))
    }
  }

  /// The texts of one batch; draws each token of a random text, or the place in the training part where a text begins.
  package func batch(_ count: Int, numbers: inout SeededNumbers) -> [[Int]] {
    var texts: [[Int]] = []
    for _ in 0..<count {
      switch source {
      case .random(let alphabet): texts.append(Self.random(textLength, alphabet, &numbers))
      case .bytes(let training, _):
        let start = numbers.integer(below: training.count - textLength + 1)
        texts.append(Array(training[start..<start + textLength]))
      }
    }
    return texts
  }

  /// Texts that are in no batch: random ones from a generator of their own, or the held-out part cut into texts from
  /// its start, at most `count`.
  package func fresh(atMost count: Int, seed: UInt64) -> [[Int]] {
    switch source {
    case .random(let alphabet): return Self.fresh(count, length: textLength, alphabet: alphabet, seed: seed)
    case .bytes(_, let heldOut):
      return (0..<min(count, heldOut.count / textLength)).map {
        Array(heldOut[$0 * textLength..<($0 + 1) * textLength])
      }
    }
  }

  /// Random texts from a generator with its own seed.
  package static func fresh(_ count: Int, length: Int, alphabet: Int, seed: UInt64) -> [[Int]] {
    var numbers = SeededNumbers(seed: seed)
    return (0..<count).map { _ in random(length, alphabet, &numbers) }
  }

  private static func random(_ length: Int, _ alphabet: Int, _ numbers: inout SeededNumbers) -> [Int] {
    var text: [Int] = []
    for _ in 0..<length { text.append(numbers.integer(below: alphabet)) }
    return text
  }
}
