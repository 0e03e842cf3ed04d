// Spec chapter 19: the axis, counts, ties, choices and bits: BAS-1 to BAS-4, BAS-6.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama
import Testing

/// The code of the fault that some checks find; nil if none.
func faultCode(_ check: () throws -> Void) -> String? {
  do {
    try check()
    return nil
  } catch let error as PeerError {
    return error.code
  } catch {
    return (error as? PeerReferenceError)?.code ?? "\(error)"
  }
}

@Suite("19 BAS: the axis, counts, choices and bits") struct BaselineTests {
  @Test func `BAS-1 a profile names one value of one axis`() throws {
    #expect(
      Baseline.allCases.map { $0.rawValue }.joined(separator: " ")
        == "none eviction zigzag think zip_cache pyramid_infer kv_sharer dmc lorc csr noise")
    for baseline in Baseline.allCases {
      #expect(try Baseline(name: baseline.name) == baseline)
      #expect(try Baseline(name: "baseline=" + baseline.rawValue) == baseline)
    }
    #expect(Baseline.none.name == "base" && Baseline.zipCache.name == "baseline=zip_cache")
    for (name, code) in [
      ("method=think", "unknown-axis"), ("baseline=h2o", "unknown-alternative"), ("baseline", "unknown-alternative"),
      ("baseline=think,baseline=think", "repeated-axis"),
    ] {
      #expect(faultCode { _ = try Baseline(name: name) } == code)
    }
  }

  @Test func `BAS-2 a ratio in binary64 loses an entry`() {
    // One tenth of ten entries.
    #expect(Int(10 * (1 - 0.9)) == 0)
  }

  @Test func `BAS-2 counts beyond what there is are refused, the first fault of the list first`() {
    func heads(_ query: Int, _ keyValue: Int, _ dimension: Int) -> String? {
      faultCode { try CacheChecks.heads(query: query, keyValue: keyValue, dimension: dimension) }
    }
    #expect(heads(4, 2, 4) == nil && heads(3, 3, 1) == nil)
    for wrong in [(0, 1, 4), (4, 0, 4), (4, 3, 4), (2, 4, 4), (4, 2, 0), (-2, -1, 4)] {
      #expect(heads(wrong.0, wrong.1, wrong.2) == "invalid-heads")
    }
    func eviction(_ window: Int, _ budget: Int) -> String? {
      faultCode { _ = try EvictionBudget(window: window, budget: budget, rows: 5) }
    }
    #expect(eviction(5, 5) == nil && eviction(1, 1) == nil && eviction(2, 99) == nil)
    #expect(eviction(0, 5) == "window-out-of-range" && eviction(6, 2) == "window-out-of-range")
    #expect(eviction(3, 2) == "budget-below-window")
    func zigzag(_ window: Int, _ total: Int, _ least: Int) -> String? {
      faultCode { _ = try ZigZagBudget(window: window, total: total, least: least, layers: 3, rows: 5) }
    }
    #expect(zigzag(2, 6, 2) == nil && zigzag(2, 15, 2) == nil && zigzag(2, 15, 5) == nil)
    #expect(zigzag(6, 1, 1) == "window-out-of-range")
    for (total, least) in [(5, 2), (16, 2), (9, 1), (15, 6)] {
      #expect(zigzag(2, total, least) == "budget-out-of-range")
    }
    func think(_ window: Int, _ pruned: Int, _ recent: Int) -> String? {
      faultCode { _ = try ThinKChannels(window: window, pruned: pruned, recent: recent, dimension: 4, rows: 5) }
    }
    #expect(think(1, 0, 0) == nil && think(99, 4, 99) == nil)
    #expect(think(0, 5, 0) == "window-out-of-range" && think(1, 5, -1) == "window-out-of-range")
    #expect(think(1, 5, 0) == "pruned-out-of-range" && think(1, -1, 0) == "pruned-out-of-range")
    func zip(_ low: Int, _ lowBits: Int?, _ highBits: Int?) -> String? {
      faultCode { _ = try ZipClasses(low: low, lowBits: lowBits, highBits: highBits, rows: 5) }
    }
    #expect(zip(0, 1, 24) == nil && zip(5, nil, nil) == nil)
    #expect(zip(6, 0, nil) == "pruned-out-of-range" && zip(-1, nil, nil) == "pruned-out-of-range")
    #expect(zip(2, 0, 4) == "bits-out-of-range" && zip(2, nil, 25) == "bits-out-of-range")
  }

  @Test func `BAS-3 of equal scores the lower index is kept first and pruned last`() {
    let scores = [1.0, 3, 2, 3, 2, 1]
    #expect(
      (0...6).map { Scores.highest($0, of: scores) }
        == [[], [1], [1, 3], [1, 2, 3], [1, 2, 3, 4], [0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 5]])
    #expect(
      (0...6).map { Scores.lowest($0, of: scores) }
        == [[], [5], [0, 5], [0, 4, 5], [0, 2, 4, 5], [0, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5]])
    #expect(Scores.highest(2, of: [0, -0.0, 0]) == [0, 1])
    var numbers = SeededNumbers(seed: 3)
    for _ in 0..<200 {
      let drawn = (0..<1 + numbers.integer(below: 9)).map { _ in Double(numbers.integer(below: 4)) }
      let count = numbers.integer(below: drawn.count + 1)
      // A stable sort says the same in other words.
      let order = drawn.enumerated().sorted { -$0.element < -$1.element }.map { $0.offset }
      #expect(Scores.highest(count, of: drawn) == order.prefix(count).sorted())
      #expect(Scores.lowest(count, of: drawn) == order.suffix(count).sorted())
    }
  }

  @Test func `BAS-4 a choice that is given is taken, if it names what is there in order`() throws {
    let sample = CachedSample()
    let seen = try #require(sample.observations().first)
    let budget = try EvictionBudget(window: 2, budget: 4, rows: 8)
    func evict(_ forced: [[Int]]?) throws(PeerError) -> Eviction {
      try Eviction.choose(
        seen.probabilities, heads: seen.heads, budget: budget, forced: forced, functions: seen.functions, rules: .spec)
    }
    let free = try evict(nil)
    let other = try evict([[0, 1, 2, 3], [2, 4, 6, 7]])
    #expect(other.choice == [[0, 1, 2, 3], [2, 4, 6, 7]] && other.scores == free.scores)
    for wrong in [[0, 2, 2, 3], [0, 2, 1, 3], [-1, 2, 3, 4], [0, 1, 2, 8]] {
      #expect(faultCode { _ = try evict([[0, 1, 2, 3], wrong]) } == "choice-out-of-range")
    }
    let channels = try ThinKChannels(window: 2, pruned: 1, recent: 3, dimension: 4, rows: 8)
    func think(_ forced: [[Int]]) throws(PeerError) -> ThinK {
      try ThinK.prune(
        query: seen.query, key: seen.key, heads: seen.heads, channels: channels, forced: forced,
        functions: seen.functions, rules: .spec)
    }
    #expect(try think([[3], [0]]).keys == ThinK.without([[3], [0]], in: seen.key, rows: 0..<5))
    #expect(faultCode { _ = try think([[3], [4]]) } == "choice-out-of-range")
    let classes = try ZipClasses(low: 2, lowBits: 2, highBits: 4, rows: 8)
    func zip(_ forced: [[Int]]?, probe: [Int]? = nil) throws(PeerError) -> ZipCache {
      try ZipCache.store(
        key: seen.key, value: seen.value, probabilities: seen.probabilities, heads: seen.heads, classes: classes,
        probe: probe, forced: forced, functions: seen.functions, rules: .spec)
    }
    #expect(try zip([[1, 5], [2, 7]]).choice == [[1, 5], [2, 7]])
    #expect(faultCode { _ = try zip([[5, 1], [2, 7]]) } == "choice-out-of-range")
    for probe in [[3, 2], [2, 2], [8], [-1]] {
      #expect(faultCode { _ = try zip(nil, probe: probe) } == "choice-out-of-range")
    }
    #expect(try zip(nil, probe: []).saliency == Tensor(zeros: [2, 8]))
  }

  @Test func `BAS-6 whole entries count 16 bits a number, and what fits no integer is refused`() throws {
    #expect(try StoredBits.whole(entries: 7, width: 6) == 2 * 7 * 6 * 16)
    #expect(try StoredBits.whole(entries: 0, width: 6) == 0)
    #expect(faultCode { _ = try StoredBits.whole(entries: Int.max / 4, width: 6) } == "cache-size-out-of-range")
    #expect(faultCode { _ = try StoredBits.sum(Int.max, 1) } == "cache-size-out-of-range")
    #expect(
      faultCode {
        _ = try EvictionBudget(window: 1, budget: 4, rows: 4).bits(rows: 4, heads: Int.max / 2, dimension: 4)
      } == "cache-size-out-of-range")
    #expect(
      faultCode {
        _ = try ThinKChannels(window: 1, pruned: 1, recent: 0, dimension: 4, rows: Int.max / 64)
          .bits(rows: Int.max / 64, heads: 1, dimension: 4)
      } == "cache-size-out-of-range")
    #expect(
      faultCode {
        _ = try ZipClasses(low: 0, lowBits: nil, highBits: 2, rows: Int.max / 16)
          .bits(rows: Int.max / 16, heads: 1, dimension: 4)
      } == "cache-size-out-of-range")
    // Whatever computes: a method's bits do not depend on the rounding of its numbers.
    let narrow = CachedSample(round: { x in
      Tensor(shape: x.shape, values: x.values.map { SeededNumbers.roundedToEightBits($0) })
    })
    #expect(try narrow.forward(CachePolicy.none).bits == CachedSample().forward(CachePolicy.none).bits)
  }
}
