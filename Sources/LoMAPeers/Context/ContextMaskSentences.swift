// CCM-8…CCM-16 in words: one sentence per clause under a profile. The only place that puts this mask into words.

/// A clause of the mask, the roles that it is about, and its sentence.
package struct ContextMaskSentence: Hashable, Sendable {
  /// The clause's id, CCM-8…CCM-16.
  package let clause: String
  /// The roles of queries.
  package let queries: [ContextRole]
  /// The roles of keys.
  package let keys: [ContextRole]
  /// What the clause says under the profile.
  package let sentence: String
}

/// One sentence for each clause of the mask that decides a cell under one profile.
package struct ContextMaskSentences: Hashable, Sendable {
  /// In the order of the chapter.
  package let all: [ContextMaskSentence]

  /// The sentences under a profile.
  package init(profile: ContextProfile) {
    var all: [ContextMaskSentence] = []
    func add(_ clause: String, _ queries: [ContextRole], _ keys: [ContextRole], _ sentence: String) {
      all.append(ContextMaskSentence(clause: clause, queries: queries, keys: keys, sentence: sentence))
    }
    add(
      "CCM-8", [.pad], ContextRole.allCases,
      "pads see only themselves and are seen by no other row")
    add(
      "CCM-9", [.text, .comp], [.text],
      "text and COMP rows see the text rows of their own segment up to themselves")
    let ownSegment =
      "text and COMP rows of a context segment see the COMP rows of that segment up to themselves, no others"
    switch (profile.memory, profile.recurrence) {
    case (.concat, .recurrent):
      add(
        "CCM-10", [.text, .comp], [.comp],
        "text and COMP rows see the COMP rows of earlier segments, and of their own up to themselves")
    case (.concat, .separate):
      add("CCM-11", [.text, .comp], [.comp], ownSegment)
      add("CCM-12", [.text], [.comp], "text rows of the final segment see the COMP rows of all segments")
    case (.merge, .recurrent):
      add("CCM-11", [.text, .comp], [.comp], ownSegment)
      add(
        "CCM-13", [.text, .comp], [.sum],
        "text and COMP rows see the SUM rows of the segment before theirs, no others")
    case (.merge, .separate):
      add("CCM-11", [.text, .comp], [.comp], ownSegment)
      add(
        "CCM-13", [.text, .comp], [.sum],
        "text rows of the final segment see the SUM rows, other text rows and COMP rows do not")
    }
    if profile.memory == .merge {
      let seen =
        switch profile.recurrence {
        case .recurrent: "their own segment so far and the SUM rows of the segment before"
        case .separate: "all COMP rows, and the SUM rows so far"
        }
      add("CCM-14", [.sum], [.text, .comp, .sum], "SUM rows see \(seen); no result depends on it")
      add("CCM-15", [.text], [.comp], "text rows of the final segment see no COMP row")
    }
    if profile.sink == .on {
      add(
        "CCM-16", [.text, .comp, .sum], [.text],
        "every row but a pad sees each earlier text row that holds the beginning token")
    }
    self.all = all
  }

  /// The sentence of a clause; empty if the clause decides no cell under the profile.
  package subscript(clause: String) -> String { all.first { $0.clause == clause }?.sentence ?? "" }
}

extension ContextRole {
  /// The letter of the role in pictures: x, c, s or p.
  package var letter: Character {
    switch self {
    case .text: "x"
    case .comp: "c"
    case .sum: "s"
    case .pad: "p"
    }
  }
}
