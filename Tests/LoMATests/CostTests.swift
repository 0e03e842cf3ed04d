// Spec chapter 9, Cost: COST-1, COST-2.

import LoMA
import Testing

@Suite("9 Cost") struct CostTests {
  private func cost(c: Int, t: Int, n: Int, _ profile: Profile = .base) throws -> Cost {
    try Cost(textLength: n, parameters: Parameters(c: c, t: t), profile: profile)
  }

  @Test func `COST-1 an entry weighs 2 · layers · heads · width · bytes`() throws {
    let size = try CacheEntrySize(layers: 32, keyValueHeads: 8, headDimension: 128, bytesPerElement: 2)
    #expect(size.bytes == 131_072)
    #expect(try CacheEntrySize(layers: 1, keyValueHeads: 1, headDimension: 1, bytesPerElement: 1).bytes == 2)
    #expect(try CacheEntrySize(layers: 3, keyValueHeads: 5, headDimension: 7, bytesPerElement: 11).bytes == 2310)
  }

  @Test func `COST-1 a factor below one and a product that overflows are rejected`() throws {
    for (layers, heads, width, bytes) in [
      (0, 1, 1, 1), (1, -1, 1, 1), (1, 1, 0, 1), (1, 1, 1, Int.min), (-1, -1, 1, 1), (Int.max, 1, 1, 1),
      (1 << 40, 1 << 20, 4, 1), (1, 1, Int.max, Int.max),
    ] {
      let error = InputError.cacheSizeOutOfRange(
        layers: layers, keyValueHeads: heads, headDimension: width, bytesPerElement: bytes)
      #expect(throws: error) {
        try CacheEntrySize(layers: layers, keyValueHeads: heads, headDimension: width, bytesPerElement: bytes)
      }
    }
  }

  @Test func `COST-2 generation, counted by hand`() throws {
    // c = 2, t = 1, n = 5. Reading 1, 2 | 2, 3 | 3; memory 3 | 4.
    #expect(try cost(c: 2, t: 1, n: 5).generation == (1 + 2 + 3) + (2 + 3 + 4) + 3)
    #expect(try cost(c: 2, t: 1, n: 5, try profile(("memory_context", "own_chunk"))).generation == 17)
    // c = 1, t = 2, n = 2: reading 1, 2; memory 4, 4, or 3, 4 where it is causal.
    #expect(try cost(c: 1, t: 2, n: 2).generation == 11)
    #expect(try cost(c: 1, t: 2, n: 2, try profile(("memory_attention", "causal"))).generation == 10)
  }

  @Test func `COST-2 reconstruction, counted by hand`() throws {
    // c = 2, t = 1: two repetition rows that see one memory, and one and two of themselves.
    #expect(try cost(c: 2, t: 1, n: 5).reconstruction(chunk: 1) == 2 + 3)
    let past = try profile(("repetition_context", "past_memories"))
    #expect(try cost(c: 2, t: 1, n: 5, past).reconstruction(chunk: 1) == 3 + 4)
    let all = try profile(("repetition_attention", "bidirectional"))
    #expect(try cost(c: 2, t: 1, n: 5, all).reconstruction(chunk: 0) == 3 + 3)
    let alone = try profile(("repetition_attention", "self_only"))
    #expect(try cost(c: 2, t: 1, n: 5, alone).reconstruction(chunk: 0) == 2 + 2)
  }

  @Test func `COST-2 training is generation and every reconstruction`() throws {
    #expect(try cost(c: 2, t: 1, n: 5).training == 18 + 5 + 5)
    #expect(try cost(c: 2, t: 1, n: 5, try profile(("repetition_context", "past_memories"))).training == 18 + 5 + 7)
    for profile in Profile.all {
      for n in 0...30 {
        let cost = try self.cost(c: 3, t: 2, n: n, profile)
        let chunks = try (0..<n / 6).map { try cost.reconstruction(chunk: $0) }
        #expect(cost.training == chunks.reduce(cost.generation, +))
      }
    }
  }

  @Test func `COST-2 full attention, counted by hand`() throws {
    #expect(try (0...5).map { try cost(c: 2, t: 1, n: $0).fullAttention } == [0, 1, 3, 6, 10, 15])
  }

  @Test func `COST-2 pads count in no cost`() throws {
    let layouts = try [5, 9, 0].map { try Sample(c: 2, t: 1, n: $0).training() }
    for (layout, rows) in zip(layouts, Batch(layouts).texts) {
      let real = rows.indices.filter { rows[$0].place.zone != .pad }
      let mask = Mask(rows: rows, profile: .base)
      let expected = try cost(c: 2, t: 1, n: layout.textLength).training
      #expect(real.reduce(0) { $0 + mask.visibleKeys(of: $1).count } == expected)
    }
  }

  @Test func `COST-2 the base ratio of generation to full attention tends to (c + 1) over c²`() throws {
    // Both are quadratic in F; cross-multiplied, the squares cancel exactly, and what is left grows only like F.
    for c in 1...16 {
      for t in 1...8 {
        func difference(_ chunks: Int) throws -> Int {
          let cost = try self.cost(c: c, t: t, n: chunks * c * t)
          return cost.generation * c * c - cost.fullAttention * (c + 1)
        }
        let one = try difference(1)
        for chunks in [0, 1, 2, 3, 10, 1_000, 1_000_000] { #expect(try difference(chunks) == chunks * one) }
        // At a million chunks the ratio is right to a ten thousandth.
        let cost = try self.cost(c: c, t: t, n: 1_000_000 * c * t)
        #expect(try difference(1_000_000) < cost.fullAttention * (c + 1) / 10_000)
      }
    }
  }

  @Test func `COST-2 c = 1 always costs more than full attention, in the end twice as much`() throws {
    for t in 1...8 {
      for n in t...20 * t { #expect(try cost(c: 1, t: t, n: n).generation > n * (n + 1) / 2) }
      let long = try cost(c: 1, t: t, n: 1_000_000 * t)
      #expect(long.generation > 2 * long.fullAttention)
      #expect(long.generation - 2 * long.fullAttention < long.fullAttention / 100_000)
    }
  }

  @Test func `COST-2 c = 2 breaks even at seven chunks`() throws {
    for t in 1...8 {
      for chunks in 1...40 {
        let cost = try self.cost(c: 2, t: t, n: chunks * 2 * t)
        #expect((cost.generation - cost.fullAttention).signum() == (7 - chunks).signum())
      }
      // From there on no tail makes it dearer again.
      for n in 14 * t + 1...80 * t {
        let cost = try self.cost(c: 2, t: t, n: n)
        #expect(cost.generation < cost.fullAttention)
      }
    }
  }

  @Test func `COST-2 no count overflows at the limit`() throws {
    let limit = Parameters.limit
    for (c, t) in [(1, 1), (1, limit), (limit, 1), (1, limit / 2), (3, 5)] {
      for profile in singlesAndPairs() {
        let cost = try self.cost(c: c, t: t, n: limit, profile)
        #expect(cost.training > cost.generation && cost.training < Int.max / 2)
        #expect(cost.parameters.trainingRows(limit) <= 3 * limit)
      }
    }
  }
}
