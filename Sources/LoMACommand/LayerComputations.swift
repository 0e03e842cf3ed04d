// `loma compute` of chapter 19: PyramidInfer, KVSharer, DMC, LoRC and CSR.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama

let layerForms: [PeerForm] = [
  PeerForm(
    name: "pyramid_rows", usage: "--rows T --recent R --counts N,N,…", options: ["--rows", "--recent", "--counts"]
  ) { arguments in "\(try rowCounts(arguments).entering)" },
  PeerForm(
    name: "pyramid_bits", usage: "--rows T --recent R --counts N,N,… --kv-heads N --head-dim N",
    options: ["--rows", "--recent", "--counts", "--kv-heads", "--head-dim"]
  ) { arguments in
    let (heads, dimension) = try arguments.cacheHeads()
    return "\(try rowCounts(arguments).bits(heads: heads, dimension: dimension))"
  },
  PeerForm(name: "pyramid_weights", usage: "--recent R", options: ["--recent"]) { arguments in
    let recent = try arguments.recentRows()
    return "\((0..<recent).map { PyramidRules.spec.weight($0, recent) })"
  },
  PeerForm(
    name: "pyramid_choice", usage: "--scores N,N,… --recent R --count N", options: ["--scores", "--recent", "--count"]
  ) { arguments in
    let scores = try arguments.numbers("--scores")
    let (recent, count) = (try arguments.recentRows(), try arguments.required("--count"))
    _ = try RowCounts(tokens: scores.count + recent, recent: recent, counts: [count])
    return "\(PyramidInfer.choice(scores, recent: recent, count: count, rules: .spec))"
  },
  PeerForm(name: "layer_share", usage: "--share N,N,…", options: ["--share"]) { arguments in
    "\(try arguments.share().sources)"
  },
  PeerForm(
    name: "share_bits", usage: "--share N,N,… --rows T --kv-heads N --head-dim N",
    options: ["--share", "--rows", "--kv-heads", "--head-dim"]
  ) { arguments in
    let (heads, dimension) = try arguments.cacheHeads()
    return "\(try arguments.share().bits(tokens: arguments.count("--rows"), heads: heads, dimension: dimension))"
  },
  PeerForm(
    name: "dmc_runs", usage: "--keys N,N,… (the last channel of each token's key)", options: ["--keys"]
  ) { arguments in
    let runs = PooledRuns(starts: PoolingRules.spec.starts(try arguments.numbers("--keys")))
    let seen = runs.starts.indices.map { "\(runs.visible(toRow: $0))" }.joined(separator: " ")
    return "starts \(runs.starts) entries \(runs.ends.count) seen \(seen)"
  },
  PeerForm(
    name: "dmc_means", usage: "--keys N,N,… --queries N,N,… --x N,N,…", options: ["--keys", "--queries", "--x"]
  ) { arguments in "\(try partialMeans(arguments))" },
  PeerForm(name: "singular_values", usage: "--x N,N,… --columns N", options: ["--x", "--columns"]) { arguments in
    "\(SingularValues(of: try arguments.matrix("--x")).values)"
  },
  PeerForm(
    name: "truncate_rank", usage: "--x N,N,… --columns N --rank R", options: ["--x", "--columns", "--rank"]
  ) { arguments in
    let (w, rank) = (try arguments.matrix("--x"), try arguments.required("--rank"))
    try LowRanks.check(rank, limit: min(w.rows, w.columns))
    return "\((LowRank.weight(w, rank: rank, heads: 1, rules: .spec)?.product ?? w).values)"
  },
  PeerForm(
    name: "low_ranks", usage: "--conditions N,N,… --most R --least R", options: ["--conditions", "--most", "--least"]
  ) { arguments in
    let conditions = try arguments.numbers("--conditions")
    guard
      let ranks = LowRank.ranks(
        conditions: conditions, most: try arguments.count("--most"), least: try arguments.count("--least"))
    else { throw UsageError(line: "low_ranks: a condition number is above 0") }
    return "\(ranks)"
  },
  PeerForm(
    name: "low_rank_bits", usage: "--key-ranks N,N,… --value-ranks N,N,… --most R --rows T",
    options: ["--key-ranks", "--value-ranks", "--most", "--rows"]
  ) { arguments in
    let (keys, values) = (try arguments.integers("--key-ranks"), try arguments.integers("--value-ranks"))
    guard keys.count == values.count else { throw UsageError(line: "low_rank_bits: two ranks a layer") }
    let ranks = try LowRanks(keys: keys, values: values, limit: arguments.count("--most"))
    let rows = try arguments.count("--rows")
    var bits = 0
    for layer in keys.indices { bits = try StoredBits.sum(bits, ranks.bits(ofLayer: layer, tokens: rows)) }
    return "\(bits)"
  },
  PeerForm(
    name: "pursue", usage: "--x N,N,… --atoms N,N,… --steps S (atoms one behind another)",
    options: ["--x", "--atoms", "--steps"]
  ) { arguments in
    let (x, numbers) = (try arguments.numbers("--x"), try arguments.numbers("--atoms"))
    guard numbers.count % x.count == 0 else { throw UsageError(line: "pursue: atoms of as many numbers as --x") }
    let atoms = Tensor(shape: [numbers.count / x.count, x.count], values: numbers)
    let steps = try arguments.required("--steps")
    try SparseCost.check(steps: steps, dimension: x.count)
    try SparsePursuit.check(atoms: atoms)
    let pursuit = SparsePursuit.pursue(
      Tensor(shape: [1, x.count], values: x), atoms: atoms, steps: steps, forced: nil, rules: .spec)[0]
    return "atoms \(pursuit.choice) weights \(pursuit.weights) read \(pursuit.read(atoms))"
  },
  PeerForm(
    name: "farthest_atoms", usage: "--x N,N,… --columns N --count N", options: ["--x", "--columns", "--count"]
  ) { arguments in
    let vectors = try arguments.matrix("--x")
    guard let atoms = SparsePursuit.farthestAtoms(vectors, count: try arguments.count("--count")) else {
      throw UsageError(line: "farthest_atoms: fewer vectors that are not zero than atoms")
    }
    return "\(atoms.values)"
  },
  PeerForm(
    name: "pursuit_bits", usage: "--vectors N --steps S --atoms A", options: ["--vectors", "--steps", "--atoms"]
  ) { arguments in
    let bits = try SparseCost.bits(
      vectors: arguments.count("--vectors"), steps: arguments.count("--steps"), atoms: arguments.count("--atoms"))
    return "\(bits)"
  },
]

private func rowCounts(_ arguments: Arguments) throws -> RowCounts {
  try RowCounts(
    tokens: arguments.count("--rows"), recent: arguments.required("--recent"), counts: arguments.integers("--counts"))
}

/// The entry of every token as it is after that token, of one head, one number a token.
private func partialMeans(_ arguments: Arguments) throws -> [Double] {
  let (keys, queries) = (try arguments.numbers("--keys"), try arguments.numbers("--queries"))
  let x = try arguments.numbers("--x")
  guard keys.count == x.count, queries.count == x.count else {
    throw UsageError(line: "dmc_means: a key, a query and a number for each token")
  }
  func channels(_ last: [Double], _ first: [Double]) -> Tensor {
    Tensor(rows: zip(first, last).map { [$0, $1] }, width: 2)
  }
  let tokens = ProjectedRows(
    query: channels(queries, x), key: channels(keys, x), value: channels(keys, x), positions: Array(x.indices))
  let pooled = DynamicMemoryCompression.pool(
    tokens, heads: AttentionHeads(query: 1, keyValue: 1, dimension: 2), theta: 1, functions: .llama(workers: .single),
    rules: .spec)
  return pooled.values.columns(0..<1).values
}

extension Arguments {
  /// A number of things, from 0 to a billion.
  fileprivate func count(_ name: String) throws(UsageError) -> Int {
    let count = try required(name)
    guard (0...1_000_000_000).contains(count) else {
      throw UsageError(line: "option \(name) must be in 0...1000000000")
    }
    return count
  }

  /// ρ where rows are listed.
  fileprivate func recentRows() throws(UsageError) -> Int {
    let rows = try required("--recent")
    guard (0...1_000_000).contains(rows) else { throw UsageError(line: "option --recent must be in 0...1000000") }
    return rows
  }

  /// G and d.
  fileprivate func cacheHeads() throws(UsageError) -> (heads: Int, dimension: Int) {
    (try count("--kv-heads"), try count("--head-dim"))
  }

  /// The integers given for a required option, separated by commas.
  fileprivate func integers(_ name: String) throws(UsageError) -> [Int] {
    guard let list = self[name] else { throw UsageError(line: "option \(name) is required") }
    return try Arguments.integers(list, of: name)
  }

  fileprivate func share() throws -> LayerShare { try LayerShare(integers("--share")) }

  /// The numbers of an option as a matrix of `--columns` columns.
  fileprivate func matrix(_ name: String) throws(UsageError) -> Tensor {
    let (x, columns) = (try numbers(name), try count("--columns"))
    guard columns >= 1, x.count % columns == 0 else {
      throw UsageError(line: "option --columns does not divide \(x.count) numbers")
    }
    return Tensor(shape: [x.count / columns, columns], values: x)
  }
}
