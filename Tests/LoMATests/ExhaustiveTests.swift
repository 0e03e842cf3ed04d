// Every chapter against the second derivation, exhaustively for small c, t, n and at random for larger ones.

import LoMA
import Testing

extension LayoutTests {
  @Test func `LAY-1…LAY-6 every small layout is what a streaming decoder feeds`() throws {
    try expectForEverySample(Agreement.layout)
  }

  @Test func `LAY-1…LAY-6 random layouts are what a streaming decoder feeds`() throws {
    try expectNoCounterexample(among: 200, to: Agreement.layout)
  }
}

extension PositionTests {
  @Test func `POS-1…POS-6 every small text has the positions that counting gives`() throws {
    try expectForEverySample(Agreement.positions)
  }

  @Test func `POS-1…POS-6 random texts have the positions that counting gives`() throws {
    try expectNoCounterexample(among: 200, to: Agreement.positions)
  }
}

extension MaskTests {
  @Test func `MSK-1…MSK-9 every small mask is what a cache shows to the row that is fed`() throws {
    try expectForEverySample(Agreement.mask)
  }

  @Test func `MSK-1…MSK-9 random masks are what a cache shows to the row that is fed`() throws {
    try expectNoCounterexample(among: 60, to: Agreement.mask)
  }
}

extension TargetTests {
  @Test func `LOS-1…LOS-3 every small text has the labels that walking it gives`() throws {
    try expectForEverySample(Agreement.labels)
  }

  @Test func `LOS-1…LOS-3 random texts have the labels that walking them gives`() throws {
    try expectNoCounterexample(among: 200, to: Agreement.labels)
  }
}

extension GenerationTests {
  @Test func `GEN-1…GEN-8 every small schedule keeps what a later row sees`() throws {
    try expectForEverySample(Agreement.schedule)
  }

  @Test func `GEN-1…GEN-8 random schedules keep what a later row sees`() throws {
    try expectNoCounterexample(among: 30, to: Agreement.schedule)
  }
}

extension ReconstructionTests {
  @Test func `REC-1…REC-4 every small reconstruction reads the rows that the labels name`() throws {
    try expectForEverySample(Agreement.reconstruction)
  }

  @Test func `REC-1…REC-4 random reconstructions read the rows that the labels name`() throws {
    try expectNoCounterexample(among: 100, to: Agreement.reconstruction)
  }
}

extension CostTests {
  @Test func `COST-2 every small closed form is the number of counted pairs`() throws {
    try expectForEverySample(Agreement.cost)
  }

  @Test func `COST-2 random closed forms are the numbers of counted pairs`() throws {
    try expectNoCounterexample(among: 100, to: Agreement.cost)
  }
}

/// The helpers that the random properties rely on.
@Suite("Random properties") struct RandomPropertyTests {
  @Test func `shrinking ends at the smallest counterexample`() throws {
    let found = try counterexample(among: 500, seed: 1) { sample in
      let isBad =
        sample.textLength >= 37 && sample.parameters.c >= 3 && sample.parameters.t >= 2
        && sample.profile.memoryAttention == .causal
      return isBad ? "bad" : nil
    }
    #expect(
      found?.description == "c=3 t=2 n=37 profile=memory_attention=causal: bad (LOMA_TEST_SEED=1)")
  }

  @Test func `a property that holds has no counterexample`() throws {
    #expect(try counterexample(among: 10, seed: 1) { _ in nil } == nil)
  }

  @Test func `the generator is SplitMix64`() {
    var generator = SplitMix64(state: 0)
    #expect(generator.next() == 0xE220_A839_7B1D_CDAF)
    #expect(generator.next() == 0x6E78_9E6A_A1B9_65F4)
  }
}
