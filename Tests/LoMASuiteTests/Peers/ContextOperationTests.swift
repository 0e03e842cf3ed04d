// CCM-31, CCM-33, CCM-34: what the operations return, by hand where that is short.

import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAAnswers
@testable import LoMACatalogue
@testable import LoMAPeersCatalogue
@testable import LoMASuite

@Suite("Chapter 16: operations")
struct ContextOperationTests {
  private func answer(_ request: Request) throws -> [ResultTensor] {
    try peerAnswers().answer(request)
  }

  private func tensor(_ name: String, _ results: [ResultTensor]) throws -> (shape: [Int], values: [Double]) {
    let found = try #require(results.first { $0.name == name }, "\(name)")
    return switch found.content {
    case .doubles(let values): (found.shape, values)
    case .integers(let values): (found.shape, values.map { Double($0) })
    case .booleans(let values): (found.shape, values.map { $0 ? 1 : 0 })
    }
  }

  private func integers(_ name: String, _ results: [ResultTensor]) throws -> [Int] {
    try tensor(name, results).values.map { Int($0) }
  }

  /// Rows of a matrix of numbers [… , rows, width] whose leading extents are 1.
  private func row(_ r: Int, _ matrix: (shape: [Int], values: [Double])) -> [Double] {
    let width = matrix.shape.last ?? 1
    return Array(matrix.values[r * width..<(r + 1) * width])
  }

  /// The chapter's example: two contexts of three and two tokens, a final segment of two, one memory token.
  private func example(_ profile: ContextProfile) -> ContextTexts {
    var texts = ContextTexts([[3, 2, 2]], outputs: [1], profile, seed: 1).with(n: 1)
    texts.texts = [[[4, 7, 8], [1, 2], [5, 9]]]
    return texts
  }

  @Test func `CCM-31 layout and mask of the chapter's example`() throws {
    let layout = try answer(example(.merge).request(.ccmLayout))
    #expect(try integers("tokens", layout) == [4, 7, 8, 11, 12, 1, 2, 11, 12, 5, 9])
    #expect(try integers("roles", layout) == [0, 0, 0, 1, 2, 0, 0, 1, 2, 0, 0])
    #expect(try integers("segments", layout) == [0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2])
    #expect(try integers("indices", layout) == [0, 1, 2, 0, 0, 0, 1, 0, 0, 0, 1])
    #expect(try integers("positions", layout) == [0, 1, 2, 3, 3, 3, 4, 5, 5, 5, 6])
    #expect(try integers("labels", layout) == [-1, -1, -1, -1, -1, -1, -1, -1, -1, 9, -1])
    let mask = try tensor("mask", answer(example(.base).request(.ccmMask)))
    let lines = (0..<9).map { row($0, mask).map { $0 == 1 ? "1" : "0" }.joined() }
    #expect(
      lines == [
        "100000000", "110000000", "111000000", "111100000", "000110000", "000111000", "000111100", "000100110",
        "000100111",
      ])
  }

  @Test func `CCM-31 schedule and cost of the chapter's example`() throws {
    let schedule = try answer(example(.merge).request(.ccmSchedule, ["generate": .integer(2)]))
    #expect(
      try integers("events", schedule) == [
        0, 0, 0, 1, 0, 1, 0, 1, 1, 2, 0, 2, 0, 2, 2, 3, 0, 3, 1, 0, 3, 4, 1, 3, 2, 0, 4, 4, 1, 0, 3, 0, 4, 4, 1, 0,
        0, 3, 4, 5, 1, 1, 0, 4, 5, 6, 1, 2, 1, 1, 6, 7, 2, 2, 2, 1, 7, 7, 2, 0, 3, 1, 7, 7, 1, 0,
        0, 5, 7, 8, 1, 1, 0, 6, 8, 9, 1, 2, 0, 7, 9, 10, 1, 3,
      ])
    #expect(try integers("maximum", schedule) == [4])
    let entries = try tensor("entries", schedule)
    #expect(entries.shape == [14, 4] && row(10, entries) == [6, -1, -1, -1] && row(13, entries) == [6, 7, 8, 9])
    let sizes: [String: RequestParameter] = [
      "layers": .integer(2), "kv_heads": .integer(3), "head_dim": .integer(4), "bytes_per_element": .integer(2),
    ]
    let cost = try answer(example(.merge).request(.ccmCost, sizes))
    #expect(try integers("sizes", cost) == [0, 1, 1] && integers("peaks", cost) == [4, 4, 3])
    #expect(try integers("pairs", cost) == [10, 9, 5] && integers("full_attention", cost) == [28])
    #expect(try integers("entry_bytes", cost) == [96] && integers("cache_size", cost) == [3])
    #expect(try integers("cache_maximum", cost) == [4])
  }

  @Test func `CCM-33 captured keys and values of a SUM row are the means of its slot`() throws {
    let texts = ContextTexts([[2, 3, 2]], .merge, seed: 2)
    let rows = texts.batch.texts[0]
    for part in ["key", "value"] {
      let name = "layers.1.attention." + part
      let found = try tensor(name, answer(texts.request(.ccmForward, model: .gqa, captures: [name])))
      func place(_ place: ContextPlace) throws -> [Double] {
        row(try #require(rows.firstIndex { $0.place == place }), found)
      }
      for j in 0..<texts.n {
        let (first, second) = (try place(.comp(segment: 0, index: j)), try place(.comp(segment: 1, index: j)))
        #expect(try place(.sum(segment: 0, index: j)) == first)
        #expect(try place(.sum(segment: 1, index: j)) == zip(first, second).map { ($0 + $1) / 2 })
      }
    }
  }

  @Test func `CCM-33 embeddings are fed to every row, and pads change nothing`() throws {
    let alone = ContextTexts([[2, 2]], .mergeSink, seed: 3)
    let rows = alone.batch.texts[0]
    let given = alone.embeddings(seed: 4)
    func logits(_ embeddings: NamedArray) throws -> (shape: [Int], values: [Double]) {
      try tensor("logits", answer(alone.request(.ccmForward, model: .gqa, arrays: [embeddings])))
    }
    let plain = try logits(given)
    for (r, changed) in rows.enumerated() {
      var numbers = try given.doubles()
      numbers[r * ContextCaseModel.hidden] += 1
      let other = try logits(try NamedArray("embeddings", .f32, shape: given.shape, doubles: numbers))
      let last = rows.count - 1
      // What a SUM row is fed reaches itself alone; everything else reaches the last row, through the mean if need be.
      #expect((row(last, other) != row(last, plain)) == (changed.place.role != .sum), "row \(r)")
      #expect(row(r, other) != row(r, plain), "row \(r)")
    }
    var batch = alone
    batch.texts.insert([[1, 2, 3], [4, 5], [6]], at: 0)
    batch.outputs = [0, 0]
    let padded = try tensor("logits", answer(batch.request(.ccmForward, model: .gqa)))
    let own = try tensor("logits", answer(alone.request(.ccmForward, model: .gqa)))
    let width = padded.shape[1] * padded.shape[2]
    #expect(Array(padded.values[width...].suffix(own.values.count)) == own.values)
  }

  @Test func `CCM-33 there is a gradient for every tensor of the adapter, 0 where nothing is read`() throws {
    let item = try #require(PeerCatalogue.item("training.ccm_gradients.base"))
    let gradients = try answer(item.request)
    let models = try peerModels()
    let adapter = try #require(try models.adapters[ContextCaseModel.gqa.path]?.get())
    #expect(Set(gradients.map(\.name)) == Set(adapter.parameters.names.map { "gradients." + $0 }))
    for gradient in gradients {
      let name = String(gradient.name.dropFirst("gradients.".count))
      #expect(gradient.shape == adapter.parameters.tensors[name]?.shape)
    }
    func isZero(_ name: String) throws -> Bool {
      try tensor("gradients." + name, gradients).values.allSatisfy { $0 == 0 }
    }
    // In the last layer nothing reads what a memory row computes but its key and value (CCM-21).
    for (layer, projection, isIdle) in [
      (0, AdaptedProjection.query, false), (0, .output, false), (1, .query, true), (1, .output, true), (1, .key, false),
      (1, .value, false),
    ] {
      for name in [
        AdapterParameterName.a(layer: layer, projection), AdapterParameterName.b(layer: layer, projection),
      ] { #expect(try isZero(name) == isIdle, "\(name)") }
    }
    let embeddings = try tensor("gradients." + AdapterParameterName.memoryEmbedding, gradients)
    #expect(row(0, embeddings).contains { $0 != 0 } && row(2, embeddings).allSatisfy { $0 == 0 }, "SUM under concat")
  }

  @Test func `CCM-33 a loss without labels is 0`() throws {
    let item = try #require(PeerCatalogue.item("model.ccm_loss.no-output"))
    #expect(try tensor("loss", answer(item.request)).values == [0])
  }

  @Test func `CCM-34 what is held at the end is what was fed, under merge with the means`() throws {
    for profile in [ContextProfile.withSink, .mergeSink] {
      let texts = ContextTexts([[2, 2, 3]], profile, seed: 5).beginning(again: [(1, 1)])
      let results = try answer(texts.request(.ccmOnline, model: .gqa, ["generate": .integer(3)]))
      let (events, held) = (try tensor("events", results), try integers("cache.rows", results))
      #expect(try tensor("logits", results).shape == [7 + 2, ContextTexts.vocabulary])
      #expect(try tensor("appended.keys", results).shape == [2, 7 + 2 + 4, 8])
      let isMerged = profile.memory == .merge
      // Rows 0, 1 text, 2, 3 COMP, 4, 5 text, 6, 7 COMP, then text; 0 and 5 are sinks.
      #expect(held == (isMerged ? [0, 5, 6, 7] : [0, 2, 3, 5, 6, 7]) + [8, 9, 10, 11, 12])
      #expect(row(events.shape[0] - 1, events) == [0, 8, Double(held.count)])
      for part in ["keys", "values"] {
        let (fed, kept) = (try tensor("appended." + part, results), try tensor("cache." + part, results))
        let (rows, entries) = (fed.shape[1], kept.shape[1])
        for layer in 0..<2 {
          for (entry, number) in held.enumerated() {
            let own = row(layer * rows + number, fed)
            let earlier = row(layer * rows + max(number - 4, 0), fed)
            let isMean = isMerged && [6, 7].contains(number)
            let right = isMean ? zip(earlier, own).map { ($0 + $1) / 2 } : own
            #expect(row(layer * entries + entry, kept) == right, "\(part) of row \(number)")
          }
        }
      }
    }
  }

  @Test func `CCM-34 forced tokens are fed and chosen ones returned`() throws {
    let texts = ContextTexts([[2, 2]], .base, seed: 6)
    let forced = [3, 9, 0]
    let results = try answer(
      texts.request(
        .ccmOnline, model: .gqa, ["generate": .integer(3)], arrays: [CaseInputs.integers("forced", forced)]))
    var longer = texts
    longer.texts[0][1] += forced.dropLast()
    let whole = try tensor("logits", answer(longer.request(.ccmOnline, model: .gqa, ["generate": .integer(0)])))
    let logits = try tensor("logits", results)
    #expect(logits.values == whole.values)
    let best = (3..<6).map { r in
      let scores = row(r, logits)
      return scores.firstIndex(of: scores.max() ?? 0) ?? -1
    }
    #expect(try integers("chosen", results) == best && best != forced)
  }
}
