// Bounds that are measured: how they are made, stored and used.

import LoMAVectors
import Testing
@testable import LoMAJudgement

@testable import LoMAConformance

@Suite("Chapter 12: calibrated bounds")
struct BoundsTests {
  private static let digest = String(repeating: "a", count: 64)

  private func candidate(_ name: String, _ errors: [String: Double], dtype: String = "f32", level: String = "model")
    -> Calibration.Implementation
  {
    var result = CaseResult(
      id: "model.forward.a", dtype: dtype, level: level, op: "forward", profile: "base", hunts: "h", clauses: [],
      verdict: .pass, why: "", tensors: [], finding: nil)
    result.tensors =
      errors.sorted { $0.key < $1.key }.map {
        TensorResult(name: $0.key, rule: "calibrated", error: $0.value, ratio: 0)
      } + [TensorResult(name: "events", rule: "exact", error: nil, ratio: 0)]
    return Calibration.Implementation(name: name, version: "1", results: [result])
  }

  private func made(_ candidates: [Calibration.Implementation], shaken: [CaseResult] = []) -> Calibration {
    Calibration(candidates, shaken: shaken, suite: "0.1", manifestDigest: Self.digest)
  }

  @Test func `TOL-12 a bound is four times the worst error, and never below the floor`() throws {
    let bounds = made([
      candidate("a", ["logits": 1e-5, "hidden.0": 0]), candidate("b", ["logits": 2e-5, "hidden.0": 0]),
    ])
    .bounds
    let allowed = try #require(bounds.cases.first?.value)
    #expect(allowed["logits"]?.bound == 8e-5 && allowed["events"] == nil)
    #expect(allowed["hidden.0"]?.bound == 20 * 0x1p-24 && Precision.f32.floor == 20 * 0x1p-24)
    #expect(Precision.bf16.floor == 4 * 0x1p-8 + 16 * 0x1p-24)
  }

  @Test func `TOL-12 a bound is at least twice what the shaken reference errs, where its choices are the same`() {
    func bound(_ candidates: [Calibration.Implementation], shaken: [CaseResult]) -> Double? {
      made(candidates, shaken: shaken).bounds.cases.first?.value["logits"]?.bound
    }
    let measured = [candidate("a", ["logits": 1e-5]), candidate("b", ["logits": 1e-5])]
    let (small, large) = (candidate("s", ["logits": 1.5e-5]).results, candidate("s", ["logits": 3e-5]).results)
    #expect(bound(measured, shaken: small) == 4e-5 && bound(measured, shaken: small + large) == 6e-5)
    var other = large
    other[0].tensors[1] = TensorResult(name: "events", rule: "exact", error: nil, ratio: .infinity)
    #expect(bound(measured, shaken: other) == 4e-5)
    #expect(made([], shaken: large).bounds.cases.isEmpty, "alone it sets no bound")
    // It counts among the others when one implementation is measured by them.
    let apart = made([candidate("a", ["logits": 1e-5]), candidate("b", ["logits": 2.1e-5])], shaken: large)
    #expect(
      apart.headroom.map(\.share).max() == 2.1e-5 / 6e-5 && apart.bounds.cases.first?.value["logits"]?.gates == true)
  }

  @Test func `TOL-11 a decoder layer is within its derived bound and within the measured one`() throws {
    let item = try Recorded.item("stage.decoder_layer.gqa")
    // A thousandth of the largest number is far within the derived bound of bf16.
    let right = try Recorded.answer(item, "bf16")
    let largest = try right.first?.doubles().reduce(0) { max($0, $1.magnitude) } ?? 0
    let wrong = try right.changing("y", at: 5) { $0 + largest / 8 }
    func verdict(_ answer: [NamedArray], bound: Double, gates: Bool = true) throws -> Verdict {
      let bounds = CalibratedBounds(
        suite: "1.1", manifestDigest: Self.digest, variants: [], general: [:],
        cases: [.init(id: item.id, dtype: "bf16"): ["y": .init(bound: bound, gates: gates)]])
      return try Recorded.corpus().judge(item, dtype: "bf16", replies: [.tensors(answer)], bounds: bounds).verdict
    }
    #expect(
      try Recorded.corpus().judge(item, dtype: "bf16", replies: [.tensors(wrong)], bounds: .provisional).verdict
        == .pass)
    #expect(try verdict(wrong, bound: 0x1p-4) == .fail && verdict(wrong, bound: 0x1p-4, gates: false) == .pass)
    #expect(try verdict(wrong, bound: 0x1p-2) == .pass && verdict(right, bound: 0x1p-4) == .pass)
    // Another stage has its derived bound alone.
    let norm = try Recorded.item("stage.rms_norm.plain")
    #expect(CalibratedBounds.provisional.measured("y", of: norm, dtype: "bf16") == nil)
    // Candidates' errors in it are measured, beside those of calibrated tensors.
    var result = CaseResult(item, dtype: "bf16", verdict: .pass, why: "")
    result.tensors = [TensorResult(name: "y", rule: "derived", error: 0.01, ratio: 0.1)]
    let both = ["a", "b"].map { Calibration.Implementation(name: $0, version: "1", results: [result]) }
    #expect(made(both).bounds.cases[.init(id: item.id, dtype: "bf16")]?["y"] == .init(bound: 0.04, gates: true))
  }

  @Test func `TOL-14 what only reports is wrong all the same where it is off by its largest number`() throws {
    let item = try Recorded.item("model.forward.mqa-tied.embeddings")
    let right = try Recorded.answer(item, "f32")
    let bounds = CalibratedBounds(
      suite: "1.1", manifestDigest: Self.digest, variants: [], general: [:],
      cases: [.init(id: item.id, dtype: "f32"): ["logits": .init(bound: 1e-9, gates: false)]])
    func verdict(_ change: (Double) -> Double) throws -> Verdict {
      let answer = try right.changing("logits", at: 0, change)
      return try Recorded.corpus().judge(item, dtype: "f32", replies: [.tensors(answer)], bounds: bounds).verdict
    }
    let largest = try right.first?.doubles().reduce(0) { max($0, $1.magnitude) } ?? 0
    #expect(try verdict { $0 + largest / 2 } == .pass)
    #expect(try verdict { $0 + 2 * largest } == .fail && verdict { _ in 1e38 } == .fail)
  }

  @Test func `TOL-13 a case that was not measured has twice the largest bound of its group`() throws {
    let bounds = made([candidate("a", ["hidden.0": 1e-5, "hidden.1": 3e-5, "layers.0.attention.query": 1e-4])]).bounds
    let other = try Recorded.item("model.forward.gqa.captures-hidden")
    #expect(bounds.allowed("hidden.2", of: other, dtype: "f32") == .init(bound: 2.4e-4, gates: true))
    #expect(bounds.generalBound(of: "layers.7.attention.query", op: "forward", dtype: "f32") == 8e-4)
    #expect(bounds.generalBound(of: "hidden.2", op: "forward", dtype: "f64") == Precision.f64.provisionalBound)
    #expect(bounds.generalBound(of: "hidden.2", op: "loss", dtype: "f32") == Precision.f32.provisionalBound)
    #expect(CalibratedBounds.group(of: "gradients.model.layers.1.norm.weight") == "gradients.*")
    #expect(CalibratedBounds.group(of: "appended.keys") == "appended.keys")
  }

  @Test func `TOL-16 fresh cases have the bounds of their groups, also where another of their name was measured`()
    throws
  {
    let bounds = made([candidate("a", ["logits": 1e-5]), candidate("b", ["logits": 1e-5])]).bounds
    let corpus = try ShellCandidate.corpus.get()
    let fresh = bounds.ofFreshCases(of: corpus)
    let item = try Recorded.item("model.forward.gqa.captures-hidden")
    #expect(fresh.allowed("logits", of: item, dtype: "f32") == .init(bound: 8e-5, gates: true))
    #expect(fresh.cases.isEmpty && fresh.manifestDigest == corpus.manifestDigest)
    #expect(try CalibratedBounds(parsing: Array(fresh.text.utf8)).general == bounds.general)
  }

  @Test func `TOL-14 a bound gates where each stays under half of what the others set`() throws {
    let close = made([candidate("a", ["logits": 1e-5]), candidate("b", ["logits": 1.9e-5])])
    #expect(close.headroom.map(\.share) == [1e-5 / 7.6e-5, 1.9e-5 / 4e-5])
    #expect(close.bounds.cases.first?.value["logits"]?.gates == true)
    let apart = made([candidate("a", ["logits": 1e-5]), candidate("b", ["logits": 2.1e-5])])
    #expect(apart.bounds.cases.first?.value["logits"]?.gates == false)
    let alone = made([candidate("a", ["logits": 1e-5])])
    #expect(alone.headroom.isEmpty && alone.bounds.cases.first?.value["logits"]?.gates == false)
    let broken = made([candidate("a", ["logits": .infinity]), candidate("b", ["logits": 1], level: "property")])
    #expect(broken.bounds.cases.isEmpty)
  }

  @Test func `TOL-14 what does not gate is reported and not judged`() throws {
    let id = "model.forward.mha.c2-t1"
    let wrong = try Recorded.answer(try Recorded.item(id), "f32").changing("logits", at: 0) { $0 + 0.1 }
    for gates in [true, false] {
      let unit = CalibratedBounds.Unit(id: id, dtype: "f32")
      let bounds = CalibratedBounds(
        suite: "0.1", manifestDigest: Self.digest, variants: [], general: [:],
        cases: [unit: ["logits": .init(bound: 1e-5, gates: gates)]])
      let result = try Recorded.corpus().judge(
        try Recorded.item(id), dtype: "f32", replies: [.tensors(wrong)], bounds: bounds)
      #expect(result.verdict == (gates ? .fail : .pass) && (result.tensors.first?.ratio ?? 0) > 1)
    }
  }

  @Test func `TOL-12 the file reads back as it was written, and a faulty one is refused`() throws {
    let bounds = made([
      candidate("a", ["logits": 1e-5, "hidden.0": 2e-6]), candidate("b", ["logits": 2e-5], dtype: "bf16"),
    ]).bounds
    let bytes = Array(bounds.text.utf8)
    var read = try CalibratedBounds(parsing: bytes)
    #expect(read.digest == SHA256.hexDigest(of: bytes) && read.text == bounds.text)
    read.digest = nil
    #expect(read == bounds && bounds.variants.map(\.dtypes) == [["f32"], ["bf16"]])
    let text = String(decoding: bytes, as: UTF8.self)
    for (good, bad) in [
      ("\"loma_bounds\": 1", "\"loma_bounds\": 2"), (Self.digest, "a"), ("\"bf16\": \"0x1.", "\"bf16\": \"0x2."),
      ("\"op\": \"forward\"", "\"op\": \"\""), ("\"gates\": false", "\"gates\": 0"),
      ("\"bound\": \"0x", "\"bound\": \"-0x"),
      ("\"bound\": \"0x1.", "\"bound\": \"1."), ("\"tensors\"", "\"tensor\""), ("\"version\": \"1\"", "\"version\": 1"),
      ("\"dtype\": \"f32\"", "\"dtype\": \"i64\""), ("\"suite\"", "\"suit\""),
      ("\"tensor\": \"logits\"", "\"tensor\": \"hidden.*\""),
    ] {
      let changed = text.replacing(good, with: bad)
      #expect(changed != text, "\(good)")
      #expect(throws: CorpusError.self, "\(bad)") { try CalibratedBounds(parsing: Array(changed.utf8)) }
    }
  }
}
