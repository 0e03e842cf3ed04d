// EQB-1, EQB-2: the full cache, the points, and the printed lists, in whole numbers.

import LoMAPeers
import Testing

@Suite("Chapter 20: budgets")
struct BudgetTests {
  @Test func `EQB-1 a full cache holds a key and a value of every token, layer and KV head`() throws {
    for layers in 1...3 {
      for heads in 1...3 {
        for dimension in [2, 8] {
          for chunks in 1...3 {
            let moment = BudgetMoment(chunks: chunks, chunkLength: 5)
            #expect(moment.length == chunks * 5)
            var bits = 0
            for _ in 0..<layers * heads * moment.length { bits += 2 * dimension * 16 }
            #expect(try moment.fullBits(layers: layers, keyValueHeads: heads, dimension: dimension) == bits)
          }
        }
      }
    }
    #expect(throws: PeerError.cacheSizeOutOfRange) {
      try BudgetMoment(chunks: 1 << 30, chunkLength: 1 << 30).fullBits(layers: 1, keyValueHeads: 1, dimension: 8)
    }
  }

  @Test func `EQB-2 at a point stands the largest setting that does not exceed it`() {
    #expect(BudgetPoint.all.map { $0.name } == ["1", "1/2", "1/4", "1/8", "1/16", "1/32", "1/64"])
    let full = 64
    // Every list of up to three settings of 0 to 9 eighths of the full cache.
    let sizes = (0...9).map { $0 * 8 }
    var lists: [[Int]] = [[]]
    for a in sizes {
      lists.append([a])
      for b in sizes {
        lists.append([a, b])
        for c in sizes { lists.append([a, b, c]) }
      }
    }
    for list in lists {
      for point in BudgetPoint.all {
        let limit = full / (1 << point.halvings)
        let allowed = list.filter { $0 <= limit }
        let standing = point.standing(list, ofFull: full)
        #expect(standing.map { list[$0] } == allowed.max())
        #expect(standing == allowed.max().flatMap { list.firstIndex(of: $0) })
      }
    }
  }

  @Test func `EQB-2 a share is compared without rounding`() {
    // A third of a bit decides: 21 of 64 is above 1/4 by 5, 16 is exactly at it, and 10/3 has no place between 3 and 4.
    let quarter = BudgetPoint(halvings: 2)
    #expect(!quarter.allows(17, ofFull: 64) && quarter.allows(16, ofFull: 64))
    #expect(quarter.allows(3, ofFull: 13) && !quarter.allows(4, ofFull: 15) && quarter.allows(4, ofFull: 16))
    #expect(!quarter.allows(.max, ofFull: .max) && BudgetPoint(halvings: 0).allows(.max, ofFull: .max))
    #expect(BudgetPoint(halvings: 62).allows(1, ofFull: .max) && !BudgetPoint(halvings: 62).allows(2, ofFull: .max))
  }

  @Test func `EQB-2 lists follow from n and the heads, and no setting is in one twice`() {
    for n in [8, 16, 24, 64, 100] {
      for (layers, heads, dimension) in [(3, 4, 8), (3, 4, 16), (1, 1, 2), (2, 2, 8)] {
        let settings = CacheSetting.measured(
          length: n, layers: layers, keyValueHeads: heads, dimension: dimension)
        #expect(settings.first == .full && Set(settings).count == settings.count)
        #expect(settings.contains(.last(entries: 0)))
        let words = settings.map { $0.method + " " + $0.parameters }
        #expect(Set(words).count == words.count, "a name tells settings apart")
        for setting in settings {
          switch setting {
          case .full, .uniform, .sparse: break
          case .last(let entries): #expect((0...n).contains(entries))
          case .evict(let window, let budget): #expect(1 <= window && window <= budget && budget < n)
          case .zigzag(let window, let total, let least):
            #expect(window <= least && least * layers <= total && total < n * layers)
          case .think(let window, let pruned, let recent):
            #expect(window == 32 && (1..<dimension).contains(pruned) && recent == 0)
          case .zipCache(let low, _, _): #expect(low == 0 || low == 2 * n / 5)
          case .pyramid(let recent, let counts):
            #expect(counts.count == layers - 1 && counts.allSatisfy { $0 >= 0 && $0 <= n - recent })
          case .kvSharer(let maps): #expect((1..<layers).contains(maps))
          case .lowRank(let rank, _): #expect(rank >= 1 && rank < heads * dimension)
          }
        }
      }
    }
  }
}
