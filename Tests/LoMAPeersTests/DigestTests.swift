// Everything computed, to the last bit: the same number on every machine, thread count and optimisation.

import LoMAPeers
import Testing

@Suite("16 CCM: digest") struct ContextDigestTests {
  @Test(arguments: [1, 2])
  func `CCM-19 CCM-26 all bits are the recorded ones, on one thread and on two`(threads: Int) throws {
    let digest = try #require(contextDigests(threads: threads).last?.digest)
    #expect(digest == recordedContextDigest)
  }
}

@Suite("17 LAT: digest") struct LatentDigestTests {
  @Test(arguments: [1, 2])
  func `LAT-9 all bits are the recorded ones, on one thread and on two`(threads: Int) throws {
    let digest = try #require(latentDigests(threads: threads).last?.digest)
    #expect(digest == recordedLatentDigest)
  }
}
