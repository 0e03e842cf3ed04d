// LAT-14, LAT-15, LAT-17: whole models: forward passes with captures, gradients, generation and properties.

import LoMAAnswers
import LoMACatalogue
import LoMAPeers
import LoMAVectors

/// Models on texts.
enum LatentModelCases {
  static var all: [Case] { profiles + points + widths + captures + embedded + gradients + generation + properties }

  /// The types of a case of a model: codes have borders that narrow types cross.
  private static func types(_ model: LatentCaseModel) -> [String] {
    model.isQuantised ? NumberType.preciseWords : NumberType.words
  }

  private static func item(
    _ id: String, _ level: Level, _ model: LatentCaseModel, hunts: String, clauses: [String], _ request: Request
  ) -> Case? {
    Case.tensors(id, level, hunts: hunts, clauses: clauses + Self.clauses(of: model), request).asked(in: types(model))
  }

  /// The clauses of what a model stores and how it is read.
  static func clauses(of model: LatentCaseModel) -> [String] {
    switch model.stores {
    case .heads: return ["LAT-8"]
    case .latent(let widths):
      let quantised =
        !model.isQuantised
        ? []
        : [model.profile.quantiser == .symmetric ? "QNT-2" : "QNT-1"]
          + (model.profile.scaleRounding == .bf16 ? ["QNT-3"] : [])
      return ["LAT-4", "LAT-5", "LAT-6"] + quantised + (widths.rotated > 0 ? ["LAT-3"] : [])
        + (model.stride > 1 ? ["LAT-2"] : [])
    }
  }

  // MARK: - Forward

  private static func forward(
    _ what: String, _ model: LatentCaseModel, _ lengths: [Int] = [6], seed: UInt64, hunts: String, more: [String] = [],
    embeddings: UInt64? = nil, captures: [String] = []
  ) -> Case? {
    let texts = LatentTexts(lengths, seed: seed)
    return item(
      "model.latent_forward.\(what)", .model, model, hunts: hunts, clauses: more,
      texts.request(
        .latentForward, model, arrays: embeddings.map { [texts.embeddings(seed: $0)] } ?? [], captures: captures))
  }

  private static var profiles: [Case] {
    LatentCaseModel.ofProfiles.compactMap { model in
      forward(
        String(model.name.dropFirst(4)), model, [5], seed: 1400, hunts: "\(model.profile.name) not followed",
        more: ["LAT-1", "LAT-10"])
    }
  }

  private static var points: [Case] {
    [
      forward(
        "mla", .mla, [6], seed: 1411, hunts: "a latent or a query latent that is not normalised", more: ["LAT-10"]),
      forward(
        "mla-direct", .direct, [5], seed: 1412, hunts: "rms_norm_eps taken for the latents' ε, or the other way round"),
      forward("cla", .cla, [6], seed: 1413, hunts: "a consumer that makes keys of its own", more: ["LAT-2", "LAT-9"]),
      forward("clla", .clla, [6], seed: 1414, hunts: "numbers that are not quantised, or not as one group"),
      forward("ragged", .mla, [2, 5, 1], seed: 1415, hunts: "pads that leak, or on the left", more: ["LAT-12"]),
      forward("ragged-cla", .cla, [4, 1], seed: 1416, hunts: "pads that leak, or on the left", more: ["LAT-12"]),
      forward("ragged-clla", .clla, [1, 4], seed: 1417, hunts: "a scale over rows, pads among them", more: ["LAT-12"]),
      forward("single-token", .stride2, [1], seed: 1418, hunts: "a text of one token"),
    ].compactMap { $0 }
  }

  private static var widths: [Case] {
    [
      forward("stride-2", .stride2, seed: 1421, hunts: "a consumer that reads with its producer's up-projections"),
      forward("stride-2-shared", .shared, seed: 1422, hunts: "a consumer that looks for up-projections of its own"),
      forward("stride-3", .stride3, seed: 1423, hunts: "groups counted from layer 1, or a latent that is normed"),
      forward("stride-4", .stride4, seed: 1424, hunts: "each layer reading the entries of the one before"),
      forward("no-rotated", .noRotated, seed: 1425, hunts: "plain channels that are rotated"),
      forward("no-plain", .noPlain, seed: 1426, hunts: "a head without plain channels refused"),
      forward("cla-1", .ordinary, seed: 1427, hunts: "a Llama that is not one under a stride of 1", more: ["MOD-4"]),
      forward("cla-3", .cla3, seed: 1428, hunts: "keys that are rotated again where they are read", more: ["LAT-2"]),
      forward("groups", .groups, seed: 1429, hunts: "one group for the latent, or the latent's bits for the key"),
      forward("rotated-bits", .rotatedBits, seed: 1430, hunts: "the latent quantised with the key's bits"),
      forward("fine", .fine, seed: 1431, hunts: "a scale stored in few bits, or 2^b steps"),
    ].compactMap { $0 }
  }

  private static var captures: [Case] {
    func attention(_ layer: Int, _ names: [String]) -> [String] { names.map { "layers.\(layer).attention.\($0)" } }
    let read = ["norm", "query", "probabilities", "context", "output"]
    return [
      forward(
        "captures-entries", .stride2, [3, 2], seed: 1441, hunts: "the stage at which a port goes wrong",
        more: ["LAT-14"],
        captures: attention(0, ["latent", "rotated_key", "stored_latent", "stored_rotated_key"]) + attention(1, read)),
      forward(
        "captures-codes", .groups, [4], seed: 1442, hunts: "the latent cached before the quantiser", more: ["LAT-14"],
        captures: attention(0, ["latent", "rotated_key", "stored_latent", "stored_rotated_key", "context"])),
      forward(
        "captures-cla", .cla, [3], seed: 1443, hunts: "the stage at which a port goes wrong",
        more: ["LAT-14", "MOD-7"],
        captures: attention(2, ["key", "value"]) + attention(3, read)),
      forward(
        "captures-hidden", .mla, [3], seed: 1444, hunts: "the stage at which a port goes wrong", more: ["MOD-7"],
        captures: ["hidden.0", "hidden.1", "hidden.2", "final_norm", "layers.1.middle"]
          + ["norm", "gate", "up", "activation", "output"].map { "layers.0.feed_forward.\($0)" }),
    ].compactMap { $0 }
  }

  private static var embedded: [Case] {
    [
      forward(
        "embeddings", .mla, [4, 2], seed: 1451, hunts: "embeddings that are given and not used", more: ["LAT-14"],
        embeddings: 1452),
      forward(
        "embeddings-clla", .clla, [4], seed: 1453, hunts: "embeddings that are given and not used", more: ["LAT-14"],
        embeddings: 1454),
    ].compactMap { $0 }
  }

  // MARK: - Gradients

  private static func gradients(
    _ what: String, _ model: LatentCaseModel, _ lengths: [Int], seed: UInt64, hunts: String, more: [String] = []
  ) -> Case? {
    item(
      "training.latent_gradients.\(what)", .training, model, hunts: hunts, clauses: ["LAT-14"] + more,
      LatentTexts(lengths, seed: seed).request(.latentGradients, model))
  }

  private static var gradients: [Case] {
    [
      gradients("mla", .mla, [5], seed: 1501, hunts: "a gradient that does not pass the norm of a latent"),
      gradients("mla-direct", .direct, [4, 3], seed: 1502, hunts: "a gradient of one head's rotated key alone"),
      gradients(
        "stride-2", .stride2, [5], seed: 1503, hunts: "a producer that hears nothing of its consumers", more: ["LAT-2"]),
      gradients("stride-2-shared", .shared, [4], seed: 1504, hunts: "shared up-projections that count once"),
      gradients("stride-3", .stride3, [4, 1, 2], seed: 1505, hunts: "means per text, or gradients of pads"),
      gradients("no-plain", .noPlain, [4], seed: 1506, hunts: "gradients of plain channels that are not there"),
      gradients("cla", .cla, [5], seed: 1507, hunts: "keys and values that one layer alone trains"),
      gradients(
        "clla", .clla, [5], seed: 1508, hunts: "a gradient that is cut at the quantiser, or goes by its steps"),
      gradients("groups", .groups, [4], seed: 1509, hunts: "a gradient that goes through lo and Δ"),
      gradients(
        "symmetric", LatentCaseModel.ofProfiles.last ?? .groups, [4], seed: 1510,
        hunts: "a gradient that goes through Δ alone"),
      gradients("no-label", .mla, [1, 1], seed: 1511, hunts: "a division by no labelled row"),
    ].compactMap { $0 }
  }

  // MARK: - Generation

  static func generateRequest(
    _ model: LatentCaseModel, _ text: [Int], generate m: Int, forced: [Int]? = nil
  ) -> Request {
    LatentTexts(of: [text]).request(
      .latentGenerate, model, ["generate": .integer(m)],
      arrays: forced.map { [CaseInputs.integers("forced", $0)] } ?? [])
  }

  private static func generate(
    _ what: String, _ model: LatentCaseModel, length: Int, seed: UInt64, generate m: Int, forced: [Int]? = nil,
    hunts: String, more: [String] = []
  ) -> Case? {
    item(
      "generation.latent_generate.\(what)", .generation, model, hunts: hunts, clauses: ["LAT-9", "LAT-15"] + more,
      generateRequest(
        model, LatentTexts([length], seed: seed).texts[0], generate: m, forced: forced))
  }

  private static var generation: [Case] {
    [
      generate("mla", .mla, length: 4, seed: 1601, generate: 3, hunts: "a cache of the latent before its norm"),
      generate("mla-direct", .direct, length: 3, seed: 1602, generate: 3, hunts: "a rotated key cached unrotated"),
      generate("cla", .cla, length: 4, seed: 1603, generate: 3, hunts: "entries of consumers in the cache"),
      generate("clla", .clla, length: 4, seed: 1604, generate: 3, hunts: "a scale that later tokens change"),
      generate("stride-2-shared", .shared, length: 3, seed: 1605, generate: 3, hunts: "up-projections of the reader"),
      generate(
        "stride-3", .stride3, length: 3, seed: 1614, generate: 2,
        hunts: "a latent that is normalised although its norm is off"),
      generate("stride-4", .stride4, length: 3, seed: 1606, generate: 2, hunts: "a cache of four producers"),
      generate("groups", .groups, length: 4, seed: 1607, generate: 3, hunts: "codes of another group or of other bits"),
      generate(
        "symmetric", LatentCaseModel.ofProfiles.last ?? .groups, length: 4, seed: 1608, generate: 2,
        hunts: "codes that are never negative"),
      generate(
        "rotated-bits", .rotatedBits, length: 3, seed: 1609, generate: 2, hunts: "codes of a latent without bits"),
      generate("no-rotated", .noRotated, length: 3, seed: 1610, generate: 2, hunts: "an empty tensor left out"),
      generate(
        "forced", .mla, length: 2, seed: 1611, generate: 4, forced: [3, 9, 0, 7],
        hunts: "the chosen token fed instead of the forced one, or forced tokens returned as chosen"),
      generate(
        "nothing", .stride2, length: 4, seed: 1612, generate: 0, hunts: "a token chosen where none is asked for"),
      generate("one-token", .cla3, length: 1, seed: 1613, generate: 1, hunts: "the last chosen token fed"),
    ].compactMap { $0 }
  }

  // MARK: - Properties

  private static func property(
    _ property: Property, _ what: String, _ model: LatentCaseModel, hunts: String, clauses: [String],
    _ request: Request,
    types: [String]? = nil
  ) -> Case {
    Case(
      id: "property.\(property.rawValue).lat.\(what)", since: Versions.frozen, level: .property, hunts: hunts,
      clauses: clauses.sorted(),
      request: Request(
        request.operation, axes: request.axes,
        parameters: request.parameters.adding(model.answerForm),
        model: request.model, input: request.input, captures: []),
      expectation: .property(property), dtypes: types ?? Self.types(model))
  }

  private static func cache(_ what: String, _ model: LatentCaseModel, seed: UInt64) -> Case {
    property(
      .cache, what, model, hunts: "a text token by token that is not the text at once", clauses: ["LAT-9", "LAT-17"],
      // Forced, since the questions are fixed before the first answer.
      generateRequest(model, LatentTexts([3], seed: seed).texts[0], generate: 4, forced: [7, 2, 0, 10]))
  }

  private static var properties: [Case] {
    func interference(_ what: String, _ model: LatentCaseModel, seed: UInt64) -> Case {
      let texts = LatentTexts([5], seed: seed)
      return property(
        .interference, what, model, hunts: "a row that sees a later one, or not all before it",
        clauses: ["LAT-12", "MSK-12"],
        texts.request(
          .latentForward, model,
          arrays: [texts.embeddings(seed: seed + 1), texts.replacements(seed: seed + 2)]),
        types: ContextPropertyCases.interferenceTypes)
    }
    return [
      cache("mla", .mla, seed: 1701), cache("cla", .cla, seed: 1702), cache("clla", .clla, seed: 1703),
      cache("stride-2-shared", .shared, seed: 1704), cache("groups", .groups, seed: 1705),
      interference("mla", .shallow, seed: 1711), interference("cla", .shallowHeads, seed: 1721),
      property(
        .batch, "mla", .mla, hunts: "pads that leak, or texts that do", clauses: ["LAT-12"],
        LatentTexts([4, 1, 3], seed: 1731).request(.latentForward, .mla)),
      property(
        .batch, "clla", .clla, hunts: "a scale over the rows of a batch", clauses: ["LAT-4", "LAT-12"],
        LatentTexts([2, 4], seed: 1732).request(.latentForward, .clla)),
      property(
        .repeat, "mla", .mla, hunts: "answers that differ from run to run", clauses: ["OPS-7"],
        LatentTexts([4], seed: 1733).request(.latentForward, .mla)),
    ]
  }
}

extension LatentCaseModel {
  /// What a judge must know of the model to know the form of an answer, as parameters of a property case (LAT-17).
  var answerForm: [String: RequestParameter] {
    let vocabulary: [String: RequestParameter] = ["model_vocabulary": .integer(Self.vocabulary)]
    guard case .latent(let widths) = stores, isQuantised else { return vocabulary }
    return vocabulary.adding([
      "bits": .integer(widths.bits ?? 0), "rotated_bits": .integer(widths.rotated > 0 ? widths.rotatedBits ?? 0 : 0),
    ])
  }
}
