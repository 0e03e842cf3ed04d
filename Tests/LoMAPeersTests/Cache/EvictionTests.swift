// Spec chapter 19: eviction and ZigZagKV: BAS-12, with BAS-3, BAS-5, BAS-6, BAS-7.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama
import Testing

@Suite("19 BAS: eviction and ZigZagKV") struct EvictionTests {
  /// Two heads of four rows; all numbers are eighths, so every sum is exact.
  private let probabilities = Tensor(
    shape: [2, 4, 4],
    values: [
      8, 0, 0, 0, 4, 4, 0, 0, 4, 2, 2, 0, 1, 2, 2, 3,
      8, 0, 0, 0, 4, 4, 0, 0, 2, 4, 2, 0, 2, 1, 4, 1,
    ].map { $0 / 8 })

  private func choose(
    _ heads: AttentionHeads, window: Int, budget: Int, rules: EvictionRules = .spec
  ) throws -> Eviction {
    try Eviction.choose(
      probabilities, heads: heads, budget: EvictionBudget(window: window, budget: budget, rows: 4), forced: nil,
      functions: .llama(workers: .single), rules: rules)
  }

  @Test func `BAS-12 BAS-3 scores, choices and ties by hand`() throws {
    // One KV head: (4 + 1 + 2 + 2)/8 and (2 + 2 + 4 + 1)/8, a tie that entry 0 wins.
    let one = AttentionHeads(query: 2, keyValue: 1, dimension: 2)
    let tie = try choose(one, window: 2, budget: 3)
    #expect(tie.scores == Tensor(shape: [1, 2], values: [9.0 / 8, 9.0 / 8]))
    #expect(tie.choice == [[0, 2, 3]])
    // Two KV heads choose by themselves: 5/8 and 4/8; 4/8 and 5/8.
    let two = AttentionHeads(query: 2, keyValue: 2, dimension: 2)
    let apart = try choose(two, window: 2, budget: 3)
    #expect(apart.scores == Tensor(shape: [2, 2], values: [5.0 / 8, 4.0 / 8, 4.0 / 8, 5.0 / 8]))
    #expect(apart.choice == [[0, 2, 3], [1, 2, 3]])
    // The last row alone: (1 + 2, 2 + 1, 2 + 4)/8.
    let last = try choose(one, window: 1, budget: 2)
    #expect(last.scores == Tensor(shape: [1, 3], values: [3.0 / 8, 3.0 / 8, 6.0 / 8]))
    #expect(last.choice == [[2, 3]])
    #expect(try choose(one, window: 1, budget: 3).choice == [[0, 2, 3]])
    #expect(try choose(one, window: 2, budget: 2).choice == [[2, 3]])
    #expect(try choose(one, window: 2, budget: 7).choice == [[0, 1, 2, 3]])
    #expect(try choose(one, window: 4, budget: 4).scores.shape == [1, 0])
  }

  @Test func `BAS-12 what stays is the window and no worse than what goes`() throws {
    for sample in someCached(30, seed: 12) {
      let t = sample.prefill
      for seen in try sample.observations() {
        let window = 1 + Int(sample.seed % UInt64(t))
        let budget = try EvictionBudget(window: window, budget: window + Int(sample.seed % 5), rows: t)
        let chosen = try Eviction.choose(
          seen.probabilities, heads: seen.heads, budget: budget, forced: nil, functions: seen.functions, rules: .spec)
        for (g, kept) in chosen.choice.enumerated() {
          #expect(kept.count == min(budget.budget, t) && kept == kept.sorted() && Set(kept).count == kept.count)
          #expect(kept.suffix(window) == Array(t - window..<t)[...])
          // Summed the other way round.
          let sums = (0..<t - window).map { i in
            (t - window..<t).reversed().reduce(0.0) { sum, r in
              seen.heads.group(of: g).reduce(sum) { $0 + seen.probabilities.values[($1 * t + r) * t + i] }
            }
          }
          for (i, sum) in sums.enumerated() { #expect((sum - chosen.scores[g, i]).magnitude <= 1e-12) }
          let earlier = kept.filter { $0 < t - window }
          let gone = Set(0..<t - window).subtracting(earlier)
          for i in earlier { #expect(gone.allSatisfy { sums[i] >= sums[$0] - 1e-12 }) }
        }
      }
    }
  }

  @Test func `BAS-7 BAS-12 a budget of all entries is full attention, bit for bit`() throws {
    for sample in someCached(15, seed: 13) {
      let full = try sample.forward(nil)
      let t = sample.prefill
      for policy in [
        Eviction.policy(window: 1, budget: t, rules: .spec), Eviction.policy(window: t, budget: t + 3, rules: .spec),
        ZigZagKV.policy(window: 1, total: sample.layers * t, least: 1, rules: .spec),
      ] {
        let forward = try sample.forward(policy)
        #expect(forward.logits.bits == full.logits.bits, "\(sample)")
        #expect(try forward.bits == full.bits && forward.caches == full.caches)
      }
    }
  }

  @Test func `BAS-6 BAS-12 bits are those of the entries alive, each 2·d·16`() throws {
    for sample in someCached(20, seed: 14) where sample.prefill >= 2 {
      let window = 1 + Int(sample.seed % UInt64(sample.prefill - 1))
      let least = window
      let total = sample.layers * least + Int(sample.seed % UInt64(1 + sample.layers * (sample.prefill - least)))
      for policy in [
        Eviction.policy(window: window, budget: window + 1, rules: .spec),
        ZigZagKV.policy(window: window, total: total, least: least, rules: .spec),
      ] {
        let forward = try sample.forward(policy)
        for cache in forward.caches {
          #expect(cache.bits == cache.alive.reduce(0) { $0 + $1.count } * 2 * sample.heads.dimension * 16)
          #expect(cache.positions == Array(0..<sample.prefill))
        }
        if policy.name == "zigzag" {
          #expect(try forward.bits == 2 * 16 * sample.heads.keyValue * sample.heads.dimension * total)
        }
      }
    }
  }

  // MARK: - ZigZagKV

  @Test func `BAS-12 budgets by hand: floors, then the largest remainders, never above T`() throws {
    func budgets(_ needs: [Int], total: Int, least: Int, rows: Int) throws -> [Int] {
      try ZigZagBudget(window: 1, total: total, least: least, layers: needs.count, rows: rows).budgets(needs)
    }
    // R = 10: 10·1/6, 10·2/6, 10·3/6 = 1⅔, 3⅓, 5.
    #expect(try budgets([1, 2, 3], total: 13, least: 1, rows: 20) == [3, 4, 6])
    // Equal remainders: the lower layer.
    #expect(try budgets([1, 1, 1], total: 10, least: 2, rows: 9) == [4, 3, 3])
    #expect(try budgets([5, 5, 5, 5], total: 12, least: 2, rows: 9) == [3, 3, 3, 3])
    // Nothing to share: uniform.
    #expect(try budgets([1, 7, 2], total: 6, least: 2, rows: 9) == [2, 2, 2])
    // R = 9: 1 + 9·8/10 = 8.2 is cut to T = 5; what is left goes round: layer 1 (remainder 9), layer 2, and again.
    #expect(try budgets([8, 1, 1], total: 12, least: 1, rows: 5) == [5, 4, 3])
    #expect(try budgets([8, 1, 1], total: 15, least: 1, rows: 5) == [5, 5, 5])
    // However many are missing.
    let many = 1_000_000_000
    #expect(try budgets([8, 1, 1], total: 3 * many - 1, least: 1, rows: many) == [many, many, many - 1])
  }

  @Test func `BAS-12 budgets add up to the total, between least and T, and follow the needs`() throws {
    var numbers = SeededNumbers(seed: 7)
    for _ in 0..<500 {
      let (layers, rows) = (1 + numbers.integer(below: 6), 1 + numbers.integer(below: 12))
      let least = 1 + numbers.integer(below: rows)
      let total = layers * least + numbers.integer(below: 1 + layers * (rows - least))
      let needs = (0..<layers).map { _ in 1 + numbers.integer(below: 4 * rows) }
      let budgets = try ZigZagBudget(window: 1, total: total, least: least, layers: layers, rows: rows).budgets(needs)
      #expect(budgets.reduce(0, +) == total && budgets.allSatisfy { $0 >= least && $0 <= rows })
      for a in 0..<layers {
        for b in 0..<layers where needs[a] > needs[b] { #expect(budgets[a] >= budgets[b] - 1) }
      }
      let equal = try ZigZagBudget(window: 1, total: total, least: least, layers: layers, rows: rows)
        .budgets(needs.map { _ in 3 })
      #expect((equal.max() ?? 0) - (equal.min() ?? 0) <= 1)
      // Remainders one by one, round after round.
      let (sum, shared) = (needs.reduce(0, +), total - layers * least)
      var byOne = needs.map { min(rows, least + shared * $0 / sum) }
      while byOne.reduce(0, +) < total {
        for layer in (0..<layers).sorted(by: { (shared * needs[$0] % sum, $1) > (shared * needs[$1] % sum, $0) })
        where byOne[layer] < rows && byOne.reduce(0, +) < total { byOne[layer] += 1 }
      }
      #expect(budgets == byOne)
      // Where no layer is full, each is within 1 of its exact share.
      if budgets.allSatisfy({ $0 < rows }) {
        for (budget, need) in zip(budgets, needs) {
          #expect(((budget - least) * sum - shared * need).magnitude < sum)
        }
      }
    }
    #expect(
      faultCode {
        _ = try ZigZagBudget(window: 1, total: Int.max / 4, least: 1, layers: 1, rows: Int.max / 2).budgets([64])
      } == "cache-size-out-of-range")
  }

  @Test func `BAS-12 a head's count is the least whose largest weights reach 0.9 of all`() throws {
    let one = AttentionHeads(query: 2, keyValue: 1, dimension: 2)
    let shared = try ZigZagBudget(window: 2, total: 4, least: 2, layers: 1, rows: 4)
    let by = try ZigZagKV.share([probabilities], heads: one, budget: shared, rules: .spec)
    // Of 16 over the last two rows (5, 4, 4, 3) and (4, 5, 6, 1), where 0.9 is 14.4.
    #expect(by.counts == [[4, 3]] && by.budgets == [4])
    for sample in someCached(20, seed: 15) {
      let seen = try sample.observations()
      let t = sample.prefill
      let window = 1 + Int(sample.seed % UInt64(t))
      let budget = try ZigZagBudget(
        window: window, total: sample.layers * t, least: window, layers: sample.layers, rows: t)
      let counts = try ZigZagKV.share(
        seen.map { $0.probabilities }, heads: sample.heads, budget: budget, rules: .spec
      ).counts
      for (layer, heads) in zip(seen, counts) {
        for (h, count) in heads.enumerated() {
          let weights = (0..<t).map { i in
            (t - window..<t).reduce(0.0) { $0 + layer.probabilities.values[(h * t + $1) * t + i] }
          }.sorted(by: >)
          let all = weights.reduce(0, +)
          #expect(weights.prefix(count).reduce(0, +) >= 0.9 * all - 1e-12)
          #expect(weights.prefix(count - 1).reduce(0, +) <= 0.9 * all + 1e-12)
        }
      }
    }
  }
}
