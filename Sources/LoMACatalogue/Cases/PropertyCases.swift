// The property level: inputs whose answers are compared with each other (OPS-7).

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors

/// Cases without a recorded answer.
enum PropertyCases {
  static var all: [Case] { interference + poison + others }

  private static func property(
    _ property: Property, _ what: String, hunts: String, clauses: [String], _ request: Request
  ) -> Case {
    Case(
      id: "property.\(property.rawValue).\(what)", since: Versions.frozen, level: .property, hunts: hunts,
      clauses: clauses, request: request, expectation: .property(property), dtypes: NumberType.words)
  }

  /// One layer, so that nothing is passed on indirectly: each row in turn is replaced by a row of `replacements`.
  private static var interference: [Case] {
    Profile.firstAlternatives.map { profile in
      let model = CaseModel.shallow
      let rows = 21  // n = 9, c = t = 2
      return property(
        .interference, profile.slug, hunts: "any cell of the mask wrong, by its effect",
        clauses: (1...9).map { "MSK-\($0)" } + ["MSK-12"],
        ModelCases.request(
          .forward, model, c: 2, t: 2, [CaseInputs.text(9, below: 11, seed: 140)], profile,
          more: [
            CaseInputs.normal("embeddings", shape: [1, rows, model.hidden], deviation: 1, mean: 0, seed: 141),
            CaseInputs.normal("replacements", shape: [rows, model.hidden], deviation: 1, mean: 0, seed: 142),
          ]))
    }
  }

  /// Hidden keys so close to a query's direction that their score would be 10⁴ or more, and huge hidden values; one
  /// query at a time.
  private static var poison: [Case] {
    [(2, 2), (4, 1), (4, 4)].map { heads, keyValueHeads in
      let d = 4
      let rows = StageRequests.rows(c: 2, t: 1, n: 5, .base)
      let count = rows.count
      return property(
        .poison, "heads\(heads)-kv\(keyValueHeads)", hunts: "a finite number added to hidden scores",
        clauses: ["MSK-12"],
        Request(
          .attention, axes: [:], parameters: ["heads": .integer(heads), "kv_heads": .integer(keyValueHeads)],
          model: nil,
          input: CaseInputs.file([
            CaseInputs.normal("q", shape: [count, heads * d], deviation: 1, mean: 0, seed: 150),
            CaseInputs.normal("k", shape: [count, keyValueHeads * d], deviation: 1, mean: 0, seed: 151),
            CaseInputs.normal("v", shape: [count, keyValueHeads * d], deviation: 1, mean: 0, seed: 152),
            CaseInputs.mask("mask", Mask(rows: rows, profile: .base).cells(), rows: count),
          ]), captures: []))
    }
  }

  private static var others: [Case] {
    let text = CaseInputs.text(13, below: 11, seed: 160)
    var cases: [Case] = []
    for profile in Profile.firstAlternatives {
      guard profile.repetitionLabels == .aligned else { continue }
      cases.append(
        property(
          .prefix, profile.slug, hunts: "text that sees what comes later", clauses: ["MSK-1", "MSK-2"],
          ModelCases.request(
            .forward, .gqa, c: 2, t: 2, [text], profile,
            more: [CaseInputs.integers("prefixes", [1, 4, 5, 8, 12])])))
    }
    for profile in Profile.firstAlternatives {
      guard profile.repetitionContext == .ownMemory, profile.repetitionAttention == .causal else { continue }
      cases.append(
        property(
          .cache, profile.slug, hunts: "a cache that is not the mask's", clauses: ["GEN-7"],
          ModelCases.request(
            .generate, .gqa, c: 2, t: 2, [text], profile, parameters: ["generate": .integer(0)])))
    }
    for model in [CaseModel.mha, .mqa] {
      cases.append(
        property(
          .batch, model.name, hunts: "pads that leak, or texts that do", clauses: ["MSK-11"],
          ModelCases.request(
            .forward, model, c: 2, t: 2, CaseInputs.texts([13, 4, 0, 7], below: 11, seed: 161), .base)))
      cases.append(
        property(
          .repeat, model.name, hunts: "answers that differ from run to run", clauses: ["OPS-7"],
          ModelCases.request(.forward, model, c: 2, t: 2, [text], .base)))
    }
    for shift in [1, 1000] {
      cases.append(
        property(
          .shift, "by\(shift)", hunts: "a rotation of values, or of queries alone", clauses: ["MOD-3"],
          StageRequests.decoderLayer(
            heads: 4, keyValueHeads: 2, d: 4, c: 2, t: 2, n: 9, profile: .base, seed: 170,
            more: ["shift": .integer(shift)])))
    }
    return cases
  }
}
