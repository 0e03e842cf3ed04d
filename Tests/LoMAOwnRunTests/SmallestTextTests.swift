// OWN-9: a mistake that has a name is looked for in smaller texts.

import Foundation
import LoMA
import LoMAJudgement
import LoMAProcess
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAOwnModel
@testable import LoMAOwnRun

@Suite("OWN: smallest texts")
struct SmallestTextTests {
  /// What is found for a port that makes one mistake, whose name must be the first.
  private func smallest(_ bench: RunBench, _ port: WrongPort, _ search: OwnSearch?) throws -> OwnSmallest {
    let run = try bench.run(try bench.units(port)).shrunk(search)
    #expect(run.smallest.count == 1)
    let smallest = try #require(run.smallest.first)
    #expect(smallest.alternative == port.alternative, "\(smallest.line)")
    return smallest
  }

  @Test func `OWN-9 a mistake is shown in the smallest text, with its row in words`() throws {
    let bench = try RunBench("text-c4", [.f32])
    // Memories of one token are the same under both readings; two need t = 2, and no more than one token for each.
    let port = WrongPort(bench.plan, try bench.alternative("memory_attention=causal"))
    let found = try smallest(bench, port, bench.search(port))
    let shown = try #require(found.shown)
    #expect(shown.isSmaller && shown.text.tokens.count == 5)
    #expect(try shown.text.parameters == Parameters(c: 1, t: 2))
    #expect(shown.text.tokens == Array(bench.plan.texts[0].tokens.prefix(5)))
    #expect((0.9...1.1).contains(shown.beta))
    #expect(shown.first?.tensor == "layers.0.attention.context")
    #expect(shown.first?.words.contains("(memory, chunk ") == true, "\(found.line)")
    #expect(
      found.line.hasPrefix(
        "f32: memory_attention=causal: the smallest text that shows it has 5 tokens under c = 1, t = 2, 2 chunks, 13 rows; "
      ), "\(found.line)")
    // A port that makes this mistake computes the right pass of every text with t = 1: it was not asked about them.
    #expect(port.asked.dropFirst().allSatisfy { $0[1] == 2 }, "\(port.asked)")
  }

  /// The mistake, and what any text that shows it must have at least, by reasoning about rows. With LOMA_EVERY_PAIR set
  /// two more of the commonest size.
  private static let least =
    [("M223", [2, 1, 19]), ("M012", [2, 1, 5]), ("OM06", [4, 1, 9])]
    + (ProcessInfo.processInfo.environment["LOMA_EVERY_PAIR"] == nil
      ? [] : [("OM07", [2, 1, 5]), ("repetition_attention=self_only", [2, 1, 5])])

  @Test(arguments: least)
  func `OWN-9 the least size of a mistake is found`(_ id: String, _ size: [Int]) throws {
    let bench = try RunBench("text-c4", [.f32])
    let port = WrongPort(bench.plan, try bench.alternative(id))
    let found = try smallest(bench, port, bench.search(port))
    let shown = try #require(found.shown)
    let (parameters, count) = (shown.text.parameters, shown.text.tokens.count)
    #expect([parameters.c, parameters.t, count] == size, "\(found.line)")
  }

  @Test func `OWN-9 a mistake that no smaller text shows stays with the larger`() throws {
    let bench = try RunBench("text-c4", [.bf16])
    // Positions beyond 63 need a text of 65 tokens and more, which no smaller text that is looked into has.
    let port = WrongPort(bench.plan, try bench.alternative("OM03"))
    let found = try smallest(bench, port, bench.search(port))
    let shown = try #require(found.shown)
    #expect(!shown.isSmaller && shown.text == bench.plan.texts[0])
    guard case .complete(let texts) = found.end else {
      Issue.record("\(found.end)")
      return
    }
    #expect(texts > 3)
    #expect(
      found.line.contains("83 tokens under c = 4, t = 2, 10 chunks, 183 rows; no smaller one shows it, of \(texts)"))
  }

  @Test func `OWN-9 a port that cannot be asked is not, and one that ends ends the search`() throws {
    let bench = try RunBench("text-c4", [.f32], .axes)
    let port = WrongPort(bench.plan, try bench.alternative("memory_attention=causal"))
    let units = try bench.units(port)
    let offline = try bench.run(units).shrunk(nil)
    #expect(offline.smallest.map(\.end) == [.cannotAsk])
    #expect(offline.smallest.first?.line.contains("no smaller one can be asked") == true)
    let ended = OwnSearch(bench.computation, capturing: true, known: [:], ask: { _ in nil }, store: { _ in })
    let stopped = try #require(try bench.run(units).shrunk(ended).smallest.first)
    #expect(
      stopped.end == .stopped(why: "the candidate ended, or had to be, at one") && stopped.shown?.isSmaller == false)
    // A port that refuses every other text is asked about all of them, and the larger text stays.
    var refused = 0
    let refusing = OwnSearch(
      bench.computation, capturing: true, known: [:],
      ask: { prepared in
        refused += 1
        return try prepared.judged(.rejection(code: "ratio-below-one"))
      }, store: { _ in })
    let whole = try #require(try bench.run(units).shrunk(refusing).smallest.first)
    #expect(whole.shown?.isSmaller == false && refused > 1, "\(whole.line)")
    let interrupted = OwnSearch(
      bench.computation, capturing: true, known: [:], ask: { _ in throw OwnError.interrupted }, store: { _ in })
    #expect(throws: OwnError.interrupted) { try bench.run(units).shrunk(interrupted) }
    // A right port has no name, and nothing is looked for.
    let right = WrongPort(bench.plan, nil)
    #expect(try bench.run(try bench.units(right)).shrunk(bench.search(right)).smallest.isEmpty)
  }

  @Test func `RUN-13 a resumed search asks nothing that was answered, and finds the same`() throws {
    let bench = try RunBench("text-c4", [.f32], .axes)
    let port = WrongPort(bench.plan, try bench.alternative("memory_attention=causal"))
    let units = try bench.units(port)
    var stored: [JudgedOwnUnit] = []
    let whole = try bench.run(units).shrunk(bench.search(port) { stored.append($0) })
    #expect(stored.count > 1 && stored.allSatisfy { $0.result.id.hasPrefix("own.forward.smaller.text0.") })
    let known = Dictionary(
      uniqueKeysWithValues: stored.map {
        (FindingsFile.key($0.result.id, $0.result.dtype), $0.findings ?? OwnFindings())
      })
    let silent = OwnSearch(
      bench.computation, capturing: true, known: known,
      ask: { prepared in
        Issue.record("asked again: \(prepared.unit.place.id)")
        return nil
      }, store: { Issue.record("stored again: \($0.result.id)") })
    let resumed = try bench.run(units).shrunk(silent)
    // What an interrupted run leaves on disk, the resumed one begins with.
    let folder = try Scratch(keep: nil)
    defer { _ = folder.removeAll() }
    _ = try GrowingFindings(folder: folder.path, kept: OwnEarlier(units: units, smaller: known))
    let kept = try FindingsFile.findings(in: folder.path + "/" + FindingsFile.name)
    #expect(kept.filter { $0.key.hasPrefix("own.forward.smaller.") } == known)
    #expect(kept.count == known.count + units.count)
    #expect(resumed.smallest.map(\.line) == whole.smallest.map(\.line))
    #expect(resumed.smallest.map(\.shown) == whole.smallest.map(\.shown))
  }
}
