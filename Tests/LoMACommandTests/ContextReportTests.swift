// RUN-25 for part II: a wrong mask is drawn cell by cell, a wrong layout, schedule or number as a grid with named rows.

import LoMAPeers
import LoMAVectors
import Testing

@testable import LoMACommand
@testable import LoMAConformance
@testable import LoMAJudgement
@testable import LoMAPeersCatalogue

@Suite("Reports on part II")
struct ContextReportTests {
  private let cases: DiagnosedCases

  init() throws { cases = try DiagnosedCases(of: .peers) }

  /// The wrong answers of a mutant to some cases, each with its picture and the texts in it.
  private func pictures(
    of mutant: String, asking isAsked: (StoredCase) -> Bool
  ) throws -> [(result: CaseResult, drawing: JSONObject, words: [String])] {
    let port = PortInProcess(mutant: mutant, models: cases.models)
    let results = try cases.corpus.cases.filter(isAsked).compactMap { item -> CaseResult? in
      let dtype = item.dtypes.contains("i64") ? "i64" : "f32"
      guard case .tensors = item.answer, let question = try cases.corpus.questions(of: item, dtype: dtype).first else {
        return nil
      }
      return try cases.corpus.judge(item, dtype: dtype, replies: [port.reply(to: question)], bounds: .provisional)
    }
    return try results.filter { $0.verdict == .fail }.map { result in
      var words = WordList()
      let value = try #require(Drawing(result, texts: texts(ofCase: result.id))?.json(&words), "\(result.id)")
      return (result, try #require(value.objectValue), words.words)
    }
  }

  @Test func `CCM-10 a wrong mask of part II is drawn with its wrong cells`() throws {
    let drawn = try pictures(of: "C05") { $0.op == .peer(.ccmMask) }
    #expect(drawn.count > 5)
    for (result, drawing, words) in drawn {
      let layout = try #require(texts(ofCase: result.id))
      let masks = try #require(drawing["masks"]?.arrayValue, "\(result.id)")
      for panel in masks.compactMap({ $0.objectValue }) {
        let text = try #require(panel["text"]?.integerValue)
        let labels = words[try #require(panel["rows"]?.integerValue)].split(separator: "\n").map { String($0) }
        #expect(labels == layout.texts[text].map { $0.text })
        // A COMP row saw a later one: wrongly seen, and never wrongly hidden.
        let cells = try #require(panel["cells"]?.stringValue)
        #expect(cells.contains("c") && !cells.contains("d"), "\(result.id): \(cells)")
      }
    }
    let labels = Set(drawn.flatMap { $0.words.flatMap { $0.split(separator: "\n").map { String($0) } } })
    #expect(labels.isSuperset(of: ["x0.0", "c0.0", "c0.1", "s0.0", "p"]))
  }

  @Test func `CCM-31 a wrong layout or schedule of part II is drawn as a grid`() throws {
    let layouts = try pictures(of: "C13") { $0.op == .peer(.ccmLayout) }
    #expect(layouts.count > 5)
    for (result, drawing, words) in layouts {
      let layout = try #require(texts(ofCase: result.id))
      let columns = words[try #require(drawing["columns"]?.integerValue)].split(separator: "\n").map { String($0) }
      if layout.texts.count == 1 { #expect(columns == layout.texts[0].map { $0.text }, "\(result.id)") }
      #expect(words[try #require(drawing["tensor"]?.integerValue)] == "positions")
      // The worst class of cells.
      #expect(drawing["cells"]?.stringValue?.contains("f") == true)
    }
    // The fold of a schedule that feeds a row.
    let item = try #require(cases.corpus.cases.first { $0.id == "structure.ccm_schedule.merge" })
    let question = try #require(try cases.corpus.questions(of: item, dtype: "i64").first)
    let right = PortInProcess(mutant: nil, models: cases.models).reply(to: question)
    guard case .tensors(let arrays) = right else { throw Failure() }
    let events = try #require(arrays.first { $0.name == "events" })
    var numbers = try events.integers()
    let row = try #require((0..<events.shape[0]).first { numbers[$0 * 6] == 3 })
    numbers[row * 6 + 3] += 1
    let changed = try NamedArray("events", .i64, shape: events.shape, integers: numbers)
    let answer = Reply.tensors(arrays.map { $0.name == "events" ? changed : $0 })
    let result = try cases.corpus.judge(item, dtype: "i64", replies: [answer], bounds: .provisional)
    var words = WordList()
    let value = Drawing(result, texts: texts(ofCase: item.id))?.json(&words)
    let drawing = try #require(value?.objectValue)
    #expect(words.words[try #require(drawing["tensor"]?.integerValue)] == "events")
    #expect(drawing["size"] == .array([.integer(events.shape[0]), .integer(6)]))
    #expect(drawing["cells"]?.stringValue?.contains("f") == true)
    #expect(result.finding?.place == "event \(row) (fold of segment 0), end of rows")
  }

  @Test func `CCM-34 the rows of wrong logits are the tokens that were fed, generated ones in the final segment`()
    throws
  {
    let wrong = try pictures(of: "C30") { $0.id == "generation.ccm_online.one-context" }
    let (result, drawing, words) = try #require(wrong.first)
    #expect(result.divergence?.tensor == "logits")
    let rows = words[try #require(drawing["rows"]?.integerValue)].split(separator: "\n").map { String($0) }
    #expect(rows == ["x0.0", "x0.1", "x0.2", "x1.0", "x1.1"])
    let forced = try #require(texts(ofCase: "generation.ccm_online.forced"))
    #expect([0, 5, 8].map { forced.label(ofToken: $0) } == ["x0.0", "x2.1", "x2.4"])
  }

  @Test func `CCM-30 the layout of every case on texts of part II is that of the reference`() throws {
    var count = 0
    for item in PeerCatalogue.cases {
      guard let drawing = ContextCaseDrawing(item) else {
        #expect(texts(ofCase: item.id) == nil, "\(item.id)")
        continue
      }
      let (layout, batch) = (try #require(texts(ofCase: item.id)), try drawing.batch())
      #expect(layout.texts.map { $0.count } == batch.texts.map { $0.count })
      for (text, rows) in batch.texts.enumerated() {
        let mask = batch.mask(text)
        for query in rows.indices {
          for key in rows.indices {
            #expect(layout.sees(text, query, key) == mask.allows(query: query, key: key))
          }
        }
      }
      count += 1
    }
    #expect(count > 100)
  }

  private struct Failure: Error {}
}
