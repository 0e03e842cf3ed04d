// The generation level: text through the compressed cache, and reconstruction of chunks.

import LoMA
import LoMAReference
import LoMAVectors

/// Cases of chapters 6 and 7 on whole models.
enum GenerationCases {
  static var all: [Case] { generations + reconstructions }

  private static var generations: [Case] {
    var cases: [Case] = []
    for profile in Profile.firstAlternatives where profile.repetitionContext == .ownMemory {
      guard profile.repetitionAttention == .causal else { continue }
      cases.append(
        generate(.gqa, "\(profile.slug)", c: 2, t: 2, prompt: 5, m: 6, profile, "\(profile.name) not followed"))
    }
    for (n, m) in [(1, 0), (1, 1), (3, 2), (4, 1), (4, 2), (8, 1), (13, 0), (13, 4)] {
      cases.append(
        generate(
          .mha, "c2-t2-prompt\(n)-generate\(m)", c: 2, t: 2, prompt: n, m: m, .base,
          "a compression early, late or lost around \(n) tokens"))
    }
    let shapes: [(CaseModel, Int, Int)] = [
      (.mqa, 1, 1), (.gqa, 4, 1), (.deep, 1, 3), (.sixHeads, 3, 2), (.wide64, 4, 4),
    ]
    for (model, c, t) in shapes {
      cases.append(
        generate(
          model, "c\(c)-t\(t)", c: c, t: t, prompt: 2 * c * t + 1, m: 3, .base,
          "a long prompt compressed once, or memory fed token by token"))
    }
    let forced = CaseInputs.text(6, below: 11, seed: 121)
    cases.append(
      .tensors(
        "generation.generate.gqa.forced", .generation, hunts: "a cache that depends on what was chosen",
        clauses: ["GEN-2", "GEN-3", "GEN-4"],
        ModelCases.request(
          .generate, .gqa, c: 2, t: 2, [CaseInputs.text(3, below: 11, seed: 120)], .base,
          more: [CaseInputs.integers("forced", forced)], parameters: ["generate": .integer(6)])))
    let prompt = Array("Compress this.".utf8).map(Int.init)
    cases.append(
      .tensors(
        "generation.generate.bytes.prompt", .generation, hunts: "ids that are not small", clauses: ["GEN-5", "GEN-8"],
        ModelCases.request(
          .generate, .bytes, c: 4, t: 1, [prompt], .base, parameters: ["generate": .integer(4)])))
    cases.append(
      generate(.ties, "c2-t2", c: 2, t: 2, prompt: 5, m: 4, .base, "another than the lowest id among equal scores"))
    return cases
  }

  private static func generate(
    _ model: CaseModel, _ what: String, c: Int, t: Int, prompt: Int, m: Int, _ profile: Profile, _ hunts: String
  ) -> Case {
    .tensors(
      "generation.generate.\(model.name).\(what)", .generation, hunts: hunts,
      clauses: ["GEN-1", "GEN-2", "GEN-3", "GEN-4", "GEN-5", "GEN-6", "GEN-7", "GEN-8"],
      ModelCases.request(
        .generate, model, c: c, t: t, [CaseInputs.text(prompt, below: 11, seed: 122)], profile,
        parameters: ["generate": .integer(m)]))
  }

  private static var reconstructions: [Case] {
    var cases: [Case] = []
    for profile in Profile.firstAlternatives {
      cases.append(
        reconstruct(.gqa, "\(profile.slug)", c: 2, t: 2, n: 9, chunk: 1, profile, "\(profile.name) not followed"))
    }
    for chunk in 0..<3 {
      cases.append(
        reconstruct(
          .deep, "c2-t2-chunk\(chunk)-of-3", c: 2, t: 2, n: 13, chunk: chunk, .base, "another chunk's memory is seen"))
    }
    let shapes: [(CaseModel, Int, Int)] = [
      (.mqa, 1, 1), (.mha, 4, 1), (.sixHeads, 1, 3), (.wide64, 4, 4), (.gqa, 8, 1), (.ties, 2, 2),
    ]
    for (model, c, t) in shapes {
      cases.append(
        reconstruct(
          model, "c\(c)-t\(t)", c: c, t: t, n: 2 * c * t, chunk: 0, .base, "the text is seen, or a later chunk's memory"
        ))
    }
    return cases
  }

  private static func reconstruct(
    _ model: CaseModel, _ what: String, c: Int, t: Int, n: Int, chunk: Int, _ profile: Profile, _ hunts: String
  ) -> Case {
    .tensors(
      "generation.reconstruct.\(model.name).\(what)", .generation, hunts: hunts,
      clauses: ["REC-1", "REC-3", "REC-4", "MSK-8", "MSK-9"],
      ModelCases.request(
        .reconstruct, model, c: c, t: t, [CaseInputs.text(n, below: 11, seed: 130)], profile,
        parameters: ["chunk": .integer(chunk)]))
  }
}
