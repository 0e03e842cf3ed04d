// bounds.json: what it may hold, and that it is the one a suite was published with.

import Foundation
import LoMAVectors
import Testing
@testable import LoMAJudgement

@testable import LoMAConformance

@Suite("Chapter 12: the file of bounds")
struct BoundsFileTests {
  private static let file = Result { () throws(FileError) in
    try Files.contents(of: Recorded.folder + "/bounds.json", byteLimit: 1 << 24)
  }

  /// Why the published bounds are refused after a change of their text; none where they are not.
  private func refusal(_ change: (String) -> String) throws -> String? {
    let text = String(decoding: try Self.file.get(), as: UTF8.self)
    let changed = change(text)
    #expect(changed != text)
    do {
      _ = try CalibratedBounds(parsing: Array(changed.utf8))
      return nil
    } catch { return error.description }
  }

  /// The same after the n-th occurrence of something has become something else.
  private func refusal(_ pattern: Regex<Substring>, _ n: Int = 0, _ new: (Substring) -> String) throws -> String? {
    try refusal { text in
      let match = text.matches(of: pattern)[n]
      return text.replacingCharacters(in: match.range, with: new(match.output))
    }
  }

  @Test func `TOL-12 bounds that are not what their own measurements make are refused`() throws {
    #expect(try CalibratedBounds(parsing: Self.file.get()).cases.count > 400)
    let bound = /"bound": "0x1[^"]*", "gates"/
    let loose = try refusal(bound) { _ in #""bound": "0x1p-30", "gates""# }
    #expect(loose?.contains("its measured errors make it") == true, "\(loose ?? "taken")")
    let silent = try refusal(/"gates": true/) { _ in #""gates": false"# }
    #expect(silent?.contains("gates is false, its measured errors make it true") == true, "\(silent ?? "taken")")
    let general = try refusal(/"bound": "0x1[^"]*"}/) { _ in #""bound": "0x1p-45"}"# }
    #expect(general?.contains("not twice the largest of its cases") == true, "\(general ?? "taken")")
    // Every bound at once, as a hand that wants everything to pass would write it.
    let all = try refusal { $0.replacing(bound) { _ in #""bound": "0x1p+996", "gates""# } }
    #expect(all != nil)
    for (good, bad) in [("errors", "error"), ("shaken", "shook"), ("measured", "found")] {
      #expect(try refusal { $0.replacing("\"\(good)\"", with: "\"\(bad)\"") } != nil, "\(good)")
    }
    #expect(try refusal(#/"errors": \["0x0p\+0", /#) { _ in #""errors": ["# } != nil, "an error less than variants")
  }

  @Test func `TOL-12 no bound is above its ceiling, whatever was measured`() throws {
    func made(_ error: Double, _ dtype: String) throws {
      var result = CaseResult(
        id: "model.forward.a", dtype: dtype, level: "model", op: "forward", profile: "base", hunts: "h", clauses: [],
        verdict: .pass, why: "", tensors: [], finding: nil)
      result.tensors = [TensorResult(name: "logits", rule: "calibrated", error: error, ratio: 0)]
      let both = ["a", "b"].map { Calibration.Implementation(name: $0, version: "1", results: [result]) }
      let digest = String(repeating: "a", count: 64)
      try Calibration(both, shaken: [], suite: "0.1", manifestDigest: digest).check()
    }
    for (dtype, most) in [("f64", 0x1p-42), ("f32", 1e-4), ("bf16", 0.2499), ("f16", 0.2499)] {
      try made(most, dtype)
      #expect(throws: CorpusError.self, "\(dtype)") { try made(most * 1.01, dtype) }
      #expect(throws: CorpusError.self, "\(dtype)") { try made(1e300, dtype) }
    }
  }

  @Test func `TOL-12 the published digests are those of the files, and stand in the page for ports`() throws {
    let manifest = SHA256.hexDigest(of: try Files.contents(of: Recorded.folder + "/manifest.json", byteLimit: 1 << 24))
    let bounds = SHA256.hexDigest(of: try Self.file.get())
    let suite = try Recorded.corpus().suite
    #expect(PublishedSuite.of(manifest: manifest) == PublishedSuite(suite: suite, manifest: manifest, bounds: bounds))
    let page = try String(contentsOfFile: Recorded.folder + "/../Docs/Vectors.md", encoding: .utf8)
    for suite in PublishedSuite.all {
      #expect(page.contains("| \(suite.suite) | `\(suite.manifest)` | `\(suite.bounds)` |"), "\(suite.suite)")
    }
    let read = try CalibratedBounds(of: Recorded.corpus())
    #expect(read.digest == bounds)
  }

  @Test func `TOL-12 a published suite without its bounds, or with others, is refused`() throws {
    let folder = try ReportFolder()
    try Files.create(
      folder.path + "/manifest.json", with: Files.contents(of: Recorded.folder + "/manifest.json", byteLimit: 1 << 24))
    func refusal(_ bounds: [UInt8]?) throws -> String? {
      if let bounds { try Files.replace(folder.path + "/bounds.json", with: bounds) }
      do {
        _ = try CalibratedBounds(of: CaseCorpus(folder: folder.path))
        return nil
      } catch { return "\(error)" }
    }
    #expect(try refusal(nil)?.hasPrefix("vectors damaged: bounds.json: missing; suite ") == true)
    let text = String(decoding: try Self.file.get(), as: UTF8.self)
    // Sound by themselves, and not those of the suite.
    let renamed = text.replacing("\"numpy-port\"", with: "\"numpy-part\"")
    #expect(try refusal(Array(renamed.utf8))?.contains("was published with") == true)
    #expect(try refusal(Self.file.get()) == nil)
  }

  @Test func `TOL-15 vectors of one's own without bounds have provisional ones, and that is said`() throws {
    var manifest = try Files.contents(of: Recorded.folder + "/manifest.json", byteLimit: 1 << 24)
    manifest.append(UInt8(ascii: " "))
    let bounds = try CalibratedBounds(of: CaseCorpus(folder: "/nowhere", manifest: manifest))
    #expect(bounds == .provisional && bounds.digest == nil && bounds.variants.isEmpty)
  }

  @Test func `TOL-12 an error above the bound that it passed under sets none`() throws {
    let item = try Recorded.item("model.forward.mha.c2-t1")
    func excess(_ error: Double, _ bounds: CalibratedBounds?) -> Double? {
      var result = CaseResult(item, dtype: "f32", verdict: .pass, why: "")
      result.tensors = [TensorResult(name: "logits", rule: "calibrated", error: error, ratio: 0.1)]
      let candidate = Calibration.Implementation(name: "a", version: "1", results: [result])
      return Calibration.excess(of: candidate, passedUnder: bounds, cases: [item])?.bound
    }
    let bounds = CalibratedBounds(
      suite: "1.1", manifestDigest: "", variants: [], general: [:],
      cases: [.init(id: item.id, dtype: "f32"): ["logits": .init(bound: 1e-5, gates: true)]])
    #expect(excess(1e-5, bounds) == nil && excess(1.1e-5, bounds) == 1e-5)
    #expect(excess(1.1e-5, .provisional) == nil && excess(1e300, .provisional) == Precision.f32.provisionalBound)
    #expect(excess(1e300, nil) == Precision.f32.provisionalBound && excess(.infinity, nil) != nil)
  }

  @Test func `RUN-8 a name on the scoreboard is no markup and has no control characters`() throws {
    var result = CaseResult(try Recorded.item("model.forward.mha.c2-t1"), dtype: "f32", verdict: .pass, why: "")
    result.tensors = [TensorResult(name: "logits", rule: "calibrated", error: 1e-6, ratio: 0.1)]
    let hostile = "<img src=x>|a\n[x](y)\u{1B}[31m"
    let both = ["a", hostile].map { Calibration.Implementation(name: $0, version: "1", results: [result]) }
    let made = Calibration(both, shaken: [], suite: "1.1", manifestDigest: String(repeating: "a", count: 64))
    let page = Scoreboard(made, calibrating: both, heldOut: []).text
    #expect(page.contains(#"| \<img src=x\>\|a\\n\[x\](y)\\u{1B}\[31m 1 |"#), "\(page)")
    #expect(!page.contains("\u{1B}") && !page.contains("[x](") && !page.contains(" <img"))
  }

  @Test func `the words of the scoreboard are the template's`() throws {
    func words(_ page: String) -> [Substring] {
      page.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("|") }
    }
    let made = Calibration([], shaken: [], suite: "1.1", manifestDigest: String(repeating: "a", count: 64))
    let page = URL(fileURLWithPath: Recorded.folder).appendingPathComponent("../Docs/Scoreboard.md").standardized
    let published = try String(contentsOf: page, encoding: .utf8)
    #expect(words(published) == words(Scoreboard(made, calibrating: [], heldOut: []).text))
  }
}
