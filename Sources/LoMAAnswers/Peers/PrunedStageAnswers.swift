// BAS-10, BAS-12, BAS-13, BAS-20: which entries, channels and rows stay; numbers with their units (BAS-24).

import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

extension ReferenceAnswers {
  /// `scores` [G, T − w]; `choice` [G, min(B, T)]; `bits` [].
  func evict(_ request: Request) throws(RequestError) -> [ResultTensor] {
    try request.check(.eviction)
    let heads = try request.cacheHeadsOfParameters()
    let (probabilities, rows) = try request.prefillProbabilities(heads: heads.query)
    let (window, most) = (try request.integer("window"), try request.integer("budget"))
    let budget = try request.peer { () throws(PeerError) in
      try EvictionBudget(window: window, budget: most, rows: rows)
    }
    let kept = budget.kept(of: rows)
    let forced = try request.forcedChoice(lines: heads.keyValue, count: kept, below: rows, ascending: true)
    let made = try request.peer { () throws(PeerError) in
      try Eviction.choose(
        probabilities, heads: heads, budget: budget, forced: forced, functions: functions,
        rules: peers.baselines.eviction)
    }
    let bits = try request.peer { () throws(PeerError) in
      try budget.bits(rows: rows, heads: heads.keyValue, dimension: heads.dimension)
    }
    let terms = Double(window * heads.query / heads.keyValue)
    // A wrong rule may score the window, too; it is not asked for.
    let scores = made.scores.columns(0..<rows - window)
    return ResultTensor.bounded("scores", scores, functions) { cell in
      let score = scores.values[cell].magnitude
      return ((terms + 1) * score, 2 * score)
    } + [.choice(made.choice, count: made.choice[0].count), .integer("bits", bits)]
  }

  /// `counts` [L, H]; `budgets` [L]; `bits` [].
  func zigzagBudgets(_ request: Request) throws(RequestError) -> [ResultTensor] {
    try request.check(.zigzag)
    let heads = try request.cacheHeadsOfParameters()
    let tensor = try request.tensor("probabilities")
    guard tensor.shape.count == 4, tensor.shape[1] == heads.query, tensor.shape[2] == tensor.shape[3],
      tensor.shape[0] >= 1, tensor.shape[2] >= 1
    else { throw .shape(tensor: "probabilities") }
    let (layers, rows) = (tensor.shape[0], tensor.shape[2])
    let (window, total) = (try request.integer("window"), try request.integer("total"))
    let least = try request.integer("least")
    let budget = try request.peer { () throws(PeerError) in
      try ZigZagBudget(window: window, total: total, least: least, layers: layers, rows: rows)
    }
    let size = heads.query * rows * rows
    let probabilities = (0..<layers).map { layer in
      Tensor(shape: [heads.query, rows, rows], values: Array(tensor.values[layer * size..<(layer + 1) * size]))
    }
    return try request.peer { () throws(PeerError) in
      let made = try ZigZagKV.share(probabilities, heads: heads, budget: budget, rules: peers.baselines.zigzag)
      return [
        .integers("counts", shape: [layers, heads.query], made.counts.flatMap { $0 }),
        .integers("budgets", shape: [layers], made.budgets),
        .integer("bits", try budget.bits(heads: heads.keyValue, dimension: heads.dimension)),
      ]
    }
  }

  /// `scores` [G, d]; `choice` [G, p], or [G, 0] where T ≤ R; `keys` [T, G·d]; `bits` [].
  func think(_ request: Request) throws(RequestError) -> [ResultTensor] {
    try request.check(.think)
    let (query, key) = (try request.matrix("query"), try request.matrix("key"))
    let heads = try request.cacheHeads(of: key, named: "key")
    guard query.columns == heads.query * heads.dimension, query.rows == key.rows, key.rows >= 1 else {
      throw .shape(tensor: "query")
    }
    let (window, pruned) = (try request.integer("window"), try request.integer("pruned"))
    let recent = try request.integer("recent")
    let channels = try request.peer { () throws(PeerError) in
      try ThinKChannels(
        window: window, pruned: pruned, recent: recent, dimension: heads.dimension, rows: key.rows)
    }
    let count = channels.prunedChannels(rows: key.rows)
    let forced = try request.forcedChoice(
      lines: heads.keyValue, count: count, below: heads.dimension, ascending: true)
    let made = try request.peer { () throws(PeerError) in
      try ThinK.prune(
        query: query, key: key, heads: heads, channels: channels, forced: forced, functions: functions,
        rules: peers.baselines.think)
    }
    let bits = try request.peer { () throws(PeerError) in
      try channels.bits(rows: key.rows, heads: heads.keyValue, dimension: heads.dimension)
    }
    let terms = Double(min(window, key.rows) * heads.query / heads.keyValue + key.rows + 8)
    return ResultTensor.bounded("scores", made.scores, functions) { cell in
      let score = made.scores.values[cell].magnitude
      return (terms * score, 5 * score)
    } + [.choice(made.choice, count: made.choice[0].count)] + ResultTensor.copied("keys", made.keys)
      + [.integer("bits", bits)]
  }

  /// `scores` [n − ρ]; `choice` [min(count, n − ρ) + ρ].
  func pyramidStep(_ request: Request) throws(RequestError) -> [ResultTensor] {
    try request.check(.pyramidInfer)
    let heads = try request.integer("heads")
    try request.require(heads >= 1, else: .headsDoNotFit(query: heads, keyValue: 1))
    let (probabilities, rows) = try request.prefillProbabilities(heads: heads)
    let (recent, count) = (try request.integer("recent"), try request.integer("count"))
    _ = try request.peer { () throws(PeerError) in try RowCounts(tokens: rows, recent: recent, counts: [count]) }
    let kept = min(count, rows - recent) + recent
    let forced = try request.forcedChoice(lines: 1, count: kept, below: rows, ascending: true)
    let step = PyramidInfer.step(
      probabilities, recent: recent, count: count, forced: forced?.first, rules: peers.baselines.pyramid)
    let terms = Double(heads * recent + recent + 8)
    return ResultTensor.bounded("scores", Tensor(shape: [step.scores.count], values: step.scores), functions) { cell in
      (terms * step.scores[cell].magnitude, 6 * step.scores[cell].magnitude)
    } + [.integers("choice", shape: [step.choice.count], step.choice)]
  }
}
