// Recorded answers pass, the smallest wrong ones do not.

import LoMAVectors
import Testing
@testable import LoMAJudgement

@testable import LoMAConformance

@Suite("Chapter 12: judging recorded answers")
struct JudgeTests {
  @Test func `TOL-1 every recorded answer, rounded once to what is asked, is right`() throws {
    let corpus = try Recorded.corpus()
    for item in corpus.cases {
      guard case .tensors(_, let rules) = item.answer else { continue }
      for dtype in item.dtypes {
        let result = try corpus.judge(
          item, dtype: dtype, replies: [.tensors(try Recorded.answer(item, dtype))], bounds: .provisional)
        #expect(result.verdict == .pass, "\(item.id) \(dtype): \(result.why) \(String(describing: result.finding))")
        #expect(result.tensors.map(\.name) == rules.map(\.name) && result.finding == nil)
        #expect(result.tensors.allSatisfy { $0.ratio <= 1 && ($0.error == nil) == ($0.rule == "exact") })
      }
    }
  }

  @Test func `TOL-1 a wrong integer fails, and its row is said in words`() throws {
    let id = "structure.layout.c1-t1-batch"
    let right = try Recorded.answer(try Recorded.item(id), "i64")
    let result = try Recorded.result(id, "i64", [.tensors(try right.changing("positions", at: 14, to: 77))])
    #expect(result.verdict == .fail && result.why == "positions are wrong")
    let finding = try #require(result.finding)
    #expect(finding.index == [1, 2] && finding.got == "77" && finding.ratio == .infinity)
    #expect(finding.place.hasPrefix("text 1, row 2 (") && finding.place.contains("chunk 0"))
    let narrow = try right.map { try NamedArray($0.name, .i32, shape: $0.shape, integers: try $0.integers()) }
    #expect(try Recorded.result(id, "i64", [.tensors(narrow)]).verdict == .pass)
  }

  @Test func `TOL-1 a wrong mask cell is said with the clause of its pair`() throws {
    let id = "structure.mask.c1-t1-batch"
    let mask = try #require(try Recorded.answer(try Recorded.item(id), "i64").first)
    let item = try Recorded.item(id)
    let texts = try TextRows(item, input: try Recorded.corpus().input(of: item)).texts
    let text = try #require(texts.firstIndex { !$0.isEmpty })
    var cells = try mask.booleans()
    // Reading row 0 of chunk 0 on the repetition row behind its memory.
    cells[text * mask.shape[1] * mask.shape[2] + 2].toggle()
    let wrong = try NamedArray("mask", shape: mask.shape, booleans: cells)
    let finding = try #require(try Recorded.result(id, "i64", [.tensors([wrong])]).finding)
    #expect(finding.index == [text, 0, 2] && finding.got == "true" && finding.want == "false")
    #expect(
      finding.place.contains("row 0 (reading, chunk 0, index 0) should not see row 2 (repetition, chunk 0, index 0)"))
    #expect(finding.place.contains("MSK-3 reading rows never see repetition rows"))
  }

  @Test(arguments: ["f64", "f32", "bf16", "f16"])
  func `TOL-3 just over the derived bound fails, just under it passes`(_ dtype: String) throws {
    let (id, cell) = ("stage.rms_norm.plain", 3)
    let expected = try Recorded.corpus().expected(of: try Recorded.item(id))
    func number(_ name: String) throws -> Double { try expected.first { $0.name == name }?.doubles()[cell] ?? 0 }
    let type = try #require(ElementType(rawValue: dtype.uppercased()))
    let precision = try #require(Precision.of(type))
    let bound = precision.bound(accumulation: try number("y.accumulation"), rounding: try number("y.rounding"))
    // The answer's own type has no numbers between: one unit beyond is over, half the bound rounds to within.
    let answer = try Recorded.answer(try Recorded.item(id), dtype)
    let over = try answer.changing("y", at: cell) { $0 + 1.01 * bound + 2 * $0.magnitude * precision.output }
    let under = try answer.changing("y", at: cell) { $0 + 0.4 * bound }
    let result = try Recorded.result(id, dtype, [.tensors(over)])
    #expect(result.verdict == .fail && result.finding?.index == [0, 3] && (result.finding?.ratio ?? 0) > 1)
    #expect(result.finding?.place == "row 0, column 3" && result.finding?.got.contains("0x") == true)
    #expect(try Recorded.result(id, dtype, [.tensors(under)]).verdict == .pass)
  }

  @Test(arguments: [("f64", 0x1p-40), ("f32", 4e-4), ("bf16", 0.2), ("f16", 0.025)])
  func `TOL-15 until bounds are measured a tensor may be off by the provisional one`(
    _ dtype: String, _ bound: Double
  ) throws {
    let id = "model.forward.mha.c2-t1"
    let expected = try #require(try Recorded.corpus().expected(of: try Recorded.item(id)).first).doubles()
    let largest = expected.map(\.magnitude).max() ?? 0
    let answer = try Recorded.answer(try Recorded.item(id), dtype)
    let over = try answer.changing("logits", at: 0) { $0 + 1.2 * bound * largest }
    let under = try answer.changing("logits", at: 0) { $0 + 0.8 * bound * largest }
    #expect(try Recorded.result(id, dtype, [.tensors(over)]).verdict == .fail)
    #expect(try Recorded.result(id, dtype, [.tensors(under)]).verdict == .pass)
  }

  @Test func `OPS-1 numbers at pads are not compared, others are, and pads of integers are`() throws {
    let id = "model.forward.mha.c2-t1"
    let item = try Recorded.item(id)
    let answer = try Recorded.answer(item, "f32")
    let rows = try TextRows(item, input: try Recorded.corpus().input(of: item))
    let (text, width) = (2, rows.vocabulary.modelSize)
    let batch = rows.training(rows.texts)
    let pad = try #require(batch.texts[text].firstIndex { $0.place == .pad })
    let cell = (text * batch.rowCount + pad) * width
    #expect(
      try Recorded.result(id, "f32", [.tensors(try answer.changing("logits", at: cell) { _ in .nan })]).verdict == .pass
    )
    let last = try answer.changing("logits", at: cell - 1) { $0 + 100 }
    #expect(try Recorded.result(id, "f32", [.tensors(last)]).verdict == .fail)
    let layout = "structure.layout.c1-t1-batch"
    let wrong = try Recorded.answer(try Recorded.item(layout), "i64").changing("tokens", at: 47, to: 5)
    #expect(try Recorded.result(layout, "i64", [.tensors(wrong)]).verdict == .fail)
  }

  @Test func `TOL-1 a tensor whose expected numbers are all 0 is off by its own size`() {
    func ratio(_ got: Double) -> Double {
      Comparison.numbers(
        "x", [0, got], [0, 0], shape: [2], bound: .calibrated(.init(bound: 0.5, gates: true)), words: { _ in "" }
      ).result.ratio
    }
    #expect(ratio(0) == 0 && ratio(0.25) == 0.5 && ratio(-2) == 4)
  }

  @Test func `OPS-5 places in generation are text tokens, fed rows and cache entries`() throws {
    let id = "generation.generate.gqa.base"
    let answer = try Recorded.answer(try Recorded.item(id), "f64")
    func place(_ name: String, _ cell: Int) throws -> String? {
      try Recorded.result(id, "f64", [.tensors(try answer.changing(name, at: cell) { $0 + 1 })]).finding?.place
    }
    #expect(try place("logits", 4 * 16 + 3) == "text token 4, row 6 (reading, chunk 1, index 0), column 3")
    #expect(try place("appended.keys", 4 * 8 + 1) == "layer 0, fed row 4 (memory, chunk 0, index 0), column 1")
    #expect(try place("cache.values", 48) == "layer 1, cache entry 0, row 4 (memory, chunk 0, index 0), column 0")
    let wrong = try Recorded.result(id, "f64", [.tensors(try answer.changing("chosen", at: 2, to: 99))])
    #expect(wrong.finding?.place == "step 2" && wrong.finding?.got == "99")
  }
}
