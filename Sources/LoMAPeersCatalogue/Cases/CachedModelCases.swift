// BAS-5, BAS-7, BAS-9, BAS-21, BAS-23: whole models over a cache that a method changes, and the properties of those that
// change nothing.

import LoMAAnswers
import LoMACatalogue
import LoMAPeers
import LoMAVectors
import NaiveLlama

/// A request of `cached_forward` but for its text.
struct CachedRequest: Sendable {
  let model: BaselineCaseModel
  let baseline: Baseline
  let parameters: [String: RequestParameter]
  let arrays: [NamedArray]

  init(
    _ model: BaselineCaseModel, _ baseline: Baseline, _ parameters: KeyValuePairs<String, Int> = [:],
    reals: [String: Double] = [:], _ arrays: [NamedArray] = []
  ) {
    self.model = model
    self.baseline = baseline
    self.parameters = Dictionary(
      uniqueKeysWithValues: parameters.map { ($0.key, .integer($0.value)) } + reals.map { ($0.key, .real($0.value)) })
    self.arrays = arrays
  }

  /// A text of which the first tokens are the prefill.
  func request(_ text: [Int], prefill: Int) -> Request {
    Request(
      .peer(.cachedForward), axes: baseline.axes, parameters: parameters.adding(["prefill": .integer(prefill)]),
      model: model.path, input: CaseInputs.file(CaseInputs.batch([text]) + arrays), captures: [])
  }

  /// Dictionaries of keys and values, [L, A, d] each.
  static func atoms(_ model: BaselineCaseModel, count: Int, seed: UInt64) -> [NamedArray] {
    let shape = [model.layers, count, model.headDimension]
    return ["key_atoms", "value_atoms"].enumerated().map { place, name in
      BaselineInputs.tensor(
        name, shape,
        BaselineInputs.unitRows(
          count: model.layers * count, width: model.headDimension, seed: seed + UInt64(place)))
    }
  }

  /// Orthonormal dictionaries.
  static func bases(_ model: BaselineCaseModel) -> [NamedArray] {
    let d = model.headDimension
    let basis = (0..<d * d).map { $0 / d == $0 % d ? 1.0 : 0 }
    return ["key_atoms", "value_atoms"].map {
      BaselineInputs.tensor($0, [model.layers, d, d], (0..<model.layers).flatMap { _ in basis })
    }
  }

  static func ranks(_ keys: [Int], _ values: [Int]) -> [NamedArray] {
    [CaseInputs.integers("key_ranks", keys), CaseInputs.integers("value_ranks", values)]
  }
}

/// Models on texts.
enum CachedModelCases {
  static var all: [Case] { (forwards + properties).compactMap { $0 } }

  /// Where something is chosen or quantised, a narrow type chooses otherwise.
  static func types(_ baseline: Baseline) -> [String] {
    switch baseline {
    case .none, .kvSharer, .lorc, .noise: NumberType.words
    case .eviction, .zigzag, .think, .zipCache, .pyramidInfer, .dmc, .csr: NumberType.preciseWords
    }
  }

  /// The clause of a method.
  static func clause(_ baseline: Baseline) -> [String] {
    switch baseline {
    case .none: ["BAS-8"]
    case .eviction, .zigzag: ["BAS-12"]
    case .think: ["BAS-10"]
    case .zipCache: ["BAS-11", "QNT-1"]
    case .pyramidInfer: ["BAS-13"]
    case .kvSharer: ["BAS-14"]
    case .dmc: ["BAS-15"]
    case .lorc: ["BAS-16"]
    case .csr: ["BAS-17"]
    case .noise: ["BAS-18", "NUM-5"]
    }
  }

  private static func forward(
    _ what: String, _ asked: CachedRequest, length: Int = 7, prefill: Int = 5, seed: UInt64, hunts: String,
    more: [String] = []
  ) -> Case? {
    let text = CaseInputs.text(length, below: BaselineCaseModel.vocabulary, seed: seed)
    return Case.tensors(
      "model.cached_forward.\(what)", .model, hunts: hunts,
      clauses: ["BAS-1", "BAS-5", "BAS-6", "BAS-8", "BAS-9", "BAS-21"] + clause(asked.baseline) + more,
      asked.request(text, prefill: prefill)
    ).asked(in: types(asked.baseline))
  }

  private static var forwards: [Case?] {
    let (gqa, mha, mqa, pooling) = (
      BaselineCaseModel.gqa, BaselineCaseModel.mha, BaselineCaseModel.mqa, BaselineCaseModel.pooling
    )
    return [
      forward(
        "none", CachedRequest(gqa, .none), seed: 3001,
        hunts: "the cache of the values before the projections, or keys unrotated"),
      forward(
        "none-prefill-alone", CachedRequest(mha, .none), length: 4, prefill: 4, seed: 3002,
        hunts: "the logits of all rows of the prefill"),
      forward(
        "eviction", CachedRequest(gqa, .eviction, ["window": 2, "budget": 4]), length: 8, prefill: 6, seed: 3011,
        hunts: "entries that are renumbered, or later rows numbered from the number of those kept", more: ["BAS-3"]),
      forward(
        "zigzag", CachedRequest(gqa, .zigzag, ["window": 1, "total": 9, "least": 2]), length: 8, prefill: 6,
        seed: 3021, hunts: "the same budget in every layer, or the least where most is needed"),
      forward(
        "zigzag-mqa", CachedRequest(mqa, .zigzag, ["window": 1, "total": 12, "least": 1]), length: 9, prefill: 7,
        seed: 3022, hunts: "a least that is left out, or a total that rounding loses"),
      forward(
        "think", CachedRequest(gqa, .think, ["window": 3, "pruned": 2, "recent": 2]), seed: 3031,
        hunts: "keys scored before the rotation, or rows fed later pruned"),
      forward(
        "zip-cache", CachedRequest(gqa, .zipCache, ["low": 3, "low_bits": 2, "high_bits": 4]), seed: 3041,
        hunts: "keys quantised before the rotation, or everything again after a row", more: ["BAS-3"]),
      forward(
        "zip-cache-probe",
        CachedRequest(
          mha, .zipCache, ["low": 4, "low_bits": 3, "high_bits": 0], [CaseInputs.integers("probe", [2, 4])]),
        seed: 3042,
        hunts: "saliency of all rows where some are asked for"),
      forward(
        "pyramid", CachedRequest(gqa, .pyramidInfer, ["recent": 1], [CaseInputs.integers("counts", [6, 5])]),
        length: 10, prefill: 8, seed: 3051,
        hunts: "the cache pruned and not the rows, rows renumbered, or pruned before the layer"),
      forward(
        "pyramid-deep",
        CachedRequest(mqa, .pyramidInfer, ["recent": 1], [CaseInputs.integers("counts", [7, 5, 2])]), length: 10,
        prefill: 9, seed: 3052, hunts: "a later layer's rows chosen with an earlier one's attention"),
      forward(
        "kv-sharer", CachedRequest(gqa, .kvSharer, [:], [CaseInputs.integers("share", [0, 0, 1])]), seed: 3061,
        hunts: "a chain that is not followed to its root, or the reader's own keys"),
      forward(
        "kv-sharer-deep", CachedRequest(mqa, .kvSharer, [:], [CaseInputs.integers("share", [0, 1, 0, 2])]), seed: 3062,
        hunts: "values of the reader with keys of the source, or an earlier layer that reads a later one"),
      forward(
        "dmc", CachedRequest(pooling, .dmc), length: 9, prefill: 6, seed: 3071,
        hunts: "later rows that are appended whole, or an entry before it was pooled"),
      forward(
        "lorc", CachedRequest(gqa, .lorc, [:], CachedRequest.ranks([3, 2, 1], [2, 3, 4])), seed: 3081,
        hunts: "ranks of keys and values swapped, ranks of the layers reversed, or keys projected after the rotation"),
      forward(
        "lorc-keys", CachedRequest(mha, .lorc, [:], CachedRequest.ranks([2, 3], [8, 8])), seed: 3082,
        hunts: "queries truncated too, or each head by itself"),
      forward(
        "csr", CachedRequest(gqa, .csr, ["steps": 2], CachedRequest.atoms(gqa, count: 6, seed: 3101)), length: 6,
        prefill: 4, seed: 3091, hunts: "keys coded after the rotation, or rows fed later"),
      forward(
        "noise", CachedRequest(gqa, .noise, ["seed": 21], reals: ["sigma": 0.5]), seed: 3111,
        hunts: "one generator for all layers, or values drawn before keys"),
    ]
  }

  // MARK: - Properties

  private static func property(
    _ property: Property, _ what: String, _ asked: CachedRequest, prefill: Int, seed: UInt64, hunts: String,
    more: [String] = []
  ) -> Case {
    let text = CaseInputs.text(7, below: BaselineCaseModel.vocabulary, seed: seed)
    let request = asked.request(text, prefill: prefill)
    return Case(
      id: "property.\(property.rawValue).bas.\(what)", since: Versions.frozen, level: .property, hunts: hunts,
      clauses: (["BAS-7", "BAS-9", "BAS-23"] + more).sorted(),
      request: Request(
        request.operation, axes: request.axes, parameters: request.parameters.adding(asked.model.answerForm),
        model: request.model, input: request.input, captures: []),
      expectation: .property(property), dtypes: types(asked.baseline))
  }

  private static var properties: [Case?] {
    let (gqa, mha, mqa) = (BaselineCaseModel.gqa, BaselineCaseModel.mha, BaselineCaseModel.mqa)
    func neutral(_ what: String, _ asked: CachedRequest, seed: UInt64) -> Case {
      property(
        .cache, what, asked, prefill: 5, seed: seed, hunts: "a neutral parameter that changes something",
        more: clause(asked.baseline))
    }
    let width = gqa.keyValueHeads * gqa.headDimension
    return [
      property(
        .cache, "none", CachedRequest(gqa, .none), prefill: 4, seed: 3201,
        hunts: "a text in two pieces that is not the text row by row", more: ["BAS-8"]),
      neutral("eviction", CachedRequest(gqa, .eviction, ["window": 2, "budget": 5]), seed: 3202),
      neutral("zigzag", CachedRequest(gqa, .zigzag, ["window": 1, "total": 15, "least": 2]), seed: 3203),
      neutral("think", CachedRequest(gqa, .think, ["window": 2, "pruned": 0, "recent": 0]), seed: 3204),
      neutral(
        "zip-cache",
        // A prefill of one row has no row 3: what another method asks is ignored.
        CachedRequest(
          gqa, .zipCache, ["low": 2, "low_bits": 0, "high_bits": 0], [CaseInputs.integers("probe", [1, 3])]), seed: 3205
      ),
      neutral(
        "pyramid", CachedRequest(mqa, .pyramidInfer, ["recent": 2], [CaseInputs.integers("counts", [3, 9, 3])]),
        seed: 3206),
      neutral("kv-sharer", CachedRequest(gqa, .kvSharer, [:], [CaseInputs.integers("share", [0, 1, 2])]), seed: 3207),
      neutral(
        "lorc",
        CachedRequest(
          gqa, .lorc, [:],
          CachedRequest.ranks(Array(repeating: width, count: 3), Array(repeating: width, count: 3))), seed: 3208),
      neutral("csr", CachedRequest(mha, .csr, ["steps": 4], CachedRequest.bases(mha)), seed: 3209),
      neutral("noise", CachedRequest(gqa, .noise, ["seed": 3], reals: ["sigma": 0]), seed: 3210),
      property(
        .repeat, "noise", CachedRequest(mha, .noise, ["seed": 5], reals: ["sigma": 0.5]), prefill: 4, seed: 3211,
        hunts: "noise that differs from run to run", more: ["BAS-18", "OPS-7"]),
    ]
  }
}
