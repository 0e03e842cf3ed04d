// RUN-17, BAS-25: the request of a fresh case of chapter 19, and its faults.

import LoMAAnswers
import LoMACatalogue
import LoMAPeers
import LoMAVectors
import NaiveLlama

extension FreshBaselineCase {
  package var good: Request { operation == .cachedForward ? onModel : stage }

  private var rows: Int { self[.rows] }
  private var heads: (query: Int, keyValue: Int) { (self[.keyValueHeads] * self[.sharing], self[.keyValueHeads]) }
  private var dimension: Int { 2 * self[.pairs] }
  /// w, at most T.
  private var window: Int { min(self[.window], rows) }

  /// Rising indices, as many as asked for.
  private func choice(_ count: Int, below limit: Int, line: Int) -> [Int] {
    var lots = SeededNumbers(seed: seed(20 + line))
    var left = Array(0..<limit)
    while left.count > count { left.remove(at: lots.integer(below: left.count)) }
    return left
  }

  private func choices(_ count: Int, below limit: Int) -> [[Int]]? {
    guard isForced, count > 0 else { return nil }
    return (0..<heads.keyValue).map { choice(count, below: limit, line: $0) }
  }

  private var stage: Request {
    switch operation {
    case .evict:
      let budget = isNeutral ? rows : window + self[.kept]
      return PrunedStageCases.evictRequest(
        heads: heads.query, keyValue: heads.keyValue, rows: rows, window: window, budget: budget, seed: seed(1),
        forced: choices(min(budget, rows), below: rows))
    case .zigzagBudgets:
      let layers = self[.layers]
      var lots = SeededNumbers(seed: seed(2))
      let least = window
      let total = isNeutral ? layers * rows : min(layers * rows, layers * least + self[.kept])
      return PrunedStageCases.zigzagRequest(
        layers: PrunedStageCases.uneven(
          (0..<layers).map { _ in lots.one(of: 1...6) }, heads: heads.query, rows: rows, seed: seed(1)),
        heads: heads.query, keyValue: heads.keyValue, rows: rows, window: window, total: total, least: least)
    case .think:
      let (pruned, recent) = (isNeutral ? 0 : min(self[.kept], dimension), self[.recent])
      return PrunedStageCases.thinkRequest(
        heads: heads.query, keyValue: heads.keyValue, rows: rows, dimension: dimension, window: self[.window],
        pruned: pruned, recent: recent, seed: seed(1),
        forced: choices(rows <= recent ? 0 : pruned, below: dimension))
    case .zipCache:
      let low = min(self[.kept], rows)
      return CodedStageCases.zipRequest(
        heads: heads.query, keyValue: heads.keyValue, rows: rows, dimension: dimension, low: low, bits: bits,
        seed: seed(1), probe: probes ? probe : nil, forced: choices(low, below: rows))
    case .pyramidStep:
      let recent = min(self[.recent] + 1, rows)
      let count = isNeutral ? rows : self[.kept]
      let kept = min(count, rows - recent) + recent
      return PrunedStageCases.pyramidRequest(
        heads: self[.sharing], rows: rows, recent: recent, count: count, seed: seed(1),
        forced: isForced ? choice(kept, below: rows, line: 0) : nil)
    case .layerDistances:
      return PooledStageCases.distanceRequest(
        texts: self[.texts], layers: self[.layers], rows: rows, heads: heads.keyValue, dimension: dimension,
        seed: seed(1))
    case .dmc:
      var lots = SeededNumbers(seed: seed(2))
      let isAccumulated = (0..<heads.keyValue * rows).map { _ in !isNeutral && lots.integer(below: 2) == 0 }
      let rows = rows
      return PooledStageCases.dmcRequest(
        heads: heads.query, keyValue: heads.keyValue, rows: rows, dimension: dimension, seed: seed(1)
      ) { isAccumulated[$0 * rows + $1] }
    case .truncateRank:
      let columns = self[.layers] + 1
      return CodedStageCases.rankRequest(
        rows, columns, rank: isNeutral ? min(rows, columns) : min(self[.kept] + 1, rows, columns), seed: seed(1))
    case .pursue: return pursuit
    default:
      var lots = SeededNumbers(seed: seed(2))
      return CodedStageCases.noiseRequest(
        heads: heads.keyValue, rows: rows, dimension: dimension,
        sigma: isNeutral ? 0 : lots.one(of: [0.125, 0.25, 0.5, 1]), seed: lots.integer(below: 1 << 30),
        numbers: seed(1))
    }
  }

  private var bits: (low: Int, high: Int) { isNeutral ? (0, 0) : (self[.bits], self[.bits] + 2) }

  private var probe: [Int] { choice(max(1, rows / 2), below: rows, line: 40) }

  private var pursuit: Request {
    let vectors = BaselineInputs.normal("vectors", [rows, dimension], seed: seed(1))
    let steps = isNeutral ? dimension : min(self[.steps], dimension)
    let atoms =
      isNeutral
      ? BaselineInputs.basis(dimension) : BaselineInputs.atoms(count: self[.atoms], width: dimension, seed: seed(2))
    var lots = SeededNumbers(seed: seed(3))
    let count = isNeutral ? dimension : self[.atoms]
    let forced = (0..<rows).map { _ in (0..<steps).map { _ in lots.integer(below: count) } }
    return CodedStageCases.pursueRequest(
      steps: steps, vectors: vectors, atoms: atoms, forced: isForced && steps > 0 ? forced : nil)
  }

  // MARK: - Models

  private var onModel: Request {
    guard let model = caseModel else { preconditionFailure("\(operation.rawValue) without a model") }
    let text = CaseInputs.text(rows + self[.generate], below: BaselineCaseModel.vocabulary, seed: seed(1))
    let request = method(model).request(text, prefill: rows)
    guard property != nil else { return request }
    return Request(
      request.operation, axes: request.axes, parameters: request.parameters.adding(model.answerForm),
      model: request.model, input: request.input, captures: [])
  }

  private func method(_ model: BaselineCaseModel) -> CachedRequest {
    let layers = model.layers
    var lots = SeededNumbers(seed: seed(2))
    switch baseline {
    case .none, .dmc: return CachedRequest(model, baseline)
    case .eviction:
      return CachedRequest(
        model, .eviction, ["window": window, "budget": isNeutral ? rows : window + self[.kept]])
    case .zigzag:
      let total = isNeutral ? layers * rows : min(layers * rows, layers * window + self[.kept])
      return CachedRequest(model, .zigzag, ["window": window, "total": total, "least": window])
    case .think:
      return CachedRequest(
        model, .think,
        [
          "window": self[.window], "pruned": isNeutral ? 0 : min(self[.kept], model.headDimension),
          "recent": self[.recent],
        ])
    case .zipCache:
      return CachedRequest(
        model, .zipCache, ["low": min(self[.kept], rows), "low_bits": bits.low, "high_bits": bits.high],
        probes ? [CaseInputs.integers("probe", probe)] : [])
    case .pyramidInfer:
      let recent = min(self[.recent] + 1, rows)
      let counts = (1..<layers).map { _ in isNeutral ? rows : lots.integer(below: rows + 1) }
      return CachedRequest(model, .pyramidInfer, ["recent": recent], [CaseInputs.integers("counts", counts)])
    case .kvSharer:
      return CachedRequest(
        model, .kvSharer, [:],
        [CaseInputs.integers("share", (0..<layers).map { isNeutral ? $0 : lots.integer(below: $0 + 1) })])
    case .lorc:
      let limit = min(model.keyValueHeads * model.headDimension, BaselineCaseModel.hidden)
      func ranks() -> [Int] { (0..<layers).map { _ in isNeutral ? limit : 1 + lots.integer(below: limit) } }
      return CachedRequest(model, .lorc, [:], CachedRequest.ranks(ranks(), ranks()))
    case .csr:
      if isNeutral {
        return CachedRequest(model, .csr, ["steps": model.headDimension], CachedRequest.bases(model))
      }
      return CachedRequest(
        model, .csr, ["steps": min(self[.steps], model.headDimension)],
        CachedRequest.atoms(model, count: self[.atoms], seed: seed(3)))
    case .noise:
      return CachedRequest(
        model, .noise, ["seed": lots.integer(below: 1 << 30)], reals: ["sigma": isNeutral ? 0 : 0.25])
    }
  }
}

/// A fault for which a request of chapter 19 is rejected.
package enum FreshBaselineFault: String, CaseIterable, DrawnFault {
  case axis, alternative, heads, window, budget, pruned, bits, total, rank, steps, atoms, choice, share, prefill, sigma
  case token, model

  static func possible(_ operation: PeerOperation, _ baseline: Baseline) -> [FreshBaselineFault] {
    allCases.filter { $0.isPossible(operation, baseline) }
  }

  private func isPossible(_ operation: PeerOperation, _ baseline: Baseline) -> Bool {
    let onModel = operation == .cachedForward
    return switch self {
    case .axis, .alternative: true
    case .heads: !onModel && ![.truncateRank, .pursue].contains(operation)
    case .window: [.eviction, .zigzag, .think, .pyramidInfer].contains(baseline)
    case .budget: baseline == .eviction
    case .pruned: [.think, .zipCache].contains(baseline) || operation == .pyramidStep
    case .bits: baseline == .zipCache
    case .total: baseline == .zigzag
    case .rank: operation == .truncateRank
    case .steps: baseline == .csr
    case .atoms: operation == .pursue
    case .choice: baseline == .zipCache
    case .share: baseline == .kvSharer && onModel
    case .prefill, .token: onModel
    // Of a model with other sizes these methods' parameters could be a fault that was not drawn.
    case .model: onModel && ![.think, .lorc, .csr].contains(baseline)
    case .sigma: baseline == .noise
    }
  }

  package func spoiling(_ request: Request, lot: Int) -> Request {
    var (axes, parameters, model) = (request.axes, request.parameters, request.model)
    var arrays = request.input.arrays
    func replace(_ array: NamedArray) { arrays = arrays.filter { $0.name != array.name } + [array] }
    func one(_ values: [Int]) -> RequestParameter { .integer(values[lot % values.count]) }
    switch self {
    case .axis: axes[["memory", "entries", ""][lot % 3]] = "none"
    case .alternative: axes[Baseline.axis] = ["h2o", "", "zip"][lot % 3]
    case .heads: parameters[parameters["kv_heads"] == nil ? "heads" : "kv_heads"] = one([0, -1])
    case .window where axes[Baseline.axis] == Baseline.pyramidInfer.rawValue:
      parameters["recent"] = one([0, -1, 1 << 40])
    case .window: parameters["window"] = one([0, -1])
    case .budget: parameters["budget"] = one([0, -1])
    case .pruned:
      let name = parameters["low"] != nil ? "low" : parameters["pruned"] != nil ? "pruned" : "count"
      parameters[name] = .integer(-1 - lot % 3)
    case .bits: parameters["low_bits"] = one([-1, 25, 1 << 40])
    case .total: parameters["total"] = one([0, -1, 1 << 40])
    case .rank: parameters["rank"] = one([0, -1, 1 << 40])
    case .steps: parameters["steps"] = one([-1, 1 << 40])
    case .atoms:
      guard let atoms = request.input["atoms"], let numbers = try? atoms.doubles() else { break }
      replace(BaselineInputs.tensor("atoms", atoms.shape, numbers.map { 2 * $0 }))
    case .choice: replace(CaseInputs.integers("probe", [[-1], [0, 0], [1 << 40]][lot % 3]))
    case .share:
      guard var share = try? request.integers("share") else { break }
      share[lot % share.count] = share.count
      replace(CaseInputs.integers("share", share))
    case .prefill: parameters["prefill"] = one([0, -1, 1 << 40])
    case .sigma: parameters["sigma"] = .real(-0.5)
    case .token:
      guard var tokens = try? request.integers("tokens"), !tokens.isEmpty else { break }
      tokens[lot % tokens.count] = [BaselineCaseModel.vocabulary, -1, 1 << 40][lot % 3]
      replace(CaseInputs.integers("tokens", tokens))
    case .model: model = RefusedBaselineModel.all[lot % RefusedBaselineModel.all.count].path
    }
    return Request(
      request.operation, axes: axes, parameters: parameters, model: model, input: CaseInputs.file(arrays), captures: [])
  }
}
