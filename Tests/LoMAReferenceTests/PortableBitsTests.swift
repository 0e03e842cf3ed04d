// NUM-3: the bits of a training pass, as one number that every machine and every build must give.

import LoMA
import LoMAReference
import Testing

@Suite("Chapter 10: the same bits everywhere")
struct PortableBitsTests {
  @Test func `NUM-3 a training pass has these bits`() throws {
    let sample = Sample(
      seed: 31, c: 2, t: 2, textLength: 9, layers: 2, queryHeads: 4, keyValueHeads: 2, tiesHead: false,
      profile: .base)
    let pass = try sample.transformer().trainingPass(texts: [try sample.trainingLayout().rows], profile: .base)
    var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    for name in pass.gradients.names {
      for value in try #require(pass.gradients.tensors[name]).values + pass.logits[0].values {
        digest = (digest ^ value.bitPattern) &* 0x0000_0100_0000_01B3
      }
    }
    #expect(digest == 822_354_765_408_739_921)
  }
}
