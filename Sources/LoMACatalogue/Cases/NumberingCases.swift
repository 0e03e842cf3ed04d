// Cases of POS-5 and POS-6, the values of `numbering` that suite 1.1 added: rows, whole models, gradients, the cache.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors

/// For these two values, the cases that suite 1.0 has for each alternative that moves rows and hides none.
enum NumberingCases {
  static var all: [Case] {
    numberings.flatMap { layouts($0) }
      + numberings.flatMap { [forward($0), shorterSpans($0), loss($0), gradients($0)] }
      + numberings.flatMap { [generate($0), longPrompt($0), reconstruct($0)] } + numberings.flatMap { properties($0) }
  }

  /// A profile, its clause, and prompts of `gqa` and `mha` for which chosen tokens lead by a fifth of the largest
  /// logit.
  private struct Numbering {
    let profile: Profile
    let clause: String
    let prompt: [Int]
    let longPrompt: [Int]

    init(_ value: Profile.Numbering, _ clause: String, prompt: [Int], longPrompt: [Int]) {
      var profile = Profile.base
      profile.numbering = value
      self.profile = profile
      self.clause = clause
      self.prompt = prompt
      self.longPrompt = longPrompt
    }
  }

  private static let numberings = [
    Numbering(
      .generation, "POS-5", prompt: [7, 3, 2, 4, 5, 1, 10], longPrompt: [8, 1, 0, 9, 2, 0, 3, 7, 4, 4]),
    Numbering(
      .compressed, "POS-6", prompt: [10, 2, 6, 10, 4, 4, 9], longPrompt: [1, 6, 2, 0, 0, 5, 5, 5, 0, 7]),
  ]

  /// The training layout of two texts and of a longer chunk, and the generation layout of a text.
  private static func layouts(_ numbering: Numbering) -> [Case] {
    let shapes: [(String, Int, Int, [Int], String, String)] = [
      ("", 3, 2, [19, 6], "training", "c3-t2"), ("", 2, 3, [25, 0, 1, 12], "training", "c2-t3"),
      ("generation.", 2, 2, [13], "generation", "c2-t2"),
    ]
    return shapes.map { prefix, c, t, lengths, layout, shape in
      .tensors(
        "structure.layout.\(prefix)\(numbering.profile.slug).\(shape)", .structure, since: Versions.second,
        hunts: "\(numbering.profile.name) not followed", clauses: ["LAY-3", "POS-4", numbering.clause],
        Request(
          .layout, axes: numbering.profile.axes,
          parameters: CaseVocabulary.small.parameters.adding([
            "c": .integer(c), "t": .integer(t), "layout": .word(layout),
          ]), model: nil,
          input: CaseInputs.file(CaseInputs.batch(CaseInputs.texts(lengths, below: 11, seed: UInt64(c * 100 + t)))),
          captures: []))
    }
  }

  private static func model(
    _ operation: Operation, _ level: Level, _ what: String, _ numbering: Numbering, hunts: String, clauses: [String],
    _ model: CaseModel, c: Int = 2, t: Int = 2, _ texts: [[Int]], _ parameters: [String: RequestParameter] = [:]
  ) -> Case {
    .tensors(
      "\(level.rawValue).\(operation.rawValue).\(what)", level, since: Versions.second, hunts: hunts,
      clauses: clauses + [numbering.clause],
      ModelCases.request(operation, model, c: c, t: t, texts, numbering.profile, parameters: parameters))
  }

  private static func forward(_ numbering: Numbering) -> Case {
    let profile = numbering.profile
    return model(
      .forward, .model, "deep.\(profile.slug)", numbering,
      hunts: "\(profile.name) not followed: tells profiles apart", clauses: ["MOD-3"], .deep,
      [CaseInputs.text(13, below: 11, seed: 60)])
  }

  /// c = 3 and t = 1, for which positions in the text and in the cache differ earliest.
  private static func shorterSpans(_ numbering: Numbering) -> Case {
    let profile = numbering.profile
    return model(
      .forward, .model, "gqa.\(profile.slug).c3-t1", numbering,
      hunts: "\(profile.name) not followed beside other texts", clauses: ["MOD-3", "MSK-11"], .gqa, c: 3, t: 1,
      CaseInputs.texts([2, 10, 3], below: 11, seed: 180))
  }

  private static func loss(_ numbering: Numbering) -> Case {
    let profile = numbering.profile
    return model(
      .loss, .model, "gqa.\(profile.slug)", numbering, hunts: "a loss that does not follow \(profile.name)",
      clauses: ["LOS-4"], .gqa, [CaseInputs.text(13, below: 11, seed: 100)])
  }

  private static func gradients(_ numbering: Numbering) -> Case {
    let profile = numbering.profile
    return model(
      .gradients, .training, "gqa.\(profile.slug)", numbering,
      hunts: "a rotation that is turned back at other positions than \(profile.name) has",
      clauses: ["LOS-4", "MOD-3", "MOD-6"], .gqa, CaseInputs.texts([9], below: 11, seed: 110))
  }

  /// The second chunk is filled by a chosen token; one more is chosen after it.
  private static func generate(_ numbering: Numbering) -> Case {
    let profile = numbering.profile
    return model(
      .generate, .generation, "gqa.\(profile.slug)", numbering, hunts: "\(profile.name) not followed",
      clauses: ["GEN-1", "GEN-3", "GEN-7", "POS-4"], .gqa, [numbering.prompt],
      ["generate": .integer(3)])
  }

  /// Four compressions of three tokens each; most of the last chunk is generated.
  private static func longPrompt(_ numbering: Numbering) -> Case {
    let profile = numbering.profile
    return model(
      .generate, .generation, "mha.\(profile.slug).c3-t1", numbering,
      hunts: "positions that start anew where the prompt ends", clauses: ["GEN-1", "GEN-3", "GEN-7", "GEN-8", "POS-4"],
      .mha, c: 3, t: 1, [numbering.longPrompt], ["generate": .integer(3)])
  }

  private static func reconstruct(_ numbering: Numbering) -> Case {
    let profile = numbering.profile
    return model(
      .reconstruct, .generation, "gqa.\(profile.slug)", numbering, hunts: "\(profile.name) not followed",
      clauses: ["REC-1", "REC-3", "POS-4"], .gqa, [CaseInputs.text(9, below: 11, seed: 130)], ["chunk": .integer(1)])
  }

  /// Interference, prefix and cache, as for the earlier alternatives.
  private static func properties(_ numbering: Numbering) -> [Case] {
    let profile = numbering.profile
    let text = CaseInputs.text(13, below: 11, seed: 160)
    let rows = 21  // n = 9, c = t = 2
    let hidden = CaseModel.shallow.hidden
    func property(_ property: Property, hunts: String, clauses: [String], _ request: Request) -> Case {
      Case(
        id: "property.\(property.rawValue).\(profile.slug)", since: Versions.second, level: .property, hunts: hunts,
        clauses: (clauses + [numbering.clause]).sorted(), request: request, expectation: .property(property),
        dtypes: NumberType.words)
    }
    return [
      property(
        .interference, hunts: "any cell of the mask wrong, by its effect",
        clauses: (1...9).map { "MSK-\($0)" } + ["MSK-12"],
        ModelCases.request(
          .forward, .shallow, c: 2, t: 2, [CaseInputs.text(9, below: 11, seed: 140)], profile,
          more: [
            CaseInputs.normal("embeddings", shape: [1, rows, hidden], deviation: 1, mean: 0, seed: 141),
            CaseInputs.normal("replacements", shape: [rows, hidden], deviation: 1, mean: 0, seed: 142),
          ])),
      property(
        .prefix, hunts: "text that sees what comes later", clauses: ["MSK-1", "MSK-2"],
        ModelCases.request(
          .forward, .gqa, c: 2, t: 2, [text], profile, more: [CaseInputs.integers("prefixes", [1, 4, 5, 8, 12])])),
      property(
        .cache, hunts: "a cache that is not the mask's", clauses: ["GEN-7"],
        ModelCases.request(.generate, .gqa, c: 2, t: 2, [text], profile, parameters: ["generate": .integer(0)])),
    ]
  }
}
