// OWN-9: the smaller texts in which a mistake that has a name is looked for again.

import LoMA
import LoMAVectors

extension OwnText {
  /// The first tokens of this text under other parameters: so many full chunks, at least two, and a tail of one token; nil
  /// if it has not as many tokens, or if such a text has no tail.
  package func shortened(c: Int, t: Int, chunks: Int, for name: String) -> OwnText? {
    guard let parameters = try? Parameters(c: c, t: t) else { return nil }
    let count = chunks * parameters.chunkLength + 1
    guard chunks >= 2, parameters.chunkLength >= 2, count <= tokens.count else { return nil }
    return OwnText(
      name: "\(Self.smaller).\(self.name).\(name).c\(c).t\(t).n\(count)", parameters: parameters,
      tokens: Array(tokens[..<count]),
      reason: "a smaller text for \(name)")
  }

  /// What the name of every smaller text begins with.
  package static let smaller = "smaller"

  /// F, the number of full chunks.
  package var chunks: Int { parameters.fullChunks(tokens.count) }
}

/// The search for the smallest text that shows one mistake: which text comes next depends on which of the earlier ones
/// showed it.
///
/// First each of c, t and the number of chunks is either the least or that of the text, in the order of rows. In the first
/// of these texts that shows the mistake, what is not the least is then lowered, one of the three after the other: doubled
/// from the least until the mistake shows. All smaller texts together have at most twice the rows of the text.
package struct SmallerTexts: Sendable {
  private struct Size: Hashable, Sendable {
    var chunks: Int
    var c: Int
    var t: Int

    static let parts: [WritableKeyPath<Size, Int> & Sendable] = [\.chunks, \.c, \.t]

    static let least = Size(chunks: 2, c: 1, t: 1)

    /// Whether a text can have full chunks and a tail: chunks of one token leave none.
    var hasTail: Bool { c * t >= 2 }

    /// The rows of its text.
    var rows: Int { chunks * t * (2 * c + 1) + 1 }
  }

  /// Smaller texts have at most this many times the rows of the text, together.
  package static let rowLimit = 2

  private let text: OwnText
  private let name: String
  private var rowsLeft: Int
  /// Sizes to try, the next one first.
  private var waiting: [Size]
  /// The size that is being tried.
  private var asked: Size?
  private var known: [Size: Bool] = [:]
  /// The smallest size that showed the mistake.
  private var best: Size?
  /// The parts of `best` that were not lowered yet.
  private var parts = Size.parts[...]
  /// How many texts were handed out.
  package private(set) var count = 0

  /// The texts that are smaller than one which shows the mistake of an id.
  package init(than text: OwnText, for name: String) {
    (self.text, self.name) = (text, name)
    rowsLeft = Self.rowLimit * text.rowCount
    let (whole, least) = (Size(chunks: text.chunks, c: text.parameters.c, t: text.parameters.t), Size.least)
    let corners = Set([least.chunks, whole.chunks]).flatMap { chunks in
      Set([least.t, whole.t]).flatMap { t in
        Set([t == 1 ? 2 : least.c, whole.c]).map { c in Size(chunks: chunks, c: c, t: t) }
      }
    }
    let rows = text.rowCount
    waiting = corners.filter { $0.hasTail && $0.c <= whole.c && $0.rows < rows }.sorted {
      ($0.rows, $0.chunks, $0.c) < ($1.rows, $1.chunks, $1.c)
    }
  }

  /// The next text to look into; nil if the search is over. `hear` must be called before the next one.
  package mutating func next() -> OwnText? {
    while true {
      guard let size = waiting.first else {
        guard let best, let part = parts.popFirst() else { return nil }
        waiting = Self.below(best, part)
        continue
      }
      waiting.removeFirst()
      guard known[size] == nil, size.rows <= rowsLeft,
        let next = text.shortened(c: size.c, t: size.t, chunks: size.chunks, for: name)
      else { continue }
      rowsLeft -= size.rows
      asked = size
      count += 1
      return next
    }
  }

  /// Whether the text that `next` gave shows the mistake.
  package mutating func hear(shows: Bool) {
    guard let size = asked.take() else { return }
    known[size] = shows
    if shows { (best, waiting) = (size, []) }
  }

  /// A size with one of its parts lowered, least first.
  private static func below(_ size: Size, _ part: WritableKeyPath<Size, Int> & Sendable) -> [Size] {
    var sizes: [Size] = []
    var step = 1
    while true {
      var lower = size
      lower[keyPath: part] = Size.least[keyPath: part] + step - 1
      guard lower[keyPath: part] < size[keyPath: part] else { return sizes }
      if lower.hasTail { sizes.append(lower) }
      step *= 2
    }
  }
}
