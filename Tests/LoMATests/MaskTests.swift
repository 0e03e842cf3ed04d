// Spec chapter 4, Mask: MSK-1…MSK-10 by hand and as properties.

import LoMA
import Testing

@Suite("4 Mask") struct MaskTests {
  /// c = 2, t = 2, n = 9: rows 0…3 reading, 4…5 memory, 6…9 repetition, 10…13, 14…15, 16…19 likewise, 20 tail.
  private func mask(_ profile: Profile = .base) throws -> Mask {
    Mask(rows: try Sample(c: 2, t: 2, n: 9, profile).training().rows, profile: profile)
  }

  /// The keys of one zone that a row sees.
  private func seen(by query: Int, _ zone: Zone, _ profile: Profile = .base) throws -> [Int] {
    let mask = try mask(profile)
    return mask.visibleKeys(of: query).filter { mask.rows[$0].place.zone == zone }
  }

  @Test func `MSK-1 a reading row sees its own chunk up to itself`() throws {
    #expect(try seen(by: 0, .reading) == [0])
    #expect(try seen(by: 2, .reading) == [0, 1, 2])
    #expect(try seen(by: 12, .reading) == [10, 11, 12])
    #expect(try seen(by: 20, .reading) == [20])
  }

  @Test func `MSK-2 a reading row sees the memories of earlier chunks only`() throws {
    #expect(try seen(by: 3, .memory) == [])
    #expect(try seen(by: 10, .memory) == [4, 5])
    #expect(try seen(by: 13, .memory) == [4, 5])
    #expect(try seen(by: 20, .memory) == [4, 5, 14, 15])
  }

  @Test func `MSK-3 a reading row sees no repetition row`() throws {
    for profile in Profile.all {
      for query in [0, 3, 10, 13, 20] { #expect(try seen(by: query, .repetition, profile) == []) }
    }
  }

  @Test func `MSK-4 a memory row sees all of its chunk's reading rows and no others`() throws {
    for query in [4, 5] { #expect(try seen(by: query, .reading) == [0, 1, 2, 3]) }
    for query in [14, 15] { #expect(try seen(by: query, .reading) == [10, 11, 12, 13]) }
  }

  @Test func `MSK-5 memory zone is bidirectional`() throws {
    for query in [4, 5] { #expect(try seen(by: query, .memory) == [4, 5]) }
    for query in [14, 15] { #expect(try seen(by: query, .memory).suffix(2) == [14, 15]) }
  }

  @Test func `MSK-5 memory zone is causal under memory_attention causal`() throws {
    let causal = try profile(("memory_attention", "causal"))
    #expect(try seen(by: 4, .memory, causal) == [4])
    #expect(try seen(by: 5, .memory, causal) == [4, 5])
    #expect(try seen(by: 14, .memory, causal) == [4, 5, 14])
  }

  @Test func `MSK-5 memory rows see earlier memories, and only their own under own_chunk`() throws {
    #expect(try seen(by: 14, .memory) == [4, 5, 14, 15])
    #expect(try seen(by: 4, .memory) == [4, 5])
    #expect(try seen(by: 14, .memory, try profile(("memory_context", "own_chunk"))) == [14, 15])
  }

  @Test func `MSK-6 a memory row sees no repetition row`() throws {
    for profile in Profile.all {
      for query in [4, 5, 14, 15] { #expect(try seen(by: query, .repetition, profile) == []) }
    }
  }

  @Test func `MSK-7 a repetition row sees no reading row`() throws {
    for profile in Profile.all {
      for query in [6, 9, 16, 19] { #expect(try seen(by: query, .reading, profile) == []) }
    }
  }

  @Test func `MSK-8 a repetition row sees its own chunk's memories`() throws {
    #expect(try seen(by: 6, .memory) == [4, 5])
    #expect(try seen(by: 19, .memory) == [14, 15])
  }

  @Test func `MSK-8 a repetition row sees earlier memories too under past_memories, never later ones`() throws {
    let past = try profile(("repetition_context", "past_memories"))
    #expect(try seen(by: 6, .memory, past) == [4, 5])
    #expect(try seen(by: 16, .memory, past) == [4, 5, 14, 15])
  }

  @Test func `MSK-9 a repetition row sees its chunk's repetition rows up to itself`() throws {
    #expect(try seen(by: 6, .repetition) == [6])
    #expect(try seen(by: 18, .repetition) == [16, 17, 18])
  }

  @Test func `MSK-9 a repetition row sees all or only itself under the alternatives`() throws {
    let all = try profile(("repetition_attention", "bidirectional"))
    let alone = try profile(("repetition_attention", "self_only"))
    for query in 16...19 {
      #expect(try seen(by: query, .repetition, all) == [16, 17, 18, 19])
      #expect(try seen(by: query, .repetition, alone) == [query])
    }
  }

  @Test func `MSK-10 every row sees itself`() throws {
    try forEverySample { sample in
      for layout in [try sample.training(), try sample.generation()] {
        let mask = Mask(rows: layout.rows, profile: sample.profile)
        for row in layout.rows.indices where !mask.allows(query: row, key: row) {
          Issue.record("\(sample): row \(row)")
        }
      }
    }
  }

  @Test func `MSK-1…MSK-9 a whole mask, drawn by hand`() throws {
    let sample = try Sample(c: 2, t: 1, n: 5)
    #expect(
      drawing(Mask(rows: try sample.training().rows, profile: .base)) == [
        "#..........",  // x0
        "##.........",  // x1
        "###........",  // m
        "..##.......",  // r
        "..###......",  // r
        "..#..#.....",  // x2
        "..#..##....",  // x3
        "..#..###...",  // m
        ".......##..",  // r
        ".......###.",  // r
        "..#....#..#",  // x4
      ])
  }

  @Test func `MSK-1…MSK-9 every cell cites the clause of its pair of zones`() throws {
    let clauses: [[Zone: String]] = [
      [.reading: "MSK-1", .memory: "MSK-2", .repetition: "MSK-3"],
      [.reading: "MSK-4", .memory: "MSK-5", .repetition: "MSK-6"],
      [.reading: "MSK-7", .memory: "MSK-8", .repetition: "MSK-9"],
    ]
    let mask = try mask()
    for query in mask.rows.indices {
      let line = [Zone.reading: 0, .memory: 1, .repetition: 2][mask.rows[query].place.zone] ?? 0
      for key in mask.rows.indices {
        #expect(mask.rule(query: query, key: key).clause == clauses[line][mask.rows[key].place.zone])
      }
    }
  }

  @Test func `MSK-1…MSK-9 cells, rules and visible keys say the same`() throws {
    try forEverySample { sample in
      let mask = Mask(rows: try sample.training().rows, profile: sample.profile)
      let (cells, count) = (mask.cells(), mask.rows.count)
      for query in mask.rows.indices {
        let line = Array(cells[query * count..<(query + 1) * count])
        let rules = mask.rows.indices.map { mask.rule(query: query, key: $0).isVisible }
        if line != rules || mask.visibleKeys(of: query) != rules.indices.filter({ rules[$0] }) {
          Issue.record("\(sample): query \(query)")
        }
      }
    }
  }

  @Test func `MSK-1…MSK-9 causality is by row index, except inside a memory or repetition zone`() throws {
    try forEverySample { sample in
      let mask = Mask(rows: try sample.training().rows, profile: sample.profile)
      for query in mask.rows.indices {
        for key in mask.visibleKeys(of: query) where key > query {
          let (a, b) = (mask.rows[query].place, mask.rows[key].place)
          let isOnePass = a.zone != .reading && a.zone == b.zone && a.chunk == b.chunk
          if !isOnePass { Issue.record("\(sample): \(query), \(key)") }
        }
      }
    }
  }
}
