// CCM-5…CCM-8, CCM-23: from the segments of a text to its rows, their positions and labels, and texts side by side.

/// The rows of one text in the parallel layout: x_0 C_0 [S_0] … x_{T−1} C_{T−1} [S_{T−1}] x_T (CCM-5).
package struct ContextLayout: Hashable, Sendable {
  /// V, n, BOS and the decisions.
  package let parameters: ContextParameters
  /// T, the number of the final segment.
  package let finalSegment: Int
  /// All rows in layout order; a deliberately wrong layout has others.
  package var rows: [ContextRow]

  /// The layout of a text; throws `PeerError` for one that `ContextText.check` refuses.
  package init(_ text: ContextText, parameters: ContextParameters) throws(PeerError) {
    try text.check(parameters)
    let n = parameters.memoryTokens
    var rows: [ContextRow] = []
    // N: the text rows so far. Memory rows never push text away (CCM-7).
    var textRows = 0
    func appendText(_ tokens: [Int], segment: Int, labels: [Int?]) {
      for (index, token) in tokens.enumerated() {
        rows.append(
          ContextRow(
            token: token, place: .text(segment: segment, index: index), position: textRows, label: labels[index]))
        textRows += 1
      }
    }
    func appendComp(segment: Int) {
      for j in 0..<n {
        rows.append(
          ContextRow(
            token: parameters.compToken(j), place: .comp(segment: segment, index: j), position: textRows + j, label: nil
          ))
      }
    }
    func appendSum(segment: Int) {
      for j in 0..<n {
        rows.append(
          ContextRow(
            token: parameters.sumToken(j), place: .sum(segment: segment, index: j), position: textRows + j, label: nil))
      }
    }
    for (segment, tokens) in text.contexts.enumerated() {
      appendText(tokens, segment: segment, labels: Array(repeating: nil, count: tokens.count))
      appendComp(segment: segment)
      switch (parameters.profile.memory, parameters.profile.recurrence) {
      case (.concat, _): break
      case (.merge, .recurrent): appendSum(segment: segment)
      // One block after C_{T−1}, which belongs to the final segment.
      case (.merge, .separate): if segment + 1 == text.finalSegment { appendSum(segment: text.finalSegment) }
      }
    }
    appendText(text.final, segment: text.finalSegment, labels: Self.labels(of: text))
    self.parameters = parameters
    self.finalSegment = text.finalSegment
    self.rows = rows
  }

  /// CCM-23: each token of the output is the label of the row before it; nothing else is a label.
  private static func labels(of text: ContextText) -> [Int?] {
    let final = text.final
    return final.indices.map { index in
      let next = index + 1
      return next >= final.count - text.outputLength && next < final.count ? final[next] : nil
    }
  }

  /// The rows that are fed online, in order: all but SUM rows (CCM-24).
  package var onlineRows: [ContextRow] { rows.filter { $0.place.role != .sum } }
}

/// The layouts of several texts, padded on the left to the same number of rows (CCM-8).
package struct ContextBatch: Hashable, Sendable {
  /// V, n, BOS and the decisions.
  package let parameters: ContextParameters
  /// The rows by text; every text has as many.
  package let texts: [[ContextRow]]
  /// T of every text.
  package let finalSegments: [Int]

  /// Pads every layout to the longest one, with rows that see only themselves.
  package init(_ layouts: [ContextLayout], parameters: ContextParameters) {
    precondition(layouts.allSatisfy { $0.parameters == parameters }, "one set of parameters")
    let longest = layouts.map { $0.rows.count }.max() ?? 0
    self.parameters = parameters
    self.texts = layouts.map { Array(repeating: .pad, count: longest - $0.rows.count) + $0.rows }
    self.finalSegments = layouts.map { $0.finalSegment }
  }

  /// The number of rows, over all texts, whose losses the mean is taken over (CCM-23).
  package var labelledRows: Int { texts.reduce(0) { $0 + $1.count { $0.label != nil } } }

  /// What the rows of a text may see.
  package func mask(_ text: Int) -> ContextMask {
    ContextMask(rows: texts[text], parameters: parameters, finalSegment: finalSegments[text])
  }
}

extension ContextLayout {
  /// What the rows may see.
  package var mask: ContextMask { ContextMask(rows: rows, parameters: parameters, finalSegment: finalSegment) }
}
