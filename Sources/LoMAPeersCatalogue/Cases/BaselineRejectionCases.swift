// BAS-22: the rejection level of chapter 19: bad input, and the code that is the right answer. Where a request has several
// faults, the code that comes first in the list is right.

import LoMAAnswers
import LoMACatalogue
import LoMAPeers
import LoMAVectors

/// A case for each fault, and for pairs of faults whose order a port may get wrong.
enum BaselineRejectionCases {
  static var all: [Case] { profiles + counts + numbers + choices + models + orders }

  private static let answered = "bad input that is answered, or that ends the program"

  private static func rejected(
    _ what: String, _ code: String, clauses: [String], hunts: String = answered, _ request: Request
  ) -> Case {
    Case(
      id: "rejection.\(request.operation.rawValue).\(what)", since: Versions.frozen, level: .rejection, hunts: hunts,
      clauses: clauses.sorted(), request: request, expectation: .rejection(code), dtypes: NumberType.words)
  }

  // MARK: - Right requests, of which parts are replaced

  private static let evict = PrunedStageCases.evictRequest(
    heads: 2, keyValue: 1, rows: 3, window: 1, budget: 2, seed: 4001)
  private static let zigzag = PrunedStageCases.zigzagRequest(
    layers: PrunedStageCases.uneven([2, 1], heads: 1, rows: 3, seed: 4002), heads: 1, keyValue: 1, rows: 3, window: 1,
    total: 4, least: 1)
  private static let think = PrunedStageCases.thinkRequest(
    heads: 2, keyValue: 1, rows: 3, dimension: 2, window: 2, pruned: 1, recent: 1, seed: 4003)
  private static let zip = CodedStageCases.zipRequest(heads: 1, keyValue: 1, rows: 3, low: 1, seed: 4004)
  private static let pyramid = PrunedStageCases.pyramidRequest(heads: 1, rows: 4, recent: 2, count: 1, seed: 4005)
  private static let distances = PooledStageCases.distanceRequest(
    texts: 1, layers: 2, rows: 1, heads: 2, dimension: 1, seed: 4006)
  private static let dmc = PooledStageCases.dmcRequest(heads: 1, keyValue: 1, rows: 2, dimension: 2, seed: 4007) {
    _, _ in
    false
  }
  private static let rank = CodedStageCases.rankRequest(2, 3, rank: 1, seed: 4008)
  private static let pursue = CodedStageCases.pursueRequest(
    steps: 1, vectors: BaselineInputs.normal("vectors", [2, 2], seed: 4009), atoms: BaselineInputs.basis(2))
  private static let noise = CodedStageCases.noiseRequest(
    heads: 1, rows: 2, dimension: 2, sigma: 0.5, seed: 1, numbers: 4010)

  /// A request of a model under a method, of a text of five tokens.
  private static func cached(
    _ baseline: Baseline, _ parameters: KeyValuePairs<String, Int> = [:], reals: [String: Double] = [:],
    _ arrays: [NamedArray] = [], prefill: Int = 4, tokens: [Int] = [3, 1, 4, 1, 5], path: String? = nil
  ) -> Request {
    let request = CachedRequest(.mha, baseline, parameters, reals: reals, arrays).request(tokens, prefill: prefill)
    return Request(
      request.operation, axes: request.axes, parameters: request.parameters, model: path ?? request.model,
      input: request.input, captures: [])
  }

  // MARK: - Faults

  private static var profiles: [Case] {
    [
      rejected(
        "unknown-axis", "unknown-axis", clauses: ["BAS-1"], hunts: "an axis that is not known ignored",
        evict.under(["baseline": "eviction", "order": "any"])),
      rejected(
        "unknown-alternative", "unknown-alternative", clauses: ["BAS-1"], cached(.none).under(["baseline": "h2o"])),
      rejected(
        "other-baseline", "unknown-alternative", clauses: ["BAS-19"],
        hunts: "an operation that does not ask what it belongs to", think.under(["baseline": "eviction"])),
      rejected(
        "no-baseline", "unknown-alternative", clauses: ["BAS-19"],
        hunts: "a stage answered where no method is asked for", pursue.under([:])),
    ]
  }

  private static var counts: [Case] {
    [
      rejected("no-head", "invalid-heads", clauses: ["BAS-19"], evict.with(["heads": 0])),
      rejected(
        "heads", "invalid-heads", clauses: ["BAS-19"], hunts: "heads that cannot be grouped",
        think.with(["kv_heads": 3])),
      rejected("no-width", "invalid-heads", clauses: ["BAS-19"], zigzag.with(["head_dim": 0])),
      rejected(
        "overflow", "cache-size-out-of-range", clauses: ["BAS-6"], hunts: "a number of bits that overflows",
        evict.with(["head_dim": 1 << 60])),
      rejected("no-window", "window-out-of-range", clauses: ["BAS-12"], evict.with(["window": 0])),
      rejected(
        "long-window", "window-out-of-range", clauses: ["BAS-12"], hunts: "a window cut to the rows there are",
        zigzag.with(["window": 4])),
      rejected("no-recent", "window-out-of-range", clauses: ["BAS-13"], pyramid.with(["recent": 0])),
      rejected("negative-recent", "window-out-of-range", clauses: ["BAS-10"], think.with(["recent": -1])),
      rejected(
        "budget-below-window", "budget-below-window", clauses: ["BAS-12"], hunts: "a window that is cut to the budget",
        evict.with(["window": 2, "budget": 1])),
      rejected("pruned", "pruned-out-of-range", clauses: ["BAS-10"], think.with(["pruned": 3])),
      rejected("negative-count", "pruned-out-of-range", clauses: ["BAS-13"], pyramid.with(["count": -1])),
      rejected("low", "pruned-out-of-range", clauses: ["BAS-11"], zip.with(["low": 4])),
      rejected("bits", "bits-out-of-range", clauses: ["BAS-11"], zip.with(["high_bits": 25])),
      rejected("total", "budget-out-of-range", clauses: ["BAS-12"], zigzag.with(["total": 7])),
      rejected(
        "least", "budget-out-of-range", clauses: ["BAS-12"], hunts: "layers that get less than the least",
        zigzag.with(["total": 3, "least": 2])),
      rejected(
        "least-below-window", "budget-out-of-range", clauses: ["BAS-12"], zigzag.with(["window": 2, "least": 1])),
      rejected(
        "rank", "rank-out-of-range", clauses: ["BAS-16"], hunts: "a rank above the smaller side", rank.with(["rank": 3])
      ),
      rejected("steps", "steps-out-of-range", clauses: ["BAS-17"], pursue.with(["steps": 3])),
    ]
  }

  private static var numbers: [Case] {
    let long = BaselineInputs.tensor("atoms", [2, 2], [1, 0, 0.75, 0.75])
    return [
      rejected(
        "long-atom", "dictionary-not-unit", clauses: ["BAS-17"], hunts: "an atom that is normalised on the way",
        pursue.replacing(long)),
      rejected(
        "negative-sigma", "sigma-out-of-range", clauses: ["BAS-18"],
        Request(
          noise.operation, axes: noise.axes, parameters: noise.parameters.adding(["sigma": .real(-0.5)]), model: nil,
          input: noise.input, captures: [])),
    ]
  }

  private static var choices: [Case] {
    [
      rejected(
        "falling-choice", "choice-out-of-range", clauses: ["BAS-4"], hunts: "a choice that is sorted on the way",
        evict.replacing(BaselineInputs.choice([[2, 0]]))),
      rejected("choice", "choice-out-of-range", clauses: ["BAS-4"], zip.replacing(BaselineInputs.choice([[3]]))),
      rejected(
        "atom", "choice-out-of-range", clauses: ["BAS-4"], pursue.replacing(BaselineInputs.choice([[0], [-1]]))),
      rejected(
        "probe-twice", "choice-out-of-range", clauses: ["BAS-11"], hunts: "a probe row that counts twice",
        zip.replacing(CaseInputs.integers("probe", [1, 1]))),
    ]
  }

  private static var models: [Case] {
    let vocabulary = BaselineCaseModel.vocabulary
    return [
      rejected(
        "later-layer", "share-out-of-range", clauses: ["BAS-14"], hunts: "a layer that reads what is not written yet",
        cached(.kvSharer, [CaseInputs.integers("share", [1, 1])])),
      rejected("no-prefill", "prefill-out-of-range", clauses: ["BAS-21"], cached(.none, prefill: 0)),
      rejected("long-prefill", "prefill-out-of-range", clauses: ["BAS-21"], cached(.dmc, prefill: 6)),
      rejected(
        "token-is-v", "text-token-out-of-range", clauses: ["BAS-21"], hunts: "an id clamped",
        cached(.none, tokens: [3, 1, vocabulary, 1, 5])),
      rejected(
        "ranks", "rank-out-of-range", clauses: ["BAS-16"], cached(.lorc, CachedRequest.ranks([8, 8], [9, 8]))),
      rejected(
        "atoms", "dictionary-not-unit", clauses: ["BAS-17"],
        cached(
          .csr, ["steps": 1],
          ["key_atoms", "value_atoms"].map {
            BaselineInputs.tensor($0, [2, 1, 4], [1, 0, 0, 0, 0.5, 0.5, 0.5, $0 == "key_atoms" ? 0.5 : 0.75])
          })),
      rejected("sigma", "sigma-out-of-range", clauses: ["BAS-18"], cached(.noise, ["seed": 1], reals: ["sigma": -1])),
    ]
      + RefusedBaselineModel.all.map { model in
        rejected(
          String(model.name.dropFirst("bas-refused-".count)), model.code, clauses: [model.clause], hunts: model.hunts,
          cached(.none, path: model.path))
      }
  }

  /// Two faults each; the first in the list is right.
  private static var orders: [Case] {
    func order(_ what: String, _ code: String, _ request: Request) -> Case {
      rejected("first." + what, code, clauses: ["BAS-22"], hunts: "faults found in another order", request)
    }
    return [
      order("axis-and-alternative", "unknown-axis", evict.under(["baseline": "best", "order": "any"])),
      order("alternative-and-heads", "unknown-alternative", think.with(["kv_heads": 3]).under(["baseline": "noise"])),
      order("heads-and-window", "invalid-heads", evict.with(["heads": 0, "window": 0])),
      order("window-and-budget", "window-out-of-range", evict.with(["window": 4, "budget": 1])),
      order("pruned-and-bits", "pruned-out-of-range", zip.with(["low": -1, "low_bits": 25])),
      order(
        "bits-and-choice", "bits-out-of-range",
        zip.with(["low_bits": 25]).replacing(BaselineInputs.choice([[3]]))),
      order(
        "steps-and-atoms", "steps-out-of-range",
        pursue.with(["steps": 5]).replacing(BaselineInputs.tensor("atoms", [2, 2], [2, 0, 0, 2]))),
      order(
        "share-and-prefill", "share-out-of-range",
        cached(.kvSharer, [CaseInputs.integers("share", [0, 2])], prefill: 9)),
      order(
        "prefill-and-sigma", "prefill-out-of-range",
        cached(.noise, ["seed": 1], reals: ["sigma": -1], prefill: 0)),
      order("prefill-and-token", "prefill-out-of-range", cached(.none, prefill: 7, tokens: [3, 99])),
      order(
        "window-and-configuration", "window-out-of-range",
        cached(.eviction, ["window": 0, "budget": 1], path: RefusedBaselineModel.all[0].path)),
    ]
  }

  private static func cached(
    _ baseline: Baseline, _ arrays: [NamedArray], prefill: Int = 4
  ) -> Request {
    cached(baseline, [:], arrays, prefill: prefill)
  }
}

extension Request {
  /// The same request under other axes.
  fileprivate func under(_ axes: [String: String]) -> Request {
    Request(operation, axes: axes, parameters: parameters, model: model, input: input, captures: captures)
  }

  /// The same request with some integers replaced.
  fileprivate func with(_ changes: KeyValuePairs<String, Int>) -> Request {
    let changed = Dictionary(uniqueKeysWithValues: changes.map { ($0.key, RequestParameter.integer($0.value)) })
    return Request(
      operation, axes: axes, parameters: parameters.adding(changed), model: model, input: input, captures: captures)
  }

  /// The same request with a tensor in the place of that of its name, or beside the others.
  fileprivate func replacing(_ array: NamedArray) -> Request {
    Request(
      operation, axes: axes, parameters: parameters, model: model,
      input: CaseInputs.file(input.arrays.filter { $0.name != array.name } + [array]), captures: captures)
  }
}
