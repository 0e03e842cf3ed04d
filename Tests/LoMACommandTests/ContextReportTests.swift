// RUN-25 for part II: a wrong mask is drawn cell by cell, a wrong layout, schedule or number as a grid with named rows.

import LoMAPeers
import LoMAVectors
import Testing
@testable import LoMAConformance
@testable import LoMAJudgement
@testable import LoMASuite

@testable import LoMACommand

@Suite("Reports on part II")
struct ContextReportTests {
  private let cases: DiagnosedCases

  init() throws { cases = try DiagnosedCases(of: .peers) }

  /// The wrong answers of a mutant to some cases, each with its picture and the texts in it.
  private func pictures(
    of mutant: String, asking isAsked: (StoredCase) -> Bool
  ) throws -> [(result: CaseResult, drawing: JSONObject, words: [String])] {
    let port = PortInProcess(mutant: mutant, models: cases.models)
    let wrong = try cases.results(asking: isAsked, traces: false, port.reply).filter { $0.verdict.isWrong }
    return try wrong.map { result in
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
    let labels = Set(drawn.flatMap { $0.words }.flatMap { $0.split(separator: "\n") })
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
    let schedules = try pictures(of: "C39a") { $0.op == .peer(.ccmSchedule) }
    #expect(!schedules.isEmpty)
    for (_, drawing, words) in schedules {
      #expect(["events", "entries"].contains(words[try #require(drawing["tensor"]?.integerValue)]))
      #expect(drawing["cells"]?.stringValue?.contains("f") == true)
    }
  }

  @Test func `CCM-34 the rows of wrong logits are the tokens that were fed, generated ones in the final segment`()
    throws
  {
    let wrong = try pictures(of: "C30") { $0.id == "generation.ccm_online.forced" }
    let (result, drawing, words) = try #require(wrong.first)
    #expect(result.divergence?.tensor == "logits")
    let rows = words[try #require(drawing["rows"]?.integerValue)].split(separator: "\n").map { String($0) }
    #expect(rows == ["x0.0", "x0.1", "x1.0", "x1.1", "x2.0", "x2.1", "x2.2", "x2.3", "x2.4"])
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
}
