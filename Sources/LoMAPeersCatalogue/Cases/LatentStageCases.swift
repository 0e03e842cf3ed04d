// LAT-13: the structure and stage levels of chapters 17 and 18.

import LoMAAnswers
import LoMACatalogue
import LoMAPeers
import LoMAVectors
import NaiveLlama

/// Costs, the quantiser and attention over entries, on given numbers.
enum LatentStageCases {
  static var all: [Case] { costs + codes + attentions }

  // MARK: - Costs

  private static func cost(
    _ what: String, _ parameters: KeyValuePairs<String, Int>, _ profile: LatentProfile = .base, hunts: String,
    clauses: [String]
  ) -> Case {
    .tensors(
      "structure.latent_cost.\(what)", .structure, hunts: hunts, clauses: clauses + ["LAT-2", "LAT-11"],
      costRequest(parameters, profile))
  }

  static func costRequest(_ parameters: KeyValuePairs<String, Int>, _ profile: LatentProfile = .base) -> Request {
    Request(
      .peer(.latentCost), axes: profile.axes,
      parameters: Dictionary(uniqueKeysWithValues: parameters.map { ($0.key, .integer($0.value)) }), model: nil,
      input: CaseInputs.file([]), captures: [])
  }

  private static var costs: [Case] {
    let symmetric = LatentProfile.chosen([.quantiser: "symmetric"])
    let heads = LatentProfile.chosen([.entries: "heads"])
    return [
      cost(
        "mla",
        [
          "layers": 61, "stride": 1, "bits": 0, "rotated_bits": 0, "latent_width": 512, "rotated_width": 64,
        ], hunts: "a rotated key counted for every head", clauses: ["QNT-4"]),
      cost(
        "clla",
        [
          "layers": 32, "stride": 2, "bits": 4, "rotated_bits": 0, "latent_width": 512, "rotated_width": 64,
        ], hunts: "scales that are not counted, or a rotated key counted with the latent's bits", clauses: ["QNT-4"]),
      cost(
        "cla", ["layers": 5, "stride": 2, "kv_heads": 2, "head_dim": 16], heads,
        hunts: "a last group that is shorter not counted, or values not counted", clauses: ["LAT-8"]),
      cost(
        "groups",
        [
          "layers": 7, "stride": 3, "bits": 3, "rotated_bits": 8, "group": 64, "latent_width": 512, "rotated_width": 64,
        ], hunts: "one pair of scales for all groups", clauses: ["QNT-4"]),
      cost(
        "symmetric",
        [
          "layers": 4, "stride": 2, "bits": 2, "rotated_bits": 4, "group": 8, "latent_width": 24, "rotated_width": 6,
        ], symmetric, hunts: "a lower end counted where there is none", clauses: ["QNT-4"]),
      cost(
        "no-rotated-key",
        [
          "layers": 3, "stride": 1, "bits": 4, "rotated_bits": 4, "latent_width": 8, "rotated_width": 0,
        ], hunts: "scales of a key that has no channel", clauses: ["QNT-4"]),
      cost(
        "one-writer",
        [
          "layers": 6, "stride": 6, "bits": 0, "rotated_bits": 4, "latent_width": 16, "rotated_width": 4,
        ], hunts: "a stride counted from layer 1", clauses: []),
      cost(
        "stride-beyond-layers",
        [
          "layers": 2, "stride": 5, "bits": 1, "rotated_bits": 0, "latent_width": 4, "rotated_width": 2,
        ], hunts: "layers divided by the stride and rounded down", clauses: []),
      cost(
        "most-bits",
        [
          "layers": 1, "stride": 1, "bits": 24, "rotated_bits": 24, "group": 1, "latent_width": 3, "rotated_width": 2,
        ], hunts: "more bits than without a quantiser refused", clauses: ["QNT-4", "LAT-1"]),
      cost(
        "one-head", ["layers": 4, "stride": 3, "kv_heads": 1, "head_dim": 2], heads,
        hunts: "bytes for bits", clauses: ["LAT-8"]),
    ]
  }

  // MARK: - The quantiser

  /// The types in which right roundings move a quotient by at most a quarter of a code (LAT-18).
  static func types(bits: Int, fills: Bool = false) -> [String] {
    NumberType.allCases.filter { type in
      guard let precision = ElementType(word: type.rawValue).flatMap({ Precision.of($0) }) else { return false }
      let isExact = !fills || NumberType.preciseWords.contains(type.rawValue)
      return isExact && 4 * precision.output * Double(1 << bits) <= 0.25
    }.map { $0.rawValue }
  }

  static func quantiseRequest(_ x: NamedArray, bits: Int, group: Int, _ profile: LatentProfile = .base) -> Request {
    Request(
      .peer(.quantise), axes: profile.axes, parameters: ["bits": .integer(bits), "group": .integer(group)], model: nil,
      input: CaseInputs.file([x]), captures: [])
  }

  private static func codes(
    _ what: String, _ x: NamedArray, bits: Int, group: Int, _ profile: LatentProfile = .base, hunts: String,
    clauses: [String], fills: Bool = false
  ) -> Case? {
    Case.tensors(
      "stage.quantise.\(what)", .stage, hunts: hunts, clauses: clauses + ["LAT-18"],
      quantiseRequest(x, bits: bits, group: group, profile)
    ).asked(in: types(bits: bits, fills: fills))
  }

  private static var codes: [Case] {
    let symmetric = LatentProfile.chosen([.quantiser: "symmetric"])
    let rounded = LatentProfile.chosen([.scaleRounding: "bf16"])
    let both = LatentProfile.chosen([.quantiser: "symmetric", .scaleRounding: "bf16"])
    func drawn(_ shape: [Int], seed: UInt64, mean: Double = 0, fills: Bool = false) -> NamedArray {
      CaseInputs.normal("x", shape: shape, deviation: 1, mean: mean, seed: seed, fills: fills)
    }
    func given(_ shape: [Int], _ values: [Double]) -> NamedArray { CaseInputs.numbers("x", shape: shape, values) }
    return [
      codes(
        "halves", given([2, 5], [0, 0.5, 1.5, 2.5, 3, -1, 2, -0.5, 0.5, 1.5]), bits: 2, group: 5,
        hunts: "halves away from zero, or up", clauses: ["QNT-1", "QNT-5"]),
      codes(
        "halves-symmetric", given([1, 8], [-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 7]), bits: 4, group: 8, symmetric,
        hunts: "halves away from zero, or up", clauses: ["QNT-2", "QNT-5"]),
      codes(
        "halves-fine", given([1, 6], [-8, -7.75, -7.25, -6.75, 55.25, 55.75]), bits: 7, group: 6,
        hunts: "a half rounded down since it is not one in a narrow type", clauses: ["QNT-1", "QNT-5"]),
      codes(
        "four-bits", drawn([4, 8], seed: 1201), bits: 4, group: 8,
        hunts: "2^b steps for 2^b − 1, truncated codes, or one scale for all rows", clauses: ["QNT-1"]),
      codes(
        "groups", drawn([3, 12], seed: 1202), bits: 3, group: 3, hunts: "one group for the whole row, or by columns",
        clauses: ["LAT-4", "QNT-1"]),
      codes(
        "one-bit", drawn([3, 6], seed: 1203), bits: 1, group: 6, hunts: "one bit refused, or a step divided by 0",
        clauses: ["QNT-1"]),
      codes(
        "symmetric", drawn([4, 8], seed: 1204, mean: 1), bits: 3, group: 4, symmetric,
        hunts: "asymmetric codes, or a code below −(2^(b−1) − 1)", clauses: ["QNT-2"]),
      codes(
        "symmetric-two-bits", drawn([3, 6], seed: 1205), bits: 2, group: 6, symmetric,
        hunts: "2^(b−1) steps on each side", clauses: ["QNT-2"]),
      codes(
        "negative", given([1, 4], [-5, -0.25, -1, -3.5]), bits: 3, group: 4, symmetric,
        hunts: "the largest number for the largest magnitude", clauses: ["QNT-2"]),
      codes(
        "constant", given([2, 4], [0.75, 0.75, 0.75, 0.75, -1, -1, 2, 2]), bits: 4, group: 2,
        hunts: "NaN where all numbers of a group are equal", clauses: ["QNT-1"]),
      codes(
        "zeros-symmetric", given([1, 6], [0, 0, 0, 1, 0, -1]), bits: 4, group: 3, symmetric,
        hunts: "NaN where all numbers of a group are 0", clauses: ["QNT-2"]),
      codes(
        "alone", drawn([2, 4], seed: 1207), bits: 2, group: 1, hunts: "a group of one number divided by 0",
        clauses: ["LAT-1", "QNT-1"]),
      codes(
        "scales-in-bf16", drawn([4, 8], seed: 1208, mean: 3), bits: 4, group: 4, rounded,
        hunts: "codes computed before lo and Δ are rounded", clauses: ["QNT-3"]),
      codes(
        "out-of-range", given([2, 4], [1000.25, 1000.5, 1003.75, 1001, -77.25, -77.125, -77, -76.5]), bits: 4, group: 4,
        rounded, hunts: "a code that leaves its range since lo is rounded", clauses: ["QNT-1", "QNT-3"], fills: true),
      codes(
        "symmetric-scales-in-bf16", drawn([3, 8], seed: 1209), bits: 4, group: 8, both,
        hunts: "a step that is not rounded in the symmetric form", clauses: ["QNT-2", "QNT-3"]),
      codes(
        "sixteen-bits", drawn([2, 8], seed: 1210, fills: true), bits: 16, group: 8,
        hunts: "codes that do not fit a byte", clauses: ["QNT-1"], fills: true),
      codes(
        "most-bits", drawn([2, 6], seed: 1211, fills: true), bits: 24, group: 6,
        hunts: "codes computed in fewer bits than they have", clauses: ["QNT-1"], fills: true),
    ].compactMap { $0 }
  }

  // MARK: - Attention

  /// Queries over K entries of which each sees itself and those before it, the queries being the last rows.
  static func attentionRequest(
    heads: Int, plain: Int, rotated: Int, value: Int, latent: Int, queries: Int, entries: Int, seed: UInt64,
    fills: Bool = false, hidden: Set<Int> = []
  ) -> Request {
    func drawn(_ name: String, _ shape: [Int], _ offset: UInt64, deviation: Double = 1) -> NamedArray {
      CaseInputs.normal(name, shape: shape, deviation: deviation, mean: 0, seed: seed + offset, fills: fills)
    }
    let cells = (0..<queries).flatMap { row in
      (0..<entries).map { key in
        let own = entries - queries + row
        return key == own || key < own && !hidden.contains(key)
      }
    }
    let mask = CaseInputs.make { () throws(ContainerError) in
      try NamedArray("mask", shape: [queries, entries], booleans: cells)
    }
    return Request(
      .peer(.latentAttention), axes: [:],
      parameters: [
        "heads": .integer(heads), "plain_width": .integer(plain), "rotated_width": .integer(rotated),
        "value_width": .integer(value),
      ], model: nil,
      input: CaseInputs.file([
        drawn("query", [queries, heads * (plain + rotated)], 0), drawn("latent", [entries, latent], 1),
        drawn("rotated_key", [entries, rotated], 2),
        drawn("kv_b_proj", [heads * (plain + value), latent], 3, deviation: 1.5 / Double(latent).squareRoot()), mask,
      ]), captures: [])
  }

  private static func attention(
    _ what: String, _ request: Request, hunts: String, more: [String] = [], types: [String] = NumberType.words
  ) -> Case? {
    Case.tensors(
      "stage.latent_attention.\(what)", .stage, hunts: hunts, clauses: ["LAT-5", "LAT-6", "LAT-18"] + more, request
    ).asked(in: types)
  }

  private static var attentions: [Case] {
    [
      attention(
        "mla",
        attentionRequest(
          heads: 3, plain: 4, rotated: 2, value: 5, latent: 6, queries: 5, entries: 5, seed: 1301),
        hunts: "values before keys in kv_b_proj, or rotated channels first", more: ["LAT-10"]),
      attention(
        "past",
        attentionRequest(heads: 2, plain: 2, rotated: 4, value: 3, latent: 8, queries: 2, entries: 6, seed: 1311),
        hunts: "queries taken for the first rows of the cache", more: ["LAT-7"]),
      attention(
        "no-rotated-key",
        attentionRequest(heads: 2, plain: 4, rotated: 0, value: 4, latent: 4, queries: 4, entries: 4, seed: 1321),
        hunts: "an empty key refused, or a scale of d_r"),
      attention(
        "no-plain-key",
        attentionRequest(heads: 3, plain: 0, rotated: 4, value: 2, latent: 5, queries: 4, entries: 4, seed: 1331),
        hunts: "a head without plain channels refused"),
      attention(
        "hidden",
        attentionRequest(
          heads: 2, plain: 3, rotated: 2, value: 4, latent: 6, queries: 4, entries: 6, seed: 1341, hidden: [0, 3]),
        hunts: "hidden entries that are seen", more: ["LAT-9", "MSK-12"]),
      attention(
        "wide-latent",
        attentionRequest(heads: 2, plain: 2, rotated: 2, value: 2, latent: 32, queries: 3, entries: 5, seed: 1351),
        hunts: "a scale by the latent's width", more: ["LAT-7"]),
      attention(
        "all-bits",
        attentionRequest(
          heads: 2, plain: 4, rotated: 4, value: 4, latent: 8, queries: 4, entries: 4, seed: 1361, fills: true),
        hunts: "numbers rounded to a narrow type", types: NumberType.preciseWords),
      attention(
        "one-entry",
        attentionRequest(heads: 1, plain: 1, rotated: 2, value: 1, latent: 1, queries: 1, entries: 1, seed: 1371),
        hunts: "a softmax over one entry that is not 1"),
    ].compactMap { $0 }
  }
}
