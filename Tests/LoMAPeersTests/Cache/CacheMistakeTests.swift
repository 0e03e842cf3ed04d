// Spec chapter 19: every mistake that a port of eviction, ZigZagKV, ThinK, ZipCache or stored noise may make is another rule, and
// changes what later rows compute: BAS-5, BAS-10, BAS-11, BAS-12, BAS-18.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama
import Testing

@Suite("19 BAS: mistakes of a port") struct CacheMistakeTests {
  /// Texts of a prefill of nine and two rows behind it, on models of three layers.
  private var samples: [CachedSample] {
    (0..<12).map { index in
      CachedSample(
        seed: 100 + index, layers: 3, heads: AttentionHeads(query: 4, keyValue: index % 3 == 0 ? 1 : 2, dimension: 4),
        textLength: 11, prefill: 9)
    }
  }

  /// The mistakes whose logits are those of the right method on every text.
  private func unseen(
    _ right: CachePolicy, _ mistakes: [(name: String, policy: CachePolicy)]
  ) throws -> [String] {
    let samples = samples
    let expected = try samples.map { try $0.forward(right).logits }
    return try mistakes.filter { mistake in
      try zip(samples, expected).allSatisfy { sample, logits in
        distance(try sample.forward(mistake.policy).logits, logits) < 1e-3
      }
    }.map { $0.name }
  }

  private func changing<Rules>(_ rules: Rules, _ change: (inout Rules) -> Void) -> Rules {
    var changed = rules
    change(&changed)
    return changed
  }

  @Test func `BAS-12 BAS-5 every mistake of eviction is seen`() throws {
    func policy(_ change: (inout EvictionRules) -> Void) -> CachePolicy {
      Eviction.policy(window: 2, budget: 5, rules: changing(.spec, change))
    }
    let mistakes: [(String, CachePolicy)] = [
      ("the window is not protected", policy { $0.protected = { _ in 0 } }),
      ("scores of all rows", policy { $0.scoringRows = { _, rows in 0..<rows } }),
      ("one choice for all heads", policy { $0.scoringHeads = { _, heads in 0..<heads.query } }),
      ("the first head of the group", policy { $0.scoringHeads = { g, heads in heads.group(of: g).prefix(1) } }),
      (
        "what stays is renumbered",
        policy {
          $0.keys = { seen, kept in
            var positions = seen.positions
            for (place, entry) in kept[0].enumerated() { positions[entry] = place }
            return seen.rotated(seen.unrotatedKey, to: positions)
          }
        }
      ),
    ]
    #expect(try unseen(policy { _ in }, mistakes) == [])
    // Later rows numbered from what is left is a mistake of the decoder.
    var rules = DecoderRules.spec
    rules.nextPosition = { _, caches in caches[0].alive[0].count }
    for sample in samples {
      let wrong = try sample.with { $0.rules = rules }.forward(policy { _ in })
      #expect(distance(wrong.logits, try sample.forward(policy { _ in }).logits) > 1e-3)
    }
  }

  @Test func `BAS-12 every mistake of ZigZagKV is seen`() throws {
    func policy(_ change: (inout ZigZagRules) -> Void) -> CachePolicy {
      ZigZagKV.policy(window: 1, total: 14, least: 2, rules: changing(.spec, change))
    }
    let mistakes: [(String, CachePolicy)] = [
      ("uniform budgets", policy { $0.budgets = { (_, b) throws(PeerError) in try b.budgets([1, 1, 1]) } }),
      (
        "inverse needs",
        policy {
          $0.budgets = { (needs, b) throws(PeerError) in
            try b.budgets(needs.map { (needs.max() ?? 0) + (needs.min() ?? 0) - $0 })
          }
        }
      ),
      ("half of the attention", policy { $0.mass = 0.5 }),
      (
        "no least budget",
        policy {
          $0.budgets = { (needs, b) throws(PeerError) in
            needs.map { max(1, b.total * $0 / needs.reduce(0, +)) }
          }
        }
      ),
      (
        "rounding that loses the total",
        policy {
          $0.budgets = { (needs, b) throws(PeerError) in
            needs.map { b.least + (b.total - b.layers * b.least) * $0 / needs.reduce(0, +) }
          }
        }
      ),
      ("the window is not protected", policy { $0.eviction.protected = { _ in 0 } }),
    ]
    #expect(try unseen(policy { _ in }, mistakes) == [])
  }

  @Test func `BAS-10 every mistake of ThinK is seen`() throws {
    func policy(_ change: (inout ThinKRules) -> Void) -> CachePolicy {
      ThinK.policy(window: 2, pruned: 2, recent: 2, rules: changing(.spec, change))
    }
    let mistakes: [(String, CachePolicy)] = [
      ("recent keys pruned too", policy { $0.prunedRows = { _, rows in 0..<rows } }),
      ("queries of all rows", policy { $0.queryRows = { _, rows in 0..<rows } }),
      (
        "the mean squared, not the mean square",
        policy {
          $0.querySize = { numbers in
            let mean = numbers.reduce(0, +) / Double(numbers.count)
            return mean * mean
          }
        }
      ),
      (
        "before the rotation",
        policy {
          $0.scored = { seen in
            let angles = seen.functions.angles(
              seen.positions, Rotation(headDimension: seen.heads.dimension, theta: seen.theta))
            return (query: seen.functions.rotateBackward(seen.query, by: angles), key: seen.unrotatedKey)
          }
        }
      ),
      ("the first head of the group", policy { $0.queryHeads = { g, heads in heads.group(of: g).prefix(1) } }),
      ("the highest pruned", policy { $0.prunes = { Scores.highest($0, of: $1) } }),
      (
        "values pruned too",
        policy { $0.values = { values, pruned in ThinK.without(pruned, in: values, rows: 0..<values.rows - 2) } }
      ),
      ("old keys alone measured", policy { $0.keyRows = { $0.old(of: $1) } }),
    ]
    #expect(try unseen(policy { _ in }, mistakes) == [])
  }

  @Test func `BAS-11 every mistake of ZipCache is seen`() throws {
    func policy(_ change: (inout ZipRules) -> Void) -> CachePolicy {
      ZipCache.policy(low: 4, lowBits: 2, highBits: 4, probe: nil, rules: changing(.spec, change))
    }
    /// Codes on another grid, as many as the bits have or fewer.
    func grid(
      _ steps: @escaping @Sendable (Int) -> Double, _ code: @escaping @Sendable (Double) -> Double
    ) -> CachePolicy {
      policy {
        $0.quantise = { (numbers, bits) throws(PeerError) in
          let (least, most) = (numbers.min() ?? 0, numbers.max() ?? 0)
          let step = (most - least) / steps(bits)
          let codes = numbers.map { step == 0 ? 0 : min(code(($0 - least) / step), Double((1 << bits) - 1)) }
          return QuantisedGroup(least: least, step: step, codes: codes)
        }
      }
    }
    let mistakes: [(String, CachePolicy)] = [
      ("not divided", policy { $0.divisor = { _, _ in 1 } }),
      ("divided by i + 1", policy { $0.divisor = { entry, _ in entry + 1 } }),
      ("the last row alone", policy { $0.probed = { $0.suffix(1) } }),
      ("classes swapped", policy { $0.low = { Scores.highest($0, of: $1) } }),
      ("keys by entry", policy { $0.keyGroups = { ZipCache.byEntry($0, $1) } }),
      ("values by channel", policy { $0.valueGroups = { ZipCache.byChannel($0, $1) } }),
      ("the largest magnitude, not its root", policy { $0.channelScale = { $0 == 0 ? 1 : $0 } }),
      ("channels of values not scaled", policy { $0.channelScale = { _ in 1 } }),
      ("one range for both classes", policy { $0.ranged = { _, rows in Array(0..<rows) } }),
      ("2^b steps", grid({ Double(1 << $0) }, { $0.rounded(.toNearestOrEven) })),
      ("truncated codes", grid({ Double((1 << $0) - 1) }, { $0.rounded(.down) })),
      (
        "symmetric codes",
        policy {
          $0.quantise = { (numbers, bits) throws(PeerError) in
            try Quantiser(form: .symmetric, bits: bits, group: numbers.count, scaleRounding: .none)
              .groups(of: Tensor(shape: [1, numbers.count], values: numbers))[0]
          }
        }
      ),
    ]
    #expect(try unseen(policy { _ in }, mistakes) == [])
    // The grid of the test is QNT-1's where it is meant to be.
    let same = grid({ Double((1 << $0) - 1) }, { $0.rounded(.toNearestOrEven) })
    #expect(try unseen(policy { _ in }, [("the same", same)]) == ["the same"])
  }

  @Test func `BAS-18 every mistake of noise is seen`() throws {
    func policy(_ change: (inout NoiseRules) -> Void) throws -> CachePolicy {
      try StoredNoise(sigma: 0.3, rules: changing(.spec, change)).policy(over: .none, seed: 7)
    }
    let mistakes: [(String, CachePolicy)] = [
      ("the same for numbers of any size", try policy { $0.size = { _ in 1 } }),
      (
        "the mean magnitude for the root mean square",
        try policy { $0.size = { $0.reduce(0) { $0 + $1.magnitude } / Double($0.count) } }
      ),
      ("uniform numbers", try policy { $0.draw = { $0.unitInterval() * 2 - 1 } }),
      ("one seed for all layers", try policy { $0.seed = { seed, _ in seed } }),
    ]
    #expect(try unseen(policy { _ in }, mistakes) == [])
  }
}
