// LAT-16: the rejection level of chapters 17 and 18: bad input, and the code that is the right answer. Where a request has
// several faults, the code that comes first in the list is right.

import LoMAAnswers
import LoMACatalogue
import LoMAPeers
import LoMAVectors

/// A case for each fault, and for each pair of faults whose order a port may get wrong.
enum LatentRejectionCases {
  static var all: [Case] { profiles + costs + stages + texts + models + orders }

  private static let answered = "bad input that is answered, or that ends the program"

  private static func rejected(
    _ what: String, _ code: String, clauses: [String], hunts: String, _ request: Request
  ) -> Case {
    let operation = request.operation
    return Case(
      id: "rejection.\(operation.rawValue).\(what)", since: Versions.frozen, level: .rejection, hunts: hunts,
      clauses: clauses.sorted(), request: request, expectation: .rejection(code),
      dtypes: operation.level == .structure ? [NumberType.integerWord] : NumberType.words)
  }

  /// A request of a model with some parts replaced.
  private static func ofModel(
    _ operation: PeerOperation, axes: [String: String]? = nil, integers: [String: [Int]] = [:], generate m: Int = 2,
    model: String? = nil, of usual: LatentCaseModel = .shallow
  ) -> Request {
    let right = LatentTexts([2, 3], seed: 1801)
    let texts = operation == .latentGenerate ? LatentTexts(of: [right.texts[1]]) : right
    let request = texts.request(
      operation, usual, operation == .latentGenerate ? ["generate": .integer(m)] : [:])
    var arrays = request.input.arrays.filter { integers[$0.name] == nil }
    for (name, values) in integers.sorted(by: { $0.key < $1.key }) { arrays.append(CaseInputs.integers(name, values)) }
    return Request(
      request.operation, axes: axes ?? request.axes, parameters: request.parameters, model: model ?? usual.path,
      input: CaseInputs.file(arrays), captures: [])
  }

  private static var profiles: [Case] {
    let x = CaseInputs.numbers("x", shape: [1, 2], [0, 1])
    func quantised(_ axes: [String: String]) -> Request {
      let right = LatentStageCases.quantiseRequest(x, bits: 4, group: 2)
      return Request(
        right.operation, axes: axes, parameters: right.parameters, model: nil, input: right.input, captures: [])
    }
    return [
      rejected(
        "unknown-axis", "unknown-axis", clauses: ["LAT-1"], hunts: "an axis of another chapter taken for one of this",
        ofModel(.latentForward, axes: ["memory": "concat"])),
      rejected(
        "unknown-axis", "unknown-axis", clauses: ["LAT-1"], hunts: answered, quantised(["rounding": "half-even"])),
      rejected(
        "unknown-alternative", "unknown-alternative", clauses: ["LAT-1"], hunts: answered,
        quantised(["quantiser": "uniform"])),
      rejected(
        "unknown-alternative", "unknown-alternative", clauses: ["LAT-1"], hunts: answered,
        ofModel(.latentGenerate, axes: ["entries": "keys"])),
      rejected(
        "unknown-alternative", "unknown-alternative", clauses: ["LAT-1"], hunts: "an axis that has no effect not read",
        LatentStageCases.attentionRequest(
          heads: 1, plain: 2, rotated: 2, value: 2, latent: 2, queries: 1, entries: 1, seed: 1802
        ).under(["scale_rounding": "f16"])),
    ]
  }

  private static func cost(
    _ what: String, _ code: String, clauses: [String], hunts: String = answered,
    _ changes: KeyValuePairs<String, Int>, heads: Bool = false
  ) -> Case {
    let right =
      heads
      ? LatentStageCases.costRequest(
        ["layers": 4, "stride": 2, "kv_heads": 2, "head_dim": 4], .chosen([.entries: "heads"]))
      : LatentStageCases.costRequest([
        "layers": 4, "stride": 2, "bits": 4, "rotated_bits": 0, "group": 4, "latent_width": 8, "rotated_width": 2,
      ])
    let changed = Dictionary(uniqueKeysWithValues: changes.map { ($0.key, RequestParameter.integer($0.value)) })
    return rejected(
      what, code, clauses: clauses, hunts: hunts,
      Request(
        right.operation, axes: right.axes, parameters: right.parameters.adding(changed), model: nil, input: right.input,
        captures: []))
  }

  private static var costs: [Case] {
    [
      cost("stride-zero", "stride-out-of-range", clauses: ["LAT-1"], ["stride": 0]),
      cost("no-latent", "latent-width-out-of-range", clauses: ["LAT-1"], ["latent_width": 0]),
      cost("odd-rotated", "odd-rotated-width", clauses: ["LAT-1"], ["rotated_width": 3]),
      cost("negative-bits", "bits-out-of-range", clauses: ["QNT-1"], ["bits": -1]),
      cost("rotated-bits", "bits-out-of-range", clauses: ["QNT-1"], ["rotated_bits": 25]),
      cost("group-zero", "group-does-not-divide", clauses: ["LAT-1"], hunts: "0 taken for one group", ["group": 0]),
      cost("group", "group-does-not-divide", clauses: ["LAT-1"], ["group": 3]),
      cost("no-layer", "cache-size-out-of-range", clauses: ["LAT-11"], ["layers": 0]),
      cost("no-head", "cache-size-out-of-range", clauses: ["LAT-11"], ["kv_heads": 0], heads: true),
      cost("overflow", "cache-size-out-of-range", clauses: ["LAT-11"], ["kv_heads": 1 << 61], heads: true),
      cost("first.stride-and-width", "stride-out-of-range", clauses: ["LAT-16"], ["stride": -1, "latent_width": 0]),
      cost("first.bits-and-group", "bits-out-of-range", clauses: ["LAT-16"], ["bits": 25, "group": 5]),
    ]
  }

  private static var stages: [Case] {
    let x = CaseInputs.normal("x", shape: [2, 6], deviation: 1, mean: 0, seed: 1803)
    func quantised(_ bits: Int, _ group: Int, _ profile: LatentProfile = .base) -> Request {
      LatentStageCases.quantiseRequest(x, bits: bits, group: group, profile)
    }
    func attended(plain: Int, rotated: Int, value: Int) -> Request {
      LatentStageCases.attentionRequest(
        heads: 2, plain: plain, rotated: rotated, value: value, latent: 4, queries: 2, entries: 2, seed: 1804)
    }
    return [
      rejected(
        "no-bits", "bits-out-of-range", clauses: ["QNT-1"], hunts: "0 taken for none where codes are asked for",
        quantised(0, 6)),
      rejected("too-many-bits", "bits-out-of-range", clauses: ["QNT-1"], hunts: answered, quantised(25, 6)),
      rejected(
        "one-bit-symmetric", "bits-out-of-range", clauses: ["QNT-2"], hunts: "a step divided by 0",
        quantised(1, 6, .chosen([.quantiser: "symmetric"]))),
      rejected("group", "group-does-not-divide", clauses: ["LAT-1"], hunts: answered, quantised(4, 4)),
      rejected("group-zero", "group-does-not-divide", clauses: ["LAT-1"], hunts: answered, quantised(4, 0)),
      rejected("first.bits-and-group", "bits-out-of-range", clauses: ["LAT-16"], hunts: answered, quantised(-3, 4)),
      rejected(
        "odd-rotated", "odd-rotated-width", clauses: ["LAT-1"], hunts: answered,
        attended(plain: 1, rotated: 3, value: 2)),
      rejected(
        "no-key", "head-width-out-of-range", clauses: ["LAT-1"], hunts: "a scale of 1/√0",
        attended(plain: 0, rotated: 0, value: 2)),
      rejected(
        "no-value", "head-width-out-of-range", clauses: ["LAT-1"], hunts: answered,
        attended(plain: 2, rotated: 0, value: 0)),
    ]
  }

  private static var texts: [Case] {
    let vocabulary = LatentCaseModel.vocabulary
    return [
      rejected(
        "empty-text", "text-empty", clauses: ["LAT-12"], hunts: "a text without tokens skipped",
        ofModel(.latentForward, integers: ["lengths": [5, 0]])),
      rejected(
        "negative-length", "text-empty", clauses: ["LAT-12"], hunts: answered,
        ofModel(.latentGradients, integers: ["lengths": [6, -1]])),
      rejected(
        "no-text", "text-empty", clauses: ["LAT-12"], hunts: "a mean over nothing",
        ofModel(.latentGradients, integers: ["lengths": [], "tokens": []])),
      rejected(
        "tokens-left-over", "texts-mismatch", clauses: ["LAT-12"], hunts: "tokens that are left over",
        ofModel(.latentForward, integers: ["lengths": [2, 2]])),
      rejected(
        "overflowing-lengths", "texts-mismatch", clauses: ["LAT-12"], hunts: "a sum of lengths that overflows",
        ofModel(.latentForward, integers: ["lengths": [1 << 62, 1 << 62]])),
      rejected(
        "token-is-v", "text-token-out-of-range", clauses: ["LAT-12"], hunts: "an id clamped",
        ofModel(.latentForward, integers: ["tokens": [1, 2, 3, vocabulary, 4]])),
      rejected(
        "token-negative", "text-token-out-of-range", clauses: ["LAT-12"], hunts: "an id counted from the end",
        ofModel(.latentGradients, integers: ["tokens": [1, 2, -1, 3, 4]])),
      rejected(
        "forced-is-v", "text-token-out-of-range", clauses: ["LAT-15"], hunts: "a forced token that is not checked",
        ofModel(.latentGenerate, integers: ["forced": [1, vocabulary]])),
      rejected(
        "negative-generation", "negative-generation-length", clauses: ["LAT-15"], hunts: answered,
        ofModel(.latentGenerate, generate: -1)),
    ]
  }

  private static var models: [Case] {
    RefusedLatentModel.all.map { model in
      rejected(
        String(model.name.dropFirst("lat-refused-".count)), model.code, clauses: [model.clause], hunts: model.hunts,
        ofModel(.latentForward, model: model.path, of: model.spoilt))
    } + [
      rejected(
        "other-profile", "profile-mismatch", clauses: ["LAT-12"], hunts: "a profile that is not the model's computed",
        ofModel(.latentForward, axes: ["latent_norm": "off"])),
      rejected(
        "other-entries", "profile-mismatch", clauses: ["LAT-12"], hunts: "what is stored taken from the files alone",
        ofModel(.latentGenerate, axes: [:], of: .shallowHeads)),
    ]
  }

  /// Two faults each; the first in the list is right.
  private static var orders: [Case] {
    func order(_ what: String, _ code: String, _ request: Request) -> Case {
      rejected(
        "first." + what, code, clauses: ["LAT-16"], hunts: "faults found in another order", request)
    }
    return [
      order(
        "axis-and-alternative", "unknown-axis", ofModel(.latentForward, axes: ["latent_norm": "half", "order": "any"])),
      order(
        "alternative-and-stride", "unknown-alternative",
        ofModel(.latentForward, axes: ["latent_norm": "half"], model: RefusedLatentModel.stride.path)),
      order(
        "group-and-text", "group-does-not-divide",
        ofModel(.latentForward, integers: ["lengths": [5, 0]], model: RefusedLatentModel.group.path)),
      order(
        "text-and-mismatch", "text-empty", ofModel(.latentForward, integers: ["lengths": [2, 0]])),
      order(
        "mismatch-and-token", "texts-mismatch",
        ofModel(.latentGradients, integers: ["lengths": [2, 2], "tokens": [1, 2, 99, 3, 4]])),
      order(
        "token-and-generation", "text-token-out-of-range",
        ofModel(.latentGenerate, integers: ["tokens": [1, 99, 2]], generate: -1)),
      order(
        "generation-and-configuration", "negative-generation-length",
        ofModel(.latentGenerate, generate: -2, model: RefusedLatentModel.scaled.path)),
      order(
        "configuration-and-profile", "unsupported-configuration",
        ofModel(.latentForward, axes: ["latent_norm": "off"], model: RefusedLatentModel.interleaved.path)),
      order(
        "profile-and-shape", "profile-mismatch",
        ofModel(.latentForward, axes: ["quantiser": "symmetric"], model: RefusedLatentModel.missing.path)),
    ]
  }
}

extension Request {
  /// The same request under other axes.
  fileprivate func under(_ axes: [String: String]) -> Request {
    Request(operation, axes: axes, parameters: parameters, model: model, input: input, captures: captures)
  }
}
