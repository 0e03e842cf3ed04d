// Sizes: what is too long is said in one line, and counts are answered at any length.

import LoMA
import LoMAExplanation
import Testing
@testable import LoMAConformance

@testable import LoMACommand

@Suite struct `Explain limits` {
  @Test func `COST-2 8192 rows and the longest text answer at once with the cost`() throws {
    let clock = ContinuousClock()
    for length in [3642, Parameters.limit] {
      for format in ["text", "html", "json"] {
        for (c, t) in [(4, 2), (1, 1), (1, Parameters.limit)] {
          var outcome = Outcome()
          let time = clock.measure {
            outcome = loma(
              "explain --c \(c) --t \(t) --text \(length) --format \(format) --profile repetition_context=past_memories "
                + "--show parameters,rows,mask,schedule,reconstruction,cost")
          }
          #expect(outcome.exitCode == .fine)
          #expect(time < .seconds(5))
          #expect(outcome.output.utf8.count < 40_000_000)
        }
      }
    }
  }

  @Test func `LAY-4 a section beyond its limit says which one`() {
    let output = loma("explain --c 4 --t 2 --text 3642").output
    #expect(
      output.contains("mask: 8192 rows\n  not shown: the limit here is 160 rows, in svg and html 400; parameters"))
    #expect(output.contains("rows: 8192 rows\n  not shown: the limit here is 1024 rows; parameters, cost"))
    #expect(output.contains("  4552 events, not listed: the limit here is 1024 events\n"))
    #expect(output.contains("of full attention\n"))
    #expect(output.split(separator: "\n").count < 40)
  }

  @Test func `LAY-4 limits are reached exactly`() {
    func rows(_ length: Int, _ format: String) -> Outcome {
      loma("explain --c \(length + 1) --t 1 --text \(length) --show mask --format \(format)")
    }
    #expect(!rows(160, "text").output.contains("not shown"))
    #expect(rows(161, "text").output.contains("not shown"))
    #expect(!rows(400, "html").output.contains("not shown"))
    #expect(rows(401, "html").output.contains("not shown"))
    #expect(rows(400, "svg").exitCode == .fine)
    #expect(rows(401, "svg").complaint?.contains("401 rows, pictures end at 400") == true)
    #expect(rows(401, "svg").exitCode == .rejected)
    #expect(!rows(1024, "json").output.contains("not_shown"))
    #expect(rows(1025, "json").output.contains("\"not_shown\": 1025, \"limit\": 1024"))
  }

  @Test func `COST-2 every chunk's reconstruction, or the ends of a long list`() {
    func lines(_ length: Int) -> [String] {
      let profile = "repetition_context=past_memories"
      return loma("explain --c 1 --t 1 --show cost --profile \(profile) --text \(length)").output.split(separator: "\n")
        .map { $0.split(separator: " ").joined(separator: " ") }
    }
    #expect(
      lines(9)[11...13] == [
        "reconstructing chunk 7 9", "reconstructing chunk 8 10", "full attention 45 n(n+1)/2 with n = 9",
      ])
    #expect(lines(11)[11...13] == ["reconstructing chunk 7 9", "chunks 8-9 …", "reconstructing chunk 10 12"])
  }
}
