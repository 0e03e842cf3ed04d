// BAS-1, BAS-3, BAS-6, BAS-14, BAS-15: layers that share otherwise, tokens that are pooled otherwise, and what all methods
// share.

import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

extension Mutant {
  static var pooledBaselines: [Mutant] { shared + pooled }
  static var commonBaselines: [Mutant] { ties + times + counted }

  // MARK: - KVSharer

  private static func sharer(
    _ id: String, _ sentence: String, on operations: Set<PeerOperation> = [.layerDistances],
    _ change: @escaping @Sendable (inout SharingRules) -> Void
  ) -> Mutant {
    .baseline(id, sentence, as: .sharing, of: [.kvSharer], on: operations) { change(&$0.sharing) }
  }

  private static var shared: [Mutant] {
    [
      sharer("B39", "I tried the nearest layers first") { $0.isTriedFirst = { $0 < $1 } },
      sharer("B40", "I let an earlier layer read a later one") {
        $0.pair = { LayerPair(reader: $1, source: $0) }
      },
      sharer("B41", "I did not follow a chain of layers to its root", on: [.cachedForward]) {
        $0.sources = { share, _ in share }
      },
      sharer("B42", "I compared keys alone") { $0.distance = { keys, _ in keys } },
    ]
  }

  // MARK: - DMC

  private static func pooling(
    _ id: String, _ sentence: String, _ change: @escaping @Sendable (inout PoolingRules) -> Void
  ) -> Mutant {
    .baseline(id, sentence, of: [.dmc], on: [.dmc, .cachedForward]) { change(&$0.pooling) }
  }

  private static var pooled: [Mutant] {
    [
      pooling("B46", "I rotated keys before they were pooled") { $0.poolsUnrotated = false },
      pooling("B47", "I let partial means stay visible") { $0.visible = { Array(0...$1) } },
      pooling("B48", "I decided by the token before") {
        $0.starts = { channel in channel.indices.map { $0 < 2 || !(channel[$0 - 1] - 5 > 0) } }
      },
      pooling("B49", "I left the channel that decides in queries and keys") {
        ($0.clearsBefore, $0.clearsAfter) = (false, false)
      },
      pooling("B50", "I did not clear the channel again after the rotation") { $0.clearsAfter = false },
      pooling("B51", "I took plain means") { $0.weight = { _ in 1 } },
      pooling("B52", "I pooled the last twelve tokens of a run alone") {
        $0.first = { max($0.first(ofToken: $1), $1 - 11) }
      }.asked { _, request in AskedBaseline(request).map { $0.operation == .dmc && $0.rows > 12 } ?? false }
        // The thirteenth token of a mean weighs little.
        .asked(in: [.f64, .f32]),
      pooling("B53", "I left an entry at the position of its first token") { $0.place = { $0.first(ofToken: $1) } },
    ]
  }

  // MARK: - What all share

  private static var ties: [Mutant] {
    [
      .baseline(
        "B68", "I preferred the higher index of equal scores", of: [.think, .zipCache, .csr],
        on: [.think, .zipCache, .pursue], where: { $0.chooses }
      ) {
        $0.think.prunes = { count, scores in Mutant.lowest(count, of: scores) }
        $0.zip.low = { count, saliency in Mutant.lowest(count, of: saliency) }
        $0.pursuit.choose = { products, _ in
          products.indices.max { (products[$0].magnitude, $0) < (products[$1].magnitude, $1) } ?? 0
        }
      }
      // Equal scores are asked where they are computed exactly (BAS-24).
      .asked(in: [.f64, .f32])
    ]
  }

  /// The lowest scores, of equal ones the lower index.
  private static func lowest(_ count: Int, of scores: [Double]) -> [Int] {
    scores.indices.sorted { (scores[$0], $0) < (scores[$1], $1) }.prefix(count).sorted()
  }

  private static var times: [Mutant] {
    [
      // A port that thinks of a cache as of T rows, one fewer being fed.
      .baseline(
        "B69", "I numbered the first row behind the prefill T + 1", of: Set(Baseline.allCases), on: [.cachedForward],
        where: { $0.feeds }
      ) {
        $0.decoder = { rules in
          var rules = rules
          let next = rules.nextPosition
          rules.nextPosition = { next($0, $1) + 1 }
          return rules
        }
      }
    ]
  }

  private static let stages: Set<PeerOperation> = [
    .evict, .zigzagBudgets, .think, .zipCache, .dmc, .pursue, .cachedForward,
  ]

  private static var counted: [Mutant] {
    [
      countedBits("B70", "I counted bytes", of: Set(Baseline.allCases), on: stages) { $3 / 8 },
      countedBits("B71", "I counted 32 bits a number, as I compute", of: Set(Baseline.allCases), on: stages) { $3 * 2 },
      countedBits("B72", "I did not count the mask of pruned channels", of: [.think], on: [.think, .cachedForward]) {
        asked, layers, heads, bits in
        let width = heads.keyValue * heads.dimension
        let isPruned = asked.integer("pruned") > 0 && asked.rows > asked.integer("recent")
        return isPruned ? bits - layers * width : bits
      },
      countedBits("B73", "I did not count the mask of classes", of: [.zipCache], on: [.zipCache, .cachedForward]) {
        asked, layers, heads, bits in
        let low = asked.integer("low")
        let isMixed = low > 0 && low < asked.rows && asked.integer("low_bits") + asked.integer("high_bits") > 0
        return isMixed ? bits - layers * heads.keyValue * asked.rows : bits
      },
    ]
  }
}
