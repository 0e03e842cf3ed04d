// The generator's published outputs and every draw made from it (NUM-5). The expected values of the draws were
// computed by a second implementation, in Python's exact integers and fractions.

import NaiveLlama
import Testing

@Suite struct SeededNumbersTests {
  @Test func `NUM-5 the generator is SplitMix64`() {
    var zero = SeededNumbers(seed: 0)
    let first: [UInt64] = [
      0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F, 0xF88B_B8A8_724C_81EC,
      0x1B39_896A_51A8_749B,
    ]
    #expect(first.map { _ in zero.next() } == first)
    var other = SeededNumbers(seed: 1_234_567)
    let second: [UInt64] = [
      6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431,
      16_408_922_859_458_223_821,
    ]
    #expect(second.map { _ in other.next() } == second)
  }

  @Test func `NUM-5 unit interval takes the upper 53 bits`() {
    var numbers = SeededNumbers(seed: 0)
    #expect(numbers.unitInterval() == 0.8833108082136426)
    #expect(numbers.unitInterval() == 0.43152799704850997)
    for _ in 0..<1000 {
      let x = numbers.unitInterval()
      #expect(x >= 0 && x < 1 && (x * 0x1p53).truncatingRemainder(dividingBy: 1) == 0)
    }
  }

  @Test func `NUM-5 integers below a bound are unbiased`() {
    var numbers = SeededNumbers(seed: 0)
    #expect((0..<8).map { _ in numbers.integer(below: 1000) } == [535, 700, 679, 444, 747, 90, 913, 940])
    #expect(numbers.integer(below: 1) == 0)
    // With this bound nearly half of the draws must be rejected, the first one among them.
    var rejecting = SeededNumbers(seed: 0)
    let large: [Int] = [
      2_459_150_361_376_443_821, 1_042_757_494_553_273_843, 4_074_553_321_498_378_730, 6_038_094_601_263_162_090,
    ]
    #expect(large.map { _ in rejecting.integer(below: 6_917_529_027_641_081_857) } == large)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<70_000 { counts[numbers.integer(below: 7)] += 1 }
    #expect(counts.allSatisfy { (9_600..<10_400).contains($0) })
  }

  @Test func `NUM-5 irwinHall has mean 0 and standard deviation 65536`() {
    var numbers = SeededNumbers(seed: 0)
    #expect((0..<6).map { _ in numbers.irwinHall() } == [4334, 6806, -71043, -17003, 14786, -71376])
    var sum = 0.0
    var squares = 0.0
    let count = 100_000
    for _ in 0..<count {
      let x = Double(numbers.irwinHall()) / 65_536
      #expect(x.magnitude <= 6)
      sum += x
      squares += x * x
    }
    #expect((sum / Double(count)).magnitude < 0.01)
    #expect((squares / Double(count) - 1).magnitude < 0.01)
  }

  @Test func `NUM-5 deviates are exact in bf16 and given by integers alone`() {
    var normal = SeededNumbers(seed: 0)
    let normals = [0.06591796875, 0.10400390625, -1.0859375, -0.259765625, 0.2255859375, -1.0859375]
    #expect(normals.map { _ in normal.dyadicNormal() } == normals)
    var around = SeededNumbers(seed: 0)
    let nearOne = [1.0078125, 1.0078125, 0.890625, 0.97265625, 1.0234375, 0.890625]
    #expect(nearOne.map { _ in around.deviate(mean: 1, standardDeviation: 0.1) } == nearOne)
    var scaled = SeededNumbers(seed: 0)
    let highVariance = [0.03515625, 0.05517578125, -0.57421875, -0.1376953125, 0.11962890625, -0.578125]
    #expect(
      highVariance.map { _ in scaled.deviate(mean: 0, standardDeviation: 1.5 / 8.0.squareRoot()) } == highVariance)
    for _ in 0..<10_000 {
      // bf16 is the upper half of a Float.
      let value = scaled.deviate(mean: 0, standardDeviation: 0.7)
      #expect(Double(Float(value)) == value && Float(value).bitPattern & 0xFFFF == 0)
    }
  }

  @Test func `NUM-5 rounding to eight bits takes ties to even`() {
    for n in 128...255 {
      let x = Double(n)
      #expect(SeededNumbers.roundedToEightBits(x) == x)
      #expect(SeededNumbers.roundedToEightBits(x + 0.5) == (n % 2 == 0 ? x : x + 1))
      #expect(SeededNumbers.roundedToEightBits((x + 0.5).nextDown) == x)
      #expect(SeededNumbers.roundedToEightBits(-(x + 0.5).nextUp) == -(x + 1))
    }
    #expect(SeededNumbers.roundedToEightBits(0) == 0)
  }
}
