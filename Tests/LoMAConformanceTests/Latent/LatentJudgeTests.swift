// LAT-12…LAT-18: recorded answers of chapters 17 and 18 pass, the smallest wrong ones do not, and codes at a border may
// differ.

import LoMAVectors
import Testing
@testable import LoMAJudgement

@testable import LoMAConformance

@Suite("Chapters 17 and 18: judging recorded answers")
struct LatentJudgeTests {
  private static let shared = Result { () throws(CorpusError) in try CaseCorpus(folder: Recorded.folder + "/peers") }

  private func item(_ id: String) throws -> StoredCase {
    try #require(try Self.shared.get().cases.first { $0.id == id }, "\(id)")
  }

  /// The recorded answer as a candidate of an element type would give it: rounded once.
  private func answer(_ item: StoredCase, _ dtype: String) throws -> [NamedArray] {
    guard case .tensors(_, let rules) = item.answer else { return [] }
    return try Self.shared.get().expected(of: item).filter { array in rules.contains { $0.name == array.name } }.map {
      guard $0.elementType == .f64, let type = ElementType(word: dtype) else { return $0 }
      return try NamedArray($0.name, type, shape: $0.shape, doubles: try $0.doubles())
    }
  }

  private func result(_ item: StoredCase, _ dtype: String, _ replies: [[NamedArray]]) throws -> CaseResult {
    try Self.shared.get().judge(
      item, dtype: dtype, replies: replies.map { .tensors($0) }, bounds: .provisional)
  }

  @Test func `LAT-13 every recorded answer passes, and a claim is named by its entries`() throws {
    var profiles: Set<String> = []
    for item in try Self.shared.get().cases where item.op.method == .latent {
      if item.level != .rejection { profiles.insert(item.profileName) }
      guard case .tensors = item.answer else { continue }
      for dtype in item.dtypes {
        #expect(try result(item, dtype, [answer(item, dtype)]).verdict == .pass, "\(item.id) \(dtype)")
      }
    }
    #expect(profiles.count == 17 && profiles.allSatisfy { $0.contains("entries=") }, "\(profiles)")
    #expect(profiles.isSuperset(of: ["entries=latent", "entries=heads"]))
  }

  @Test func `LAT-12 numbers of pads may be anything, those of rows may not`() throws {
    let item = try item("model.latent_forward.ragged")
    let right = try answer(item, "f64")
    let width = 11
    // Texts of 2, 5 and 1 tokens.
    for (row, isPad) in [(0, false), (1, false), (2, true), (4, true), (9, false), (10, false), (11, true)] {
      let spoilt = try right.changing("logits", at: row * width + 3) { _ in .nan }
      #expect(try result(item, "f64", [spoilt]).verdict == (isPad ? .pass : .invalidOutput), "row \(row)")
    }
  }

  @Test func `LAT-18 a code of an exact half must be equal, in every type`() throws {
    let item = try item("stage.quantise.halves")
    for dtype in ["f64", "f32", "bf16", "f16"] {
      let right = try answer(item, dtype)
      #expect(try right.first { $0.name == "codes" }?.integers() == [0, 0, 2, 2, 3, 0, 3, 0, 2, 2])
      let away = try right.changing("codes", at: 1, to: 1).changing("values", at: 1) { _ in 1 }
      #expect(try result(item, dtype, [away]).verdict == .fail)
    }
  }

  @Test func `LAT-18 a code near a border may be its neighbour where the type cannot tell, and means its own value`()
    throws
  {
    let item = try item("stage.quantise.four-bits")
    let recorded = try Self.shared.get().expected(of: item)
    func numbers(_ name: String) throws -> [Double] { try #require(recorded.first { $0.name == name }).doubles() }
    let margins = try numbers("codes.margin")
    let codes = try #require(recorded.first { $0.name == "codes" }).integers()
    let (lower, step) = (try numbers("lower"), try numbers("step"))
    let (x, group) = (try #require(try Self.shared.get().input(of: item).first { $0.name == "x" }).doubles(), 8)
    for (dtype, unit) in [("f64", 0x1p-53), ("f32", 0x1p-24), ("bf16", 0x1p-8), ("f16", 0x1p-11)] {
      let right = try answer(item, dtype)
      var tolerated = 0
      for cell in codes.indices {
        let quotient = (x[cell] - lower[cell / group]) / step[cell / group]
        let other = Double(codes[cell]) < quotient ? codes[cell] + 1 : codes[cell] - 1
        guard 0...15 ~= other else { continue }
        let means = lower[cell / group] + Double(other) * step[cell / group]
        let mayDiffer = margins[cell] <= 4 * unit * Double(codes[cell] + 1)
        let moved = try right.changing("codes", at: cell, to: other)
        let said: Comment = "\(dtype), cell \(cell), margin \(margins[cell])"
        #expect(
          try result(item, dtype, [moved.changing("values", at: cell) { _ in means }]).verdict
            == (mayDiffer ? .pass : .fail), said)
        // A value that is not what the code says is wrong whatever the code may be.
        #expect(try result(item, dtype, [moved]).verdict == .fail, said)
        let far = try right.changing("codes", at: cell, to: codes[cell] + (codes[cell] > 7 ? -2 : 2))
        #expect(try result(item, dtype, [far]).verdict == .fail, said)
        tolerated += mayDiffer ? 1 : 0
      }
      #expect(dtype == "bf16" ? tolerated > 3 : dtype == "f16" || tolerated == 0, "\(dtype): \(tolerated)")
    }
  }

  @Test func `LAT-15 a choice between close scores excuses what follows from it, and nothing else`() throws {
    let item = try item("generation.latent_generate.mla")
    let right = try answer(item, "f64")
    let chosen = try #require(right.first { $0.name == "chosen" }).integers()
    let spoilt = try right.changing("chosen", at: 0, to: (chosen[0] + 1) % 11)
    #expect(try result(item, "f64", [spoilt]).verdict == .fail)
    let code = try self.item("generation.latent_generate.clla")
    let codes = try answer(code, "f32")
    let first = try #require(codes.first { $0.name == "cache.latent_codes" }).integers()[0]
    #expect(try result(code, "f32", [codes.changing("cache.latent_codes", at: 0, to: first + 1)]).verdict == .fail)
  }

  @Test func `LAT-17 a property compares answers, and says where they differ`() throws {
    func logits(_ shape: [Int], _ change: Int? = nil) throws -> NamedArray {
      var values = (0..<shape.reduce(1, *)).map { Double($0 % 7) - 3 }
      if let change { values[change] += 1 }
      return try NamedArray("logits", .f64, shape: shape, doubles: values)
    }
    func generated(_ change: Int? = nil) throws -> [NamedArray] {
      let empty = try ["latents", "rotated_keys"].map { try NamedArray("cache." + $0, .f64, shape: [0], doubles: []) }
      return [try logits([6, 11], change), try NamedArray("chosen", .i64, shape: [4], integers: [1, 2, 3, 4])] + empty
    }
    let cache = try item("property.cache.lat.mla")
    let whole = [try logits([1, 6, 11])]
    #expect(try result(cache, "f64", [try generated(), whole]).verdict == .pass)
    let wrong = try result(cache, "f64", [try generated(40), whole])
    #expect(wrong.verdict == .fail && wrong.finding?.place.contains("text token 3") == true)
    // A model with bits has codes beside what it caches.
    let quantised = try item("property.cache.lat.clla")
    #expect(try result(quantised, "f64", [try generated(), whole]).verdict == .invalidOutput)
    let codes = try NamedArray("cache.latent_codes", .i64, shape: [0], integers: [])
    #expect(try result(quantised, "f64", [try generated() + [codes], whole]).verdict == .pass)

    let interference = try item("property.interference.lat.mla")
    let base = [try logits([1, 5, 11])]
    /// In answer r + 2 the rows from r on change, or from another row on.
    func replaced(_ row: Int, from first: Int) throws -> [NamedArray] {
      let values = (0..<55).map { Double($0 % 7) - 3 + ($0 / 11 >= first ? 1 : 0) }
      return [try NamedArray("logits", .f64, shape: [1, 5, 11], doubles: values)]
    }
    let right = try (0..<5).map { try replaced($0, from: $0) }
    #expect(try result(interference, "f64", [base, base] + right).verdict == .pass)
    var later = right
    later[2] = try replaced(2, from: 1)
    #expect(try result(interference, "f64", [base, base] + later).verdict == .fail)
    var deaf = right
    deaf[2] = try replaced(2, from: 3)
    #expect(try result(interference, "f64", [base, base] + deaf).verdict == .fail)
  }
}
