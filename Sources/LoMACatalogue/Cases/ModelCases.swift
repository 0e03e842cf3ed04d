// The model level: forward passes with captures, and losses.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors

/// Cases of chapters 5 and 8 on whole models.
enum ModelCases {
  static var all: [Case] { forwards + captures + embedded + losses }

  static func request(
    _ operation: Operation, _ model: CaseModel, c: Int, t: Int, _ texts: [[Int]], _ profile: Profile,
    captures: [String] = [], more: [NamedArray] = [], parameters: [String: RequestParameter] = [:]
  ) -> Request {
    Request(
      operation, axes: profile.axes, parameters: model.parameters(c: c, t: t).adding(parameters),
      model: model.path, input: CaseInputs.file(CaseInputs.batch(texts) + more), captures: captures)
  }

  private static let chapters = ["MOD-2", "MOD-3", "MOD-4", "MOD-5", "MOD-6"]

  private static var forwards: [Case] {
    var cases: [Case] = []
    let shapes: [(CaseModel, Int, Int)] = [
      (.mha, 2, 1), (.gqa, 2, 2), (.mqa, 1, 2), (.deep, 3, 1), (.sixHeads, 2, 2), (.gqa, 8, 1), (.mha, 1, 1),
      (.mqa, 4, 2), (.gqa, 2, 3),
    ]
    for (model, c, t) in shapes {
      let length = c * t
      let texts = CaseInputs.texts([3 * length + 1, 1, length], below: 11, seed: UInt64(c * 10 + t))
      cases.append(
        .tensors(
          "model.forward.\(model.name).c\(c)-t\(t)", .model,
          hunts: "a decoder that is not chapter 8's, or a wrong mask",
          clauses: chapters + ["MSK-11", "LAY-6"], request(.forward, model, c: c, t: t, texts, .base)))
    }
    for n in [0, 1, 3, 4, 5, 8, 13] {
      let texts = [CaseInputs.text(n, below: 11, seed: 50)]
      cases.append(
        .tensors(
          "model.forward.gqa.c2-t2-n\(n)", .model, hunts: "special rows missing or spare after \(n) tokens",
          clauses: chapters + ["LAY-4"], request(.forward, .gqa, c: 2, t: 2, texts, .base)))
    }
    for profile in Profile.firstAlternatives {
      let texts = [CaseInputs.text(13, below: 11, seed: 60)]
      cases.append(
        .tensors(
          "model.forward.deep.\(profile.slug)", .model, hunts: "\(profile.name) not followed: tells profiles apart",
          clauses: chapters, request(.forward, .deep, c: 2, t: 2, texts, profile)))
    }
    for (model, c, t) in [(CaseModel.wide64, 4, 4), (.wide128, 2, 8)] {
      cases.append(
        .tensors(
          "model.forward.\(model.name).c\(c)-t\(t)", .model, hunts: "a blocked kernel that mishandles the mask",
          clauses: chapters, request(.forward, model, c: c, t: t, [CaseInputs.text(33, below: 11, seed: 70)], .base)))
    }
    let prompt = Array("LoMA replaces the text it has read by a few memory tokens.".utf8).map(Int.init)
    cases.append(
      .tensors(
        "model.forward.bytes.prompt", .model, hunts: "ids that are not small", clauses: chapters + ["PAR-2"],
        request(.forward, .bytes, c: 4, t: 2, [prompt], .base)))
    return cases
  }

  private static var captures: [Case] {
    let texts = [CaseInputs.text(9, below: 11, seed: 80)]
    let names: [(String, [String])] = [
      ("hidden", ["hidden.0", "hidden.1", "hidden.2", "final_norm"]),
      (
        "attention",
        ["norm", "query", "key", "value", "probabilities", "context", "output"].map { "layers.1.attention.\($0)" }
      ),
      (
        "feed-forward",
        ["layers.0.middle"] + ["norm", "gate", "up", "activation", "output"].map { "layers.0.feed_forward.\($0)" }
      ),
    ]
    return names.map { what, names in
      .tensors(
        "model.forward.gqa.captures-\(what)", .model, hunts: "the stage at which a port goes wrong",
        clauses: ["MOD-7", "MSK-12"], request(.forward, .gqa, c: 2, t: 2, texts, .base, captures: names))
    }
  }

  private static var embedded: [Case] {
    [CaseModel.gqa, .mqa].map { model in
      let texts = [CaseInputs.text(9, below: 11, seed: 90)]
      let embeddings = CaseInputs.normal(
        "embeddings", shape: [1, 21, model.hidden], deviation: 1, mean: 0, seed: 91)
      return .tensors(
        "model.forward.\(model.name).embeddings", .model, hunts: "embeddings that are given and not used",
        clauses: ["OPS-4"], request(.forward, model, c: 2, t: 2, texts, .base, more: [embeddings]))
    }
  }

  /// Texts for which a mean over the wrong rows, or a wrong softmax, is far off even in bf16.
  private static var chosenLosses: [Case] {
    let likely = [1, 1, 1, 1, 1, 1, 1, 8, 6, 6, 6, 6, 6]
    let singles = [[4, 9]] + (0..<9).map { [$0] }
    let chosen: [(String, CaseModel, Int, Int, [[Int]], String)] = [
      ("likely-and-unlikely", .mqa, 2, 2, [likely, [3, 1]], "means per text"),
      ("special-ids-likely", .mqa, 2, 2, [[0, 8]], "special ids left out of the softmax"),
      ("single-tokens", .mha, 1, 1, singles, "one mean over the rows of both terms"),
    ]
    return chosen.map { what, model, c, t, texts, hunts in
      .tensors(
        "model.loss.\(model.name).\(what)", .model, hunts: hunts, clauses: ["LOS-1", "LOS-4", "LOS-5"],
        request(.loss, model, c: c, t: t, texts, .base))
    }
  }

  private static var losses: [Case] {
    var cases: [Case] = []
    for profile in Profile.firstAlternatives {
      cases.append(
        .tensors(
          "model.loss.gqa.\(profile.slug)", .model, hunts: "labels that do not follow \(profile.name)",
          clauses: ["LOS-1", "LOS-2", "LOS-3", "LOS-4", "LOS-5"],
          request(.loss, .gqa, c: 2, t: 2, [CaseInputs.text(13, below: 11, seed: 100)], profile)))
    }
    let more: [(String, CaseModel, [Int], String)] = [
      ("ragged", .gqa, [13, 2, 5], "means per text, or pads that count"), ("empty", .mha, [0], "an empty mean not 0"),
      ("one-token", .mha, [1], "the last token labelled"), ("no-full-chunk", .mqa, [3], "a repetition loss of nothing"),
      ("full-chunks", .deep, [8], "the border label missing"),
      ("empty-among", .gqa, [0, 9], "an empty text that counts"),
    ]
    for (what, model, lengths, hunts) in more {
      cases.append(
        .tensors(
          "model.loss.\(model.name).\(what)", .model, hunts: hunts, clauses: ["LOS-1", "LOS-4", "LOS-5", "MSK-11"],
          request(.loss, model, c: 2, t: 2, CaseInputs.texts(lengths, below: 11, seed: 101), .base)))
    }
    return cases + chosenLosses
  }
}
