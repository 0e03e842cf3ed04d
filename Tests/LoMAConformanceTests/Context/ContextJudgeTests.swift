// CCM-30…CCM-37: recorded answers of part II pass, the smallest wrong ones do not.

import LoMAPeers
import LoMAVectors
import Testing
@testable import LoMAJudgement

@testable import LoMAConformance

@Suite("Chapter 16: judging recorded answers")
struct ContextJudgeTests {
  private static let texts = [[[1, 2, 3], [4], [0, 1]], [[2], [3]]]

  private static func forward(_ profile: ContextProfile) throws -> ContextCase {
    var made = try ContextCase.onTexts(texts, .ccmForward, level: .model, profile: profile)
    let rows = try made.batch().texts[0].count
    func array(_ name: String, _ shape: [Int]) throws -> NamedArray {
      try NamedArray(name, .f64, shape: shape, doubles: unlikeNumbers(shape.reduce(1, *)))
    }
    made.captures = ["layers.0.attention.key", "layers.0.attention.probabilities"]
    made.expected = [
      try array("logits", [2, rows, 5]), try array("layers.0.attention.key", [2, rows, 4]),
      try array("layers.0.attention.probabilities", [2, 2, rows, rows]),
    ]
    made.rules = made.expected.map { ($0.name, .calibrated) }
    return made
  }

  @Test func `CCM-30 logits are compared in text rows, other numbers in text and COMP rows, whatever else holds`()
    throws
  {
    for profile in ContextProfile.all {
      let made = try Self.forward(profile)
      let (answer, batch) = (try made.answer("f32"), try made.batch())
      #expect(try made.result(answer, "f32").verdict == .pass)
      let count = batch.texts[0].count
      for text in 0..<2 {
        for (row, place) in batch.texts[text].map({ $0.place }).enumerated() {
          let first = text * count + row
          let isText = place.role == .text
          let isReal = isText || place.role == .comp
          func verdict(_ name: String, _ cell: Int, _ change: (Double) -> Double) throws -> Verdict {
            try made.result(try answer.changing(name, at: cell, change), "f32").verdict
          }
          let said: Comment = "\(profile.name), text \(text), row \(row): \(place)"
          #expect(try verdict("logits", first * 5 + 2) { _ in .nan } == (isText ? .invalidOutput : .pass), said)
          #expect(try verdict("logits", first * 5 + 4) { $0 + 9 } == (isText ? .fail : .pass), said)
          let key = "layers.0.attention.key"
          #expect(try verdict(key, first * 4) { $0 + 9 } == (isReal ? .fail : .pass), said)
          // The query's row says whether a weight is compared; in its row every key is, a pad and a SUM row, too.
          let weight = ((text * 2 + 1) * count + row) * count + (row + text) % count
          let name = "layers.0.attention.probabilities"
          #expect(try verdict(name, weight) { _ in .infinity } == (isReal ? .invalidOutput : .pass), said)
        }
      }
    }
  }

  @Test func `CCM-30 a tensor's bound is a share of its largest number that is compared`() throws {
    let made = try Self.forward(try ContextProfile(name: "memory=merge"))
    let batch = try made.batch()
    let elsewhere = try #require(batch.texts[0].firstIndex { $0.place.role == .sum })
    var expected = made
    // What the reference happens to record in a SUM row says nothing of the size of the logits.
    expected.expected = try made.expected.changing("logits", at: elsewhere * 5) { _ in 1e9 }
    let answer = try expected.answer("f32").changing("logits", at: 0) { $0 + 1 }
    let result = try expected.result(answer, "f32")
    #expect(result.verdict == .fail && result.finding?.place == "text 0, row 0 (text 0 of segment 0), column 0")
  }

  @Test func `CCM-30 integers are compared in all rows, and a wrong one is said with its place`() throws {
    var made = try ContextCase.onTexts(
      Self.texts, .ccmLayout, level: .structure, profile: try ContextProfile(name: "memory=merge"))
    let batch = try made.batch()
    let count = batch.texts[0].count
    let positions = batch.texts.joined().map { $0.position }
    made.expected = [try NamedArray("positions", .i64, shape: [2, count], integers: positions)]
    made.rules = [("positions", .exact)]
    let answer = try made.answer("i64")
    #expect(try made.result(answer, "i64").verdict == .pass)
    for cell in positions.indices {
      let result = try made.result(try answer.changing("positions", at: cell, to: 77), "i64")
      let (text, row) = (cell / count, cell % count)
      #expect(result.verdict == .fail && result.finding?.index == [text, row])
      #expect(result.finding?.place == "text \(text), row \(row) (\(batch.texts[text][row].place.words))")
    }
    let words = Set(batch.texts.joined().map { $0.place.words })
    #expect(words.isSuperset(of: ["comp 1 of segment 0", "sum 0 of segment 1", "text 2 of segment 0", "pad"]))
  }

  @Test func `CCM-31 a wrong mask cell is said with the clause of its pair, under every profile`() throws {
    var clauses: Set<String> = []
    for profile in ContextProfile.all {
      var made = try ContextCase.onTexts(Self.texts, .ccmMask, level: .structure, profile: profile)
      let batch = try made.batch()
      let count = batch.texts[0].count
      let cells = (0..<2).flatMap { text in
        let mask = batch.mask(text)
        return (0..<count).flatMap { query in (0..<count).map { mask.allows(query: query, key: $0) } }
      }
      made.expected = [try NamedArray("mask", shape: [2, count, count], booleans: cells)]
      made.rules = [("mask", .exact)]
      for cell in cells.indices {
        var wrong = cells
        wrong[cell].toggle()
        let finding = try #require(
          try made.result([try NamedArray("mask", shape: [2, count, count], booleans: wrong)], "i64").finding)
        let (text, query, key) = (cell / (count * count), cell / count % count, cell % count)
        let rule = batch.mask(text).rule(query: query, key: key)
        clauses.insert(rule.clause)
        #expect(finding.index == [text, query, key] && finding.want == (cells[cell] ? "true" : "false"))
        #expect(finding.place.contains(rule.isVisible ? ") sees " : ") does not see "))
        #expect(!ContextMaskSentences(profile: profile)[rule.clause].isEmpty)
        let isLate = key > query && rule.clause != "CCM-8"
        #expect(
          finding.place.hasSuffix(
            isLate
              ? "no row sees a later one (\(rule.clause))"
              : rule.clause + " " + ContextMaskSentences(profile: profile)[rule.clause]))
      }
    }
    #expect(clauses == Set((8...16).map { "CCM-\($0)" }))
  }

  @Test func `CCM-32 just over the derived bound of a running mean fails, just under it passes`() throws {
    var made = ContextCase(id: "stage.merge.made", level: .stage, op: .merge)
    made.profile = ["merge_rate": "exponential"]
    made.parameters["rate"] = .string("0x1p-2")
    let (shape, count) = ([3, 2, 4], 24)
    func array(_ name: String, _ values: [Double]) throws -> NamedArray {
      try NamedArray(name, .f64, shape: shape, doubles: values)
    }
    for name in ["keys", "values"] {
      made.input.append(try NamedArray(name, .f32, shape: shape, doubles: unlikeNumbers(count)))
      made.expected += [
        try array(name, unlikeNumbers(count)), try array(name + ".accumulation", Array(repeating: 8, count: count)),
        try array(name + ".rounding", Array(repeating: 2, count: count)),
      ]
      made.rules.append((name, .derived))
    }
    for type in [ElementType.f64, .f32, .bf16, .f16] {
      let dtype = type.rawValue.lowercased()
      let precision = try #require(Precision.of(type))
      let bound = precision.bound(accumulation: 8, rounding: 2)
      let answer = try made.answer(dtype)
      let over = try answer.changing("values", at: 13) { $0 + 1.01 * bound + 2 * $0.magnitude * precision.output }
      let result = try made.result(over, dtype)
      #expect(result.verdict == .fail && result.finding?.index == [1, 1, 1])
      #expect(result.finding?.place == "memory after 2 segments, slot 1, column 1")
      #expect(try made.result(try answer.changing("values", at: 13) { $0 + 0.4 * bound }, dtype).verdict == .pass)
      // Every cell of a stage is compared.
      #expect(try made.result(try answer.changing("keys", at: 0) { _ in .nan }, dtype).verdict == .invalidOutput)
    }
    #expect(try made.corpus().cases[0].profileName == "merge_rate=exponential")
  }

  @Test func `CCM-32 a row of a conditional linear layer is said with its gate`() throws {
    var made = ContextCase(id: "stage.conditional_linear.made", level: .stage, op: .conditionalLinear)
    made.input = [try NamedArray("gate", shape: [2], booleans: [false, true])]
    func array(_ name: String, _ value: Double) throws -> NamedArray {
      try NamedArray(name, .f64, shape: [2, 2], doubles: [value, value, value, value])
    }
    made.expected = [try array("y", 1), try array("y.accumulation", 4), try array("y.rounding", 2)]
    made.rules = [("y", .derived)]
    let finding = try made.result(try made.answer("f32").changing("y", at: 3) { $0 + 1 }, "f32").finding
    #expect(finding?.place == "row 1 (gate true), column 1")
  }

  @Test func `CCM-31 events and counts are said in words`() throws {
    var made = try ContextCase.onTexts(
      [[[1, 2], [3]]], .ccmSchedule, level: .structure, profile: try ContextProfile(name: "memory=merge"))
    made.parameters["generate"] = .integer(0)
    let events = [
      [0, 0, 0, 1, 0, 1], [0, 1, 1, 2, 0, 2], [1, 0, 2, 4, 2, 2], [2, 0, 4, 4, 2, 0], [3, 0, 4, 4, 2, 0],
    ]
    made.expected = [
      try NamedArray("events", .i64, shape: [5, 6], integers: events.flatMap { $0 }),
      try NamedArray("entries", .i64, shape: [5, 2], integers: Array(0..<10)),
      try NamedArray("maximum", .i64, shape: [], integers: [4]),
    ]
    made.rules = made.expected.map { ($0.name, .exact) }
    func place(_ name: String, _ cell: Int) throws -> String? {
      try made.result(try made.answer("i64").changing(name, at: cell, to: 99), "i64").finding?.place
    }
    #expect(try place("events", 4) == "event 0 (read of text token 0), memory entries")
    #expect(try place("events", 12) == "event 2 (compression of segment 0), kind")
    #expect(try place("events", 29) == "event 4 (fold of segment 0), text entries")
    #expect(try place("entries", 7) == "event 3 (drop of segment 0), entry 1 held")
    #expect(try place("maximum", 0)?.isEmpty == true)
    var cost = try ContextCase.onTexts([[[1, 2], [3]]], .ccmCost, level: .structure)
    cost.expected = [
      try NamedArray("pairs", .i64, shape: [2], integers: [9, 3]),
      try NamedArray("sizes", .i64, shape: [2], integers: [0, 2]),
    ]
    cost.rules = cost.expected.map { ($0.name, .exact) }
    let wrong = try cost.result(try cost.answer("i64").changing("pairs", at: 1, to: 4), "i64")
    #expect(wrong.finding?.place == "segment 1" && wrong.finding?.want == "3")
    #expect(
      try cost.result(try cost.answer("i64").changing("sizes", at: 1, to: 4), "i64").finding?.place
        == "after 1 segments")
  }

  @Test func `CCM-33 of wrong gradients of an adapter the last in the order of the forward pass is told`() throws {
    let layer = "base_model.model.model.layers."
    let names = [
      "base_model.model.model.embed_tokens.comp_embeddings", layer + "0.self_attn.q_proj.lora_A",
      layer + "0.self_attn.q_proj.lora_B", layer + "0.self_attn.k_proj.lora_A", layer + "0.self_attn.v_proj.lora_B",
      layer + "0.self_attn.o_proj.lora_A", layer + "1.self_attn.q_proj.lora_A", layer + "1.self_attn.k_proj.lora_B",
      layer + "10.self_attn.v_proj.lora_A",
    ].map { "gradients.\($0).weight" }
    var made = try ContextCase.onTexts(Self.texts, .ccmGradients, level: .training)
    // The manifest names them in the order of the alphabet.
    made.expected = try names.sorted().map { try NamedArray($0, .f64, shape: [2], doubles: [1, 2]) }
    made.rules = made.expected.map { ($0.name, .calibrated) }
    for count in 1...names.count {
      var answer = try made.answer("f64")
      for name in names.prefix(count) { answer = try answer.changing(name, at: 0) { $0 + 1 } }
      #expect(try made.result(answer, "f64").finding?.tensor == names[count - 1])
    }
  }

  @Test func `CCM-35 a rejection is right with its own code alone`() throws {
    var made = try ContextCase.onTexts(Self.texts, .ccmMask, level: .rejection)
    (made.rejection, made.profile) = ("unknown-axis", ["numbering": "sequential"])
    let corpus = try made.corpus()
    func verdict(_ reply: Reply) throws -> Verdict {
      try corpus.judge(corpus.cases[0], dtype: "i64", replies: [reply], bounds: .provisional).verdict
    }
    #expect(try verdict(.rejection(code: "unknown-axis")) == .pass)
    #expect(try verdict(.rejection(code: "segment-empty")) == .wrongRejection)
    #expect(try verdict(.tensors([])) == .wrongRejection)
  }
}
