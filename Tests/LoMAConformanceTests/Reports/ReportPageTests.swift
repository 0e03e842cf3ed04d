// report.html and the account that every report gives: why units are wrong, what to do, which belong together.

import Foundation
import LoMA
import LoMAExplanation
import LoMAVectors
import Testing
@testable import LoMAJudgement

@testable import LoMAConformance

@Suite("Chapter 14: the page") struct ReportPageTests {
  private let run = SampleRun.run(units: 84)
  private let page = HTMLReport(texts: { _ in nil })

  /// What the page holds for its script.
  private func data(_ page: String) throws -> JSONObject {
    let match = try #require(page.firstMatch(of: /<script type="application\/json" id="data">(.*?)<\/script>/))
    return try #require(StrictJSON.parse(Array(match.1.utf8), sizeLimit: 1 << 24, depthLimit: 16).objectValue)
  }

  @Test func `RUN-25 report.html loads nothing, and takes no word of a candidate for its own`() throws {
    var hostile = run
    hostile.header.candidate.name = SampleRun.hostile + "\"\u{301} onfocus=x"
    hostile.header.candidate.command = [SampleRun.hostile]
    let text = page.draw(hostile)
    #expect(!text.contains("<script>alert") && text.matches(of: /<script/).count == 2)
    #expect(text.firstMatch(of: /(?:src|href)=/) == nil)
    #expect(!text.contains("https://") && !text.contains("@import") && !text.contains("url("))
    #expect(text.contains("default-src 'none'") && !text.contains("unsafe-inline"))
    for tag in ["style", "script"] {
      let match = try #require(
        text.firstMatch(of: try Regex("<\(tag)>((?s).*?)</\(tag)>", as: (Substring, Substring).self)))
      var digest = SHA256()
      digest.update(Array(match.1.utf8))
      #expect(text.contains("\(tag)-src 'sha256-\(Data(digest.digest()).base64EncodedString())'"))
    }
    // What would steer a terminal that shows the file, or turn the direction of writing around.
    let steering = text.unicodeScalars.filter { $0.value < 0x20 && $0 != "\n" && $0 != "\t" || 0x7F...0x9F ~= $0.value }
    #expect(steering.isEmpty)
    #expect("a\u{1B}[31m\u{0}\u{202E}\u{9B}b\nc".printable == "a\u{FFFD}[31m\u{FFFD}\u{FFFD}\u{FFFD}b\nc")
    #expect(Markup(text: "\"\u{301}").source == "&quot;\u{301}", "a quotation mark with an accent ends an attribute")
    let ids = text.matches(of: /\sid="([^"]+)"/).map { String($0.1) }
    #expect(Set(ids).count == ids.count)
  }

  @Test func `RUN-25 the page holds every unit, every finding and every word once`() throws {
    let data = try data(page.draw(run))
    let words = try #require(data["words"]?.arrayValue).compactMap { $0.stringValue }
    #expect(Set(words).count == words.count)
    for result in run.results { #expect(words.contains(result.id)) }
    for text in ["row 7: memory 1, chunk 0", "0.5 (0x1p-1)", "first wrong at hidden.1"] {
      #expect(words.contains(text))
    }
    #expect(words.contains { $0.hasPrefix("matches M17: </td><script>") })
    #expect(data["units"]?.arrayValue?.count == run.results.count)
    #expect(data["failures"]?.arrayValue?.count == run.results.count { $0.verdict.isWrong })
    let drawing = try #require(
      data["failures"]?.arrayValue?.compactMap { $0.objectValue?["drawing"]?.objectValue }.first)
    #expect(drawing["size"] == .array([.integer(11), .integer(16)]))
    #expect(drawing["cells"]?.stringValue?.hasPrefix("b112") == true, "seven right rows")
    #expect(drawing["worst"]?.arrayValue?.first == .array([.integer(7), .string("infinite")]))
  }

  @Test func `RUN-25 a wrong mask is drawn as a mask, text by text, its rows by zone, chunk and index`() throws {
    let parameters = try Parameters(c: 1, t: 2)
    let vocabulary = try Vocabulary(textSize: 8)
    let batch = Batch(
      try [[1, 2], [1, 2, 3]].map {
        try Layout.training(text: $0, vocabulary: vocabulary, parameters: parameters, profile: .base)
      })
    let side = batch.rowCount
    let layout = CaseLayout(caption: "two texts", parameters: parameters, batch: batch, profile: .base)
    var result = SampleRun.unit(1)
    // In text 1 the second row of reading is hidden from itself, and sees the first row of memory.
    let wrong = (0..<2 * side * side).map { $0 == side * side + side + 1 || $0 == side * side + side + 2 }
    result.divergence = Divergence(tensor: "mask", shape: [2, side, side], isWrong: wrong)
    var words = WordList()
    let drawing = try #require(Drawing(result, texts: layout)?.json(&words).objectValue)
    let panels = try #require(drawing["masks"]?.arrayValue).compactMap { $0.objectValue }
    #expect(panels.count == 1 && panels[0]["text"] == .integer(1) && drawing["more"] == .integer(0))
    let labels = try #require(panels[0]["rows"]?.integerValue.map { words.words[$0] })
    #expect(labels.hasPrefix("x0.0\nx0.1\nm0.0\n") && labels.contains("\nr0.0"))
    // Row x0.0 sees itself alone; row x0.1 sees x0.0, wrongly not itself, and wrongly m0.0.
    #expect(panels[0]["cells"]?.stringValue?.hasPrefix("ba\(side - 1)bdca") == true)
    result.divergence = Divergence(
      tensor: "mask", rows: 2 * side, columns: side, cells: [[.infinity]], wrong: nil)
    #expect(Drawing(result, texts: layout)?.json(&words).objectValue?["masks"] == nil, "without wrong cells a map")
  }

  @Test func `RUN-25 the first line says the cause if one is known, and what to do`() throws {
    func account(_ verdicts: [Verdict], _ diagnosis: [String]) -> FailureAccount {
      var copy = SampleRun.run(units: verdicts.count)
      for (place, verdict) in verdicts.enumerated() { copy.results[place].verdict = verdict }
      copy.footer.diagnosis = diagnosis
      return FailureAccount(copy)
    }
    let cause = "M054: I hid; it explains 2 of 2 wrong answers"
    let follows = "every wrong answer that was looked into follows the profile a=b: declare it, or mend it"
    let one = account([.fail, .fail, .pass], ["most likely: " + cause, follows])
    #expect(one.headline == "2 failures in 1 case, most likely one cause: " + cause)
    #expect(one.advice == [follows] && one.causes == [] && one.unit == 1)
    let none = account([.fail, .crash, .notRun], [])
    #expect(none.headline == "2 failures in 1 case, 1 unit not asked")
    #expect(none.advice == ["all that is wrong is of level structure"] && none.groups.map(\.units) == [[0], [1]])
    let right = account([.pass, .pass], [])
    #expect(right.headline == "nothing is wrong: all 2 units passed" && right.unit == nil && right.groups == [])
    #expect(account([.pass, .unsupported], []).headline.hasPrefix("nothing is wrong: 1 unit passed, 1 unsupported"))
    #expect(account([.knownFailure], []).headline == "1 known failure")
  }

  @Test func `RUN-25 the account groups every wrong unit once, the lowest level first`() {
    let account = FailureAccount(run)
    let wrong = run.results.indices.filter { run.results[$0].verdict.isWrong }
    #expect(account.groups.flatMap(\.units).sorted() == wrong)
    let ranks = account.groups.map { Level.allCases.map(\.rawValue).firstIndex(of: $0.level) ?? 9 }
    #expect(ranks == ranks.sorted())
    #expect(account.unit.map { run.results[$0].level } == "structure")
    for group in account.groups {
      #expect(Set(group.cases).count == group.cases.count)
      #expect(group.units.allSatisfy { run.results[$0].verdict == group.verdict && run.results[$0].op == group.op })
    }
  }

  @Test func `RUN-25 no command asks for integers by their type`() {
    let replay = Replay(source: ["--vectors", "a b"], keep: nil, command: [])
    #expect(replay.line("structure.a", "i64") == "loma conform --vectors 'a b' --only structure.a")
    #expect(replay.line("model.a", "f32") == "loma conform --vectors 'a b' --only model.a --dtype f32")
    var run = SampleRun.run(units: 40)
    run.results = run.results.indices.map { SampleRun.unit($0, dtype: "i64") }
    let page = HTMLReport(texts: { _ in nil }).draw(run)
    for text in [JSONReport().draw(run), JUnitReport().draw(run), page] {
      #expect(text.contains("loma conform --only") && !text.contains("--dtype i64"))
    }
  }

  @Test func `RUN-25 a case is asked again by words that a shell takes as they are`() {
    var header = run.header
    header.candidate.command = ["./my port", "it's"]
    #expect(
      header.replay(run.results[0])
        == #"loma conform --only model.forward.case-0 --dtype f64 --keep DIR -- './my port' 'it'\''s'"#)
    header.filters = JSONObject([.init("fresh", .string("7")), .init("cases", .string("20"))])
    #expect(header.replay.start("a") == "loma conform --fresh 7 --cases 20 --only a")
  }

  @Test func `RUN-25 a run without faults says so`() throws {
    var right = run
    for place in right.results.indices {
      right.results[place].verdict = .pass
      right.results[place].finding = nil
    }
    right.footer.diagnosis = []
    let text = page.draw(right)
    #expect(text.contains("<h1>nothing is wrong: all 84 units passed</h1>") && !text.contains("id=\"groups\""))
    #expect(text.contains(">met<small>"))
  }
}
