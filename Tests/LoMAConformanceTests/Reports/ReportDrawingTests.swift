// report.json, junit.xml, report.html and badge.json of one run.

import Foundation
import LoMAVectors
import Testing
@testable import LoMAJudgement

@testable import LoMAConformance

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite("Chapter 14: reports") struct ReportDrawingTests {
  private let run = SampleRun.run(units: 90)
  private let page = HTMLReport(texts: { _ in nil })

  private func reports(_ run: RunRecord) -> [String] {
    [run.lines, JSONReport().draw(run), JUnitReport().draw(run), page.draw(run), Badge().draw(run)]
  }

  @Test func `RUN-23 the same run gives the same bytes, times aside`() {
    var later = run
    later.header.started = "2027-01-01T00:00:00Z"
    later.footer.finished = "2027-01-01T00:01:00Z"
    later.footer.seconds = 60
    for place in later.results.indices { later.results[place].seconds *= 3 }
    #expect(reports(run) == reports(run))
    #expect(reports(run) != reports(later))
    #expect(reports(run.withoutTimes) == reports(later.withoutTimes))
  }

  @Test func `RUN-23 report.json counts what its units are`() throws {
    let text = JSONReport().draw(run)
    let object = try #require(StrictJSON.parse(Array(text.utf8), sizeLimit: 1 << 24, depthLimit: 16).objectValue)
    #expect(
      object.members.map { $0.key } == [
        "loma_report", "summary", "account", "claims", "candidate", "environment", "times", "units",
      ])
    let units = try #require(object["units"]?.arrayValue)
    #expect(units == run.results.map { $0.json })
    let summary = try #require(object["summary"]?.objectValue)
    #expect(summary["units"] == .integer(90))
    let verdicts = try #require(summary["verdicts"]?.objectValue)
    #expect(verdicts.members.map { $0.key } == Verdict.allCases.map { $0.rawValue })
    #expect(verdicts.members.allSatisfy { $0.value == .integer(6) })
    let claims = try #require(object["claims"]?.arrayValue).compactMap { $0.objectValue }
    #expect(claims.compactMap { $0["units"]?.integerValue }.reduce(0, +) == 90)
    let statuses = try #require(summary["claims"]?.objectValue)
    for status in Claims.Status.allCases {
      #expect(statuses[status.rawValue] == .integer(claims.count { $0["status"] == .string(status.rawValue) }))
    }
    #expect(summary["diagnosis"] == .array(SampleRun.diagnosis.map { .string($0) }))
    #expect(object["environment"]?.objectValue?["manifest_sha256"] == .string(SampleRun.digest))
  }

  @Test func `RUN-24 junit.xml is well-formed, and its counts are those of its tests`() throws {
    let text = JUnitReport().draw(run)
    let counter = ElementCounter()
    let parser = XMLParser(data: Data(text.utf8))
    parser.delegate = counter
    #expect(parser.parse(), "\(String(describing: parser.parserError))")
    #expect(counter.count["testcase"] == 90)
    #expect(counter.count["testsuite"] == 7)
    for (element, attribute) in [
      ("testcase", "tests"), ("failure", "failures"), ("error", "errors"), ("skipped", "skipped"),
    ] {
      #expect(counter.count[element] == counter.sum[attribute], "\(element)")
    }
    #expect(counter.count["skipped"] == 18 && counter.count["failure"] == 24 && counter.count["error"] == 42)
    #expect(text.contains("<failure type=\"fail\" message=\"place 1: &lt;/td&gt;&lt;script&gt;"))
    #expect(text.contains("timestamp=\"2026-11-21T04:00:00\""))
    // What is said of the whole run, once.
    let said = try #require(counter.text["system-out"])
    let first =
      "54 failures in 36 cases, 6 known failures, 6 units suspect, 6 units not asked, most likely 2 causes\n"
    #expect(said.hasPrefix(first))
    #expect(said.contains("\nmost likely: M17: </td><script>") && said.contains("\nand most likely: M18\n"))
    #expect(said.contains("\nagain: loma conform --only model.forward.case-") && said.contains("-- ./port --fast"))
    #expect(said.hasSuffix(run.lastLine))
    #expect(text.matches(of: /<system-out>/).count == 1)
  }

  @Test func `RUN-26 the badge names suite, claims met and the manifest`() throws {
    func badge(_ verdicts: [Verdict]) -> (message: String?, colour: String?) {
      var copy = SampleRun.run(units: verdicts.count)
      for (place, verdict) in verdicts.enumerated() { copy.results[place].verdict = verdict }
      let value = try? StrictJSON.parse(Array(Badge().draw(copy).utf8), sizeLimit: 4096, depthLimit: 2)
      #expect(value?.objectValue?["schemaVersion"] == .integer(1))
      #expect(value?.objectValue?["label"] == .string("LoMA 0.1"))
      return (value?.objectValue?["message"]?.stringValue, value?.objectValue?["color"]?.stringValue)
    }
    // Two units of one case: two element types, two claims.
    #expect(badge([.pass, .pass]) == ("2 of 2 claims met · 0123456789ab · provisional bounds", "brightgreen"))
    #expect(badge([.pass, .unsupported]) == ("1 of 2 claims met · 0123456789ab · provisional bounds", "yellow"))
    #expect(badge([.pass, .fail]) == ("1 of 2 claims met · 0123456789ab · provisional bounds", "red"))
    #expect(badge([.pass, .knownFailure]) == ("1 of 2 claims met · 0123456789ab · provisional bounds", "red"))
    #expect(badge([.pass, .notRun]) == ("1 of 2 claims met · 0123456789ab · provisional bounds", "lightgrey"))
    #expect(
      badge([.unsupported, .unsupported]) == ("0 of 2 claims met · 0123456789ab · provisional bounds", "lightgrey"))
  }

  @Test func `RUN-20 a divergence keeps the worst of each block`() throws {
    let ratios = (0..<200 * 130).map { $0 == 150 * 130 + 129 ? 7.0 : 0.25 }
    let grid = try #require(Divergence(tensor: "x", shape: [2, 100, 130], ratios: ratios))
    #expect(grid.rows == 200 && grid.columns == 130 && grid.cells.count == 64 && grid.cells[0].count == 64)
    let hot = grid.cells.indices.filter { grid.cells[$0].contains { $0 > 1 } }
    #expect(hot == [48] && grid.cells[48][63] == 7)
    #expect(grid.rows(ofCell: 48).contains(150) && grid.columns(ofCell: 63).contains(129))
    let covered = grid.cells.indices.flatMap { Array(grid.rows(ofCell: $0)) }
    #expect(covered == Array(0..<200))
    let slight = Divergence(tensor: "x", shape: [], ratios: [1.0001])
    #expect(slight?.cells == [[1.01]], "wrong stays wrong")
    #expect(Divergence(tensor: "x", shape: [0, 4], ratios: []) == nil)
    #expect(Divergence(tensor: "x", shape: [2], ratios: [1]) == nil)
    #expect(slight?.wrong == nil, "of numbers the grid says enough")
    let exact = Divergence(tensor: "x", shape: [2, 3], isWrong: [true, false, true, true, true, false])
    #expect(
      exact?.wrong == [0..<1, 2..<5] && exact?.cells == [[.infinity, 0, .infinity], [.infinity, .infinity, 0]])
    let striped = (0..<4 * Divergence.runLimit).map { $0 % 2 == 0 }
    #expect(Divergence(tensor: "x", shape: [striped.count], isWrong: striped)?.wrong == nil, "too many runs")
  }

  @Test func `ratios and seconds are short`() {
    let ratios: [Double] = [0, 1, 0.5, 9.996, 412.5, 1e-9, 0.99949, .infinity, .nan, .greatestFiniteMagnitude]
    #expect(
      ratios.map { short($0) } == [
        "0", "1.00", "5.00e-1", "1.00e1", "4.13e2", "1.00e-9", "9.99e-1", "infinite", "infinite", "1.80e308",
      ])
    #expect(
      [0, 0.0004, 0.0006, 12.5, 1e300].map { decimal($0) } == [
        "0.000", "0.000", "0.001", "12.500", "1000000000000.000",
      ])
  }
}

/// Counts elements and adds up the counts that suites claim.
private final class ElementCounter: NSObject, XMLParserDelegate {
  var count: [String: Int] = [:]
  /// What stands in all elements of a name together.
  var text: [String: String] = [:]
  private var inside = ""
  var sum: [String: Int] = [:]

  func parser(
    _ parser: XMLParser, didStartElement element: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    count[element, default: 0] += 1
    inside = element
    for (name, value) in attributes { sum[name, default: 0] += Int(value) ?? 0 }
  }

  func parser(_ parser: XMLParser, foundCharacters characters: String) { text[inside, default: ""] += characters }

  func parser(
    _ parser: XMLParser, didEndElement element: String, namespaceURI: String?, qualifiedName: String?
  ) {
    inside = ""
  }
}
