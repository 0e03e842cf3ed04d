// The thirteen lessons of Docs/Evening: what each asks, and which clauses it is about.

/// A lesson, by its number.
package enum Lesson: Int, CaseIterable, Hashable, Sendable {
  case bet, rows, positions, mask, layer, cache, recite, theorem, look, teach, find, cost, open

  /// The heading of its step in Docs/Evening.
  package var title: String {
    switch self {
    case .bet: "The bet"
    case .rows: "Rows"
    case .positions: "Where they stand"
    case .mask: "Who sees whom"
    case .layer: "One layer of Llama"
    case .cache: "The cache"
    case .recite: "Recite"
    case .theorem: "The theorem"
    case .look: "Where is the text?"
    case .teach: "Teach it"
    case .find: "Find the mistake"
    case .cost: "What it costs"
    case .open: "What nobody knows yet"
    }
  }

  /// How long it takes a reader who knows NumPy.
  package var minutes: Int {
    switch self {
    case .bet, .rows, .recite, .theorem: 10
    case .positions, .open: 15
    case .mask: 25
    case .layer: 30
    case .cache, .look, .teach, .find, .cost: 20
    }
  }

  /// The forms of request that it asks, each with its meaning.
  package var forms: [(form: String, meaning: String)] {
    switch self {
    case .bet: [("entries C T N", "how many entries the cache holds after a text of N tokens (GEN-6)")]
    case .rows: [("rows C T N", "every row of the training layout as zone x, m or r, chunk and index (LAY-2)")]
    case .positions: [("positions C T N", "the position of every row (POS-1, POS-2, POS-3)")]
    case .mask: [("mask C T N", "for every row, whether it sees each row: 1 or 0 (MSK-1 to MSK-9)")]
    case .layer:
      [
        ("norm ID", "RMSNorm of a token's embedding, with the input gain of layers.0 (MOD-2)"),
        ("query P ID", "the token's queries in layers.0, every head rotated to position P (MOD-3)"),
        ("weights LAYER ID…", "for every row of a text, its attention to each row, the mean of the heads (MOD-4)"),
        ("layer ID…", "every row of a text after layers.0 (MOD-5, MOD-6)"),
      ]
    case .cache:
      [
        ("cache C T N", "the cache after each event, a letter an entry (GEN-2, GEN-3)"),
        ("next ID…", "the scores of every id after the text's last token, through the cache (GEN-4)"),
      ]
    case .recite: [("recite K ID…", "chunk K of a text, recited from the cache (REC-1)")]
    case .theorem: [("onepass ID…", "what next answers, but in one pass over the training layout, no cache (GEN-7)")]
    case .look:
      [("looks LAYER ID…", "for every memory row, the row that it gives most attention, the mean of heads (MOD-4)")]
    case .teach:
      [
        ("labels ID…", "the label of every row of a text, -1 for none (LOS-1, LOS-2, LOS-3)"),
        ("losses ID…", "the mean loss of reading rows and that of repetition rows (LOS-4, LOS-5)"),
      ]
    case .find: [("find C T N BIT…", "of a wrong mask, row by row: the first wrong pair, query and key (chapter 4)")]
    case .cost:
      [("cost C T N", "scores with and without compression, and rows fed with and without it (COST-2, LAY-5)")]
    case .open: []
    }
  }

  /// The requests of a check, in order. Texts are ids of bytes; c = 4 and t = 2 where a model reads them.
  package var questions: [Ask] {
    let (cat, memory) = (Array("the cat sat".utf8).map { Int($0) }, Array("the memory of a chunk".utf8).map { Int($0) })
    switch self {
    case .bet: return [(4, 2, 48), (4, 2, 21), (2, 1, 7), (3, 2, 5)].map { .entries(Sizes($0)) }
    case .rows: return [(2, 1, 5), (4, 2, 11), (2, 2, 3), (1, 3, 7)].map { .rows(Sizes($0)) }
    case .positions: return [(2, 1, 5), (4, 2, 11), (4, 2, 17), (3, 3, 18)].map { .positions(Sizes($0)) }
    case .mask: return [(2, 1, 5), (4, 2, 11), (2, 2, 9), (4, 2, 17)].map { .mask(Sizes($0)) }
    case .layer:
      return [
        .norm(116), .norm(3), .query(position: 0, 116), .query(position: 5, 104), .weights(layer: 0, cat), .layer(cat),
      ]
    case .cache: return [.cache(Sizes((2, 1, 5))), .cache(Sizes((4, 2, 17))), .next(Array(cat[..<7])), .next(cat)]
    case .recite: return [.recite(chunk: 0, cat), .recite(chunk: 1, memory), .recite(chunk: 0, memory)]
    case .theorem: return [.next(memory), .onePass(memory), .onePass(cat)]
    case .look: return [.looks(layer: 1, cat), .looks(layer: 1, memory)]
    case .teach: return [.labels(cat), .labels(memory), .losses(cat), .losses(memory)]
    case .find: return WrongMask.allCases.map { .find($0.sizes, $0.cells) }
    case .cost: return [(2, 1, 13), (4, 2, 9), (4, 2, 4096), (8, 1, 100)].map { .cost(Sizes($0)) }
    case .open: return []
    }
  }
}
