// A mask that somebody gave, beside the right one: its wrong cells are ringed.

import LoMA

/// The cells that were given for the training layout of a text, row by row.
package struct MarkedMask: Sendable {
  private let picture: MaskPicture?
  private let given: [Bool]

  /// A mask of the layout of a text of some length. Nothing is drawn beyond the limits of a picture.
  package init(c: Int, t: Int, length: Int, profile: Profile, given: [Bool]) {
    var inputs = ExplanationInputs(c: c, t: t, texts: [.length(length)])
    inputs.profile = profile
    let explanation = try? Explanation(inputs)
    let fits = (explanation?.rowCount ?? .max) <= ExplanationLimits.text.maskRows
    let right = fits ? try? explanation?.pictures().first : nil
    picture = right.flatMap { $0.rows.count * $0.rows.count == given.count ? $0 : nil }
    self.given = given
  }

  private func isWrong(_ picture: MaskPicture, _ query: Int, _ key: Int) -> Bool {
    given[query * picture.rows.count + key] != picture.allows(query: query, key: key)
  }

  /// The mask for a terminal.
  package func lines(hasColour: Bool) -> [String] {
    guard let picture else { return [] }
    let drawing = TextDrawing(hasColour: hasColour)
    let grid = drawing.lines(of: picture) { query, key in
      let isSeen = given[query * picture.rows.count + key]
      if isWrong(picture, query, key) { return isSeen ? "◉" : "○" }
      let kind = picture.rows[key].kind
      return isSeen ? drawing.paint(String(kind.letter), .zone(kind.colour)) : drawing.hidden
    }
    return grid + [
      "", "  your mask: a line is a query, a column a key; a letter: the query sees the key, · it does not",
      "  ringed are wrong cells:   ◉ yours sees, and must not   ○ yours does not see, and must",
    ]
  }

  /// The mask as one SVG file, its wrong cells ringed; nil if it is too large.
  package func svg(title: String) -> String? {
    guard let picture else { return nil }
    let (right, count, given) = (picture.rule, picture.rows.count, given)
    let theirs = MaskPicture(
      rows: picture.rows, words: picture.words, sentences: picture.sentences,
      caption: "your mask; ringed: wrong cells"
    ) { query, key in
      DrawnRule(clause: right(query, key).clause, isVisible: given[query * count + key])
    }
    let wrong = (0..<count).flatMap { query in
      (0..<count).filter { isWrong(picture, query, $0) }.map { MaskCell(query: query, key: $0) }
    }
    return SVGDrawing(ringing: wrong).draw([.masks([theirs])], title: title)
  }
}

/// A pair of rows.
struct MaskCell: Hashable, Sendable {
  let query: Int
  let key: Int
}
