// One digest over a run of everything the reference computes. Its value was made by this code, so the test says that the
// bits stay what they are; that they are right is shown by the gradient and theorem tests and by Tests/Candidates.

import LoMAReference
import Testing

@Suite("Chapter 10: the same bits everywhere")
struct DigestTests {
  @Test(arguments: 1...3)
  func `NUM-3 NUM-4 the digest of a whole run is the recorded one`(threads: Int) throws {
    let parts = try referenceDigests(threads: threads)
    #expect(parts.last?.digest == recordedReferenceDigest, "\(parts)")
  }

  @Test func `NUM-3 the digest tells a last bit, a sign of zero and an order`() {
    func digest(_ values: [Double]) -> UInt64 {
      var digest = BitDigest()
      digest.add(values)
      return digest.value
    }
    let values = [[1.0, 2], [(1.0).nextUp, 2], [2, 1], [1, 2, 0], [1, 2, -0.0], [1], []]
    #expect(Set(values.map(digest)).count == values.count)
    // FNV-1a of the eight zero bytes that the count of an empty array is.
    #expect(digest([]) == 0xA8C7_F832_281A_39C5)
  }
}
