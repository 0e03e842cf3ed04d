// Spec chapter 19: ThinK: BAS-10, with BAS-3, BAS-6, BAS-7.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama
import Testing

@Suite("19 BAS: ThinK") struct ThinKTests {
  @Test func `BAS-10 BAS-3 scores, pruned channels and keys by hand`() throws {
    // Two query heads of one KV head, d = 2, three rows.
    let heads = AttentionHeads(query: 2, keyValue: 1, dimension: 2)
    let query = Tensor(rows: [[9, 9, 9, 9], [1, 2, 3, 0], [2, 1, 0, 1]], width: 4)
    let key = Tensor(rows: [[1, 2], [-1, 2], [1, -1]], width: 2)
    func think(_ window: Int, _ pruned: Int, _ recent: Int, _ key: Tensor) throws -> ThinK {
      try ThinK.prune(
        query: query, key: key, heads: heads,
        channels: ThinKChannels(window: window, pruned: pruned, recent: recent, dimension: 2, rows: 3), forced: nil,
        functions: .llama(workers: .single), rules: .spec)
    }
    // Last row: (4 + 0)/2 and (1 + 1)/2; keys: 3/3 and (4 + 4 + 1)/3.
    let one = try think(1, 1, 1, key)
    #expect(one.scores.values == [2, 3] && one.choice == [[0]])
    #expect(one.keys == Tensor(rows: [[0, 2], [0, 2], [1, -1]], width: 2))
    // Last two rows: (1 + 9 + 4 + 0)/4 and (4 + 0 + 1 + 1)/4.
    #expect(try think(2, 1, 0, key).scores.values == [3.5, 4.5])
    #expect(try think(2, 2, 2, key).keys == Tensor(rows: [[0, 0], [-1, 2], [1, -1]], width: 2))
    // All rows, however large w_q is; T ≤ R prunes nothing, and scores stay.
    #expect(try think(99, 1, 0, key).scores == think(3, 1, 0, key).scores)
    let whole = try think(1, 2, 3, key)
    #expect(whole.choice == [[]] && whole.keys == key && whole.scores.values == [2, 3])
    // Scores 2·2 and 1·4: of equal ones the higher channel goes.
    let tie = Tensor(rows: [[2, 2], [1, 2], [1, 2]], width: 2)
    #expect(try think(1, 1, 0, tie).scores.values == [4, 4] && think(1, 1, 0, tie).choice == [[1]])
  }

  @Test func `BAS-10 each KV head prunes the channels of the lowest scores, in old keys alone`() throws {
    for sample in someCached(30, seed: 10) {
      for seen in try sample.observations() {
        let (t, d) = (sample.prefill, sample.heads.dimension)
        let (window, recent) = (1 + Int(sample.seed % 5), Int(sample.seed % 4))
        let pruned = Int(sample.seed % UInt64(d + 1))
        let made = try ThinK.prune(
          query: seen.query, key: seen.key, heads: seen.heads,
          channels: ThinKChannels(window: window, pruned: pruned, recent: recent, dimension: d, rows: t), forced: nil,
          functions: seen.functions, rules: .spec)
        for (g, channels) in made.choice.enumerated() {
          #expect(channels.count == (t <= recent ? 0 : pruned))
          // The means as one sum of products over pairs of rows.
          let queries = seen.heads.group(of: g).flatMap { h in
            (max(0, t - window)..<t).map { r in (0..<d).map { seen.query[r, h * d + $0] } }
          }
          for j in 0..<d {
            var sum = 0.0
            for q in queries {
              for r in 0..<t { sum += q[j] * q[j] * seen.key[r, g * d + j] * seen.key[r, g * d + j] }
            }
            let score = sum / Double(queries.count * t)
            #expect((score - made.scores[g, j]).magnitude <= 1e-12 * score)
          }
          for j in channels {
            #expect((0..<d).allSatisfy { channels.contains($0) || made.scores[g, $0] >= made.scores[g, j] })
          }
          for r in 0..<t {
            for j in 0..<d {
              let isPruned = r < t - recent && channels.contains(j)
              #expect(made.keys[r, g * d + j] == (isPruned ? 0 : seen.key[r, g * d + j]))
            }
          }
        }
      }
    }
  }

  @Test func `BAS-7 BAS-10 no channel, or none but recent keys, is full attention, bit for bit`() throws {
    for sample in someCached(15, seed: 11) {
      let full = try sample.forward(nil)
      let most = sample.heads.dimension
      for policy in [
        ThinK.policy(window: 3, pruned: 0, recent: 0, rules: .spec),
        ThinK.policy(window: 3, pruned: most, recent: sample.prefill, rules: .spec),
      ] {
        let forward = try sample.forward(policy)
        #expect(forward.logits.bits == full.logits.bits && forward.caches == full.caches, "\(sample)")
      }
      // Values stay as they are.
      let pruned = try sample.forward(ThinK.policy(window: 3, pruned: most, recent: 0, rules: .spec))
      #expect(zip(pruned.caches, full.caches).allSatisfy { $0.values == $1.values && $0.keys.largest == 0 })
    }
  }

  @Test func `BAS-6 BAS-10 bits are those of the numbers left and a mask`() throws {
    // T = 24, d = 16, p = 8, R = 4: (20·8 + 4·16 + 24·16)·16 + 16.
    let by = try ThinKChannels(window: 1, pruned: 8, recent: 4, dimension: 16, rows: 24)
    #expect(try by.bits(rows: 24, heads: 1, dimension: 16) == (160 + 64 + 384) * 16 + 16)
    #expect(try by.bits(rows: 24, heads: 3, dimension: 16) == 3 * 9744)
    for t in 1...6 {
      for d in [2, 4] {
        for pruned in 0...d {
          for recent in 0...7 {
            let channels = try ThinKChannels(window: 2, pruned: pruned, recent: recent, dimension: d, rows: t)
            // Counted number by number.
            var bits = 0
            for r in 0..<t {
              for j in 0..<d {
                bits += 16
                if !(r < t - recent && j < pruned) { bits += 16 }
              }
            }
            if pruned > 0 && t > recent { bits += d }
            #expect(try channels.bits(rows: t, heads: 2, dimension: d) == 2 * bits)
          }
        }
      }
    }
  }
}
