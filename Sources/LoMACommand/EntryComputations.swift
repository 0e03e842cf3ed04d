// `loma compute` of chapter 19: what its methods share, eviction, ZigZagKV, ThinK, ZipCache and stored noise.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama

private let sizes = ["--heads", "--kv-heads", "--head-dim"]
private let cacheSizes = ["--rows", "--kv-heads", "--head-dim"]
private let cacheUsage = "--rows T --kv-heads N --head-dim N"

let entryForms: [PeerForm] = [
  PeerForm(
    name: "whole_bits", usage: "--layers N " + cacheUsage, options: ["--layers"] + cacheSizes
  ) { arguments in
    let (rows, heads, dimension) = try arguments.cacheSizes()
    let width = try StoredBits.product(heads, dimension)
    return "\(try StoredBits.whole(entries: StoredBits.product(rows, arguments.atLeast(1, "--layers")), width: width))"
  },
  PeerForm(name: "highest", usage: "--scores N,N,… --count N", options: ["--scores", "--count"]) { arguments in
    let scores = try arguments.numbers("--scores")
    return "\(Scores.highest(try arguments.within(scores.count, "--count"), of: scores))"
  },
  PeerForm(name: "lowest", usage: "--scores N,N,… --count N", options: ["--scores", "--count"]) { arguments in
    let scores = try arguments.numbers("--scores")
    return "\(Scores.lowest(try arguments.within(scores.count, "--count"), of: scores))"
  },
  PeerForm(
    name: "evict", usage: "--attention N,N,… --heads N --kv-heads N --window N --budget N",
    options: ["--attention", "--heads", "--kv-heads", "--window", "--budget"]
  ) { arguments in
    let heads = try arguments.heads(dimension: 1)
    let attention = try arguments.attention(heads)
    let evicted = try Eviction.choose(
      attention, heads: heads,
      budget: EvictionBudget(
        window: arguments.required("--window"), budget: arguments.required("--budget"), rows: attention.columns),
      forced: nil, functions: .llama(workers: .single), rules: .spec)
    return "scores \(rows(evicted.scores)) kept \(evicted.choice)"
  },
  PeerForm(
    name: "eviction_bits", usage: cacheUsage + " --window N --budget N",
    options: cacheSizes + ["--window", "--budget"]
  ) { arguments in
    let (rows, heads, dimension) = try arguments.cacheSizes()
    let budget = try EvictionBudget(
      window: arguments.required("--window"), budget: arguments.required("--budget"), rows: rows)
    return "\(try budget.bits(rows: rows, heads: heads, dimension: dimension))"
  },
  PeerForm(
    name: "zigzag_budgets", usage: "--needs N,N,… --rows T --window N --total N --least N",
    options: ["--needs", "--rows", "--window", "--total", "--least"]
  ) { arguments in
    let needs = try Arguments.integers(arguments["--needs"] ?? "", of: "--needs")
    guard !needs.isEmpty, needs.allSatisfy({ $0 >= 1 }) else {
      throw UsageError(line: "option --needs takes numbers of entries, at least 1 each")
    }
    let budget = try ZigZagBudget(
      window: arguments.required("--window"), total: arguments.required("--total"),
      least: arguments.required("--least"), layers: needs.count, rows: arguments.atLeast(1, "--rows"))
    return "\(try budget.budgets(needs))"
  },
  PeerForm(
    name: "think",
    usage: "--query N,N,… --key N,N,… --heads N --kv-heads N --head-dim N --window N --pruned N\n    --recent N",
    options: sizes + ["--query", "--key", "--window", "--pruned", "--recent"]
  ) { arguments in
    let heads = try arguments.heads()
    let key = try arguments.matrix("--key", width: heads.keyValue * heads.dimension)
    let query = try arguments.matrix("--query", width: heads.query * heads.dimension)
    guard query.rows == key.rows else { throw UsageError(line: "think: a query and a key for every row") }
    let made = try ThinK.prune(
      query: query, key: key, heads: heads,
      channels: ThinKChannels(
        window: arguments.required("--window"), pruned: arguments.required("--pruned"),
        recent: arguments.required("--recent"), dimension: heads.dimension, rows: key.rows),
      forced: nil, functions: .llama(workers: .single), rules: .spec)
    return "scores \(rows(made.scores)) pruned \(made.choice)\nkeys \(rows(made.keys))"
  },
  PeerForm(
    name: "think_bits", usage: cacheUsage + " --pruned N --recent N", options: cacheSizes + ["--pruned", "--recent"]
  ) { arguments in
    let (rows, heads, dimension) = try arguments.cacheSizes()
    let channels = try ThinKChannels(
      window: 1, pruned: arguments.required("--pruned"), recent: arguments.required("--recent"),
      dimension: dimension, rows: rows)
    return "\(try channels.bits(rows: rows, heads: heads, dimension: dimension))"
  },
  PeerForm(
    name: "zip_cache",
    usage: "--key N,N,… --value N,N,… --attention N,N,… --heads N --kv-heads N --head-dim N\n"
      + "    --low N --low-bits B --high-bits B [--probe I,I,…]",
    options: sizes + ["--key", "--value", "--attention", "--low", "--low-bits", "--high-bits", "--probe"]
  ) { arguments in
    let heads = try arguments.heads()
    let width = heads.keyValue * heads.dimension
    let (key, value) = (try arguments.matrix("--key", width: width), try arguments.matrix("--value", width: width))
    let attention = try arguments.attention(heads)
    guard key.rows == value.rows, key.rows == attention.columns else {
      throw UsageError(line: "zip_cache: a key, a value and attention for every row")
    }
    let stored = try ZipCache.store(
      key: key, value: value, probabilities: attention, heads: heads, classes: arguments.classes(rows: key.rows),
      probe: arguments["--probe"].map { try Arguments.integers($0, of: "--probe") }, forced: nil,
      functions: .llama(workers: .single), rules: .spec)
    return "saliency \(rows(stored.saliency)) low \(stored.choice)\n"
      + "key codes \(rows(stored.keyCodes, as: Int.init)) value codes \(rows(stored.valueCodes, as: Int.init))\n"
      + "values \(rows(stored.values))"
  },
  PeerForm(
    name: "zip_bits", usage: cacheUsage + " --low N --low-bits B --high-bits B",
    options: cacheSizes + ["--low", "--low-bits", "--high-bits"]
  ) { arguments in
    let (rows, heads, dimension) = try arguments.cacheSizes()
    return "\(try arguments.classes(rows: rows).bits(rows: rows, heads: heads, dimension: dimension))"
  },
  PeerForm(
    name: "store_noise", usage: "--x N,N,… --kv-heads N --head-dim N --sigma N --seed N",
    options: ["--x", "--kv-heads", "--head-dim", "--sigma", "--seed"]
  ) { arguments in
    let (heads, dimension) = (try arguments.atLeast(1, "--kv-heads"), try arguments.atLeast(1, "--head-dim"))
    let x = try arguments.matrix("--x", width: heads * dimension)
    guard let text = arguments["--seed"], let seed = UInt64(text) else {
      throw UsageError(line: "option --seed takes an integer in 0...\(UInt64.max)")
    }
    var numbers = SeededNumbers(seed: seed)
    let read = try StoredNoise(sigma: arguments.number("--sigma"), rules: .spec)
      .disturbed(x, heads: heads, stored: nil, numbers: &numbers, functions: .llama(workers: .single))
    return "\(read.values)"
  },
]

/// The rows of a matrix, as they are printed.
private func rows<Number>(_ x: Tensor, as number: (Double) -> Number) -> [[Number]] {
  (0..<x.rows).map { x.row($0).map(number) }
}

private func rows(_ x: Tensor) -> [[Double]] { rows(x) { $0 } }

extension Arguments {
  /// The integer given for a required option, at least so large.
  fileprivate func atLeast(_ least: Int, _ name: String) throws(UsageError) -> Int {
    let count = try required(name)
    guard count >= least else { throw UsageError(line: "option \(name) must be at least \(least)") }
    return count
  }

  /// The integer given for a required option, of so many things.
  fileprivate func within(_ limit: Int, _ name: String) throws(UsageError) -> Int {
    let count = try required(name)
    guard (0...limit).contains(count) else { throw UsageError(line: "option \(name) must be in 0...\(limit)") }
    return count
  }

  /// T, G and d of a layer's cache.
  fileprivate func cacheSizes() throws -> (rows: Int, heads: Int, dimension: Int) {
    let (heads, dimension) = (try required("--kv-heads"), try required("--head-dim"))
    try CacheChecks.heads(query: heads, keyValue: heads, dimension: dimension)
    return (try atLeast(1, "--rows"), heads, dimension)
  }

  /// H, G and d, or the d that is given.
  fileprivate func heads(dimension: Int? = nil) throws -> AttentionHeads {
    let (query, keyValue) = (try required("--heads"), try required("--kv-heads"))
    let width = try dimension ?? required("--head-dim")
    try CacheChecks.heads(query: query, keyValue: keyValue, dimension: width)
    return AttentionHeads(query: query, keyValue: keyValue, dimension: width)
  }

  /// Numbers row after row: [rows, width].
  fileprivate func matrix(_ name: String, width: Int) throws(UsageError) -> Tensor {
    let numbers = try numbers(name)
    guard numbers.count % width == 0 else {
      throw UsageError(line: "option \(name) takes rows of \(width) numbers, got \(numbers.count)")
    }
    return Tensor(shape: [numbers.count / width, width], values: numbers)
  }

  /// The weights of every head, row after row: [H, T, T].
  fileprivate func attention(_ heads: AttentionHeads) throws(UsageError) -> Tensor {
    let numbers = try numbers("--attention")
    var rows = 0
    while heads.query * rows * rows < numbers.count { rows += 1 }
    guard heads.query * rows * rows == numbers.count else {
      throw UsageError(line: "option --attention takes \(heads.query)·T·T numbers, got \(numbers.count)")
    }
    return Tensor(shape: [heads.query, rows, rows], values: numbers)
  }

  /// The classes of ZipCache; 0 bits are none.
  fileprivate func classes(rows: Int) throws -> ZipClasses {
    let (lowBits, highBits) = (try required("--low-bits"), try required("--high-bits"))
    return try ZipClasses(
      low: required("--low"), lowBits: lowBits == 0 ? nil : lowBits, highBits: highBits == 0 ? nil : highBits,
      rows: rows)
  }
}
