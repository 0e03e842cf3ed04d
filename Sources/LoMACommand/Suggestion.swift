// What a mistyped word was probably meant to be.

import LoMAVectors

/// The nearest of the words that would have been right.
enum Suggestion {
  /// ` (did you mean X?)` for the nearest word; nothing if no word is near.
  ///
  /// Near is: at most one character in two is wrong, or the word is the beginning of only one.
  static func text(for word: String, among words: some Sequence<String>) -> String {
    guard let nearest = nearest(to: word, among: words) else { return "" }
    return " (did you mean \(nearest)?)"
  }

  private static func nearest(to word: String, among words: some Sequence<String>) -> String? {
    let wanted = Array(word.utf8.prefix(64))
    // What is short is near to everything.
    let letters = wanted.drop { $0 == UInt8(ascii: "-") }
    guard letters.count >= 2 else { return nil }
    let begun = words.filter { $0.hasPrefix(word) }
    if begun.count == 1 { return begun[0] }
    let ranked = words.map { (word: $0, distance: EditDistance.between(Array($0.utf8), wanted)) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }), 2 * best.distance <= letters.count else {
      return nil
    }
    return best.word
  }
}
