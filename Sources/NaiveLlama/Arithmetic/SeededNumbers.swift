// NUM-5: the one generator behind every random weight, token and input of the project.

/// SplitMix64 and the draws made from it; any language can make the same numbers (NUM-5).
///
/// The state is one unsigned 64-bit integer, at first the seed. Each draw, modulo 2⁶⁴ throughout:
///
///     state = state + 0x9E3779B97F4A7C15
///     z = state
///     z = (z xor (z >> 30)) · 0xBF58476D1CE4E5B9
///     z = (z xor (z >> 27)) · 0x94D049BB133111EB
///     draw = z xor (z >> 31)
///
/// Seed 0 draws E220A8397B1DCDAF, 6E789E6AA1B965F4, 06C45D188009454F, F88BB8A8724C81EC, 1B39896A51A8749B (hexadecimal);
/// seed 1234567 draws 6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431 (decimal).
/// Every function below says how many draws it takes, and takes them in order. The generator is Steele, Lea and
/// Flood's ("Fast splittable pseudorandom number generators", 2014) with Vigna's constants.
public struct SeededNumbers: Equatable, Sendable {
  /// The state after the draws so far; the generator with this seed goes on where this one stands.
  public private(set) var state: UInt64

  /// The generator whose state before the first draw is `seed`.
  public init(seed: UInt64) {
    state = seed
  }

  /// The next draw: 64 bits, one draw (NUM-5).
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number in [0, 1), a multiple of 2⁻⁵³: the upper 53 bits of one draw, times 2⁻⁵³ (NUM-5).
  public mutating func unitInterval() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// An integer in 0..<bound, each equally likely; bound ≥ 1 (NUM-5).
  ///
  /// With excess = 2⁶⁴ mod bound: draw until a draw is ≥ excess, then answer draw mod bound. The draws left are a
  /// multiple of bound in number, so there is no bias; nearly always one draw is enough.
  public mutating func integer(below bound: Int) -> Int {
    precondition(bound >= 1, "there is no integer in an empty range")
    let divisor = UInt64(bound)
    let excess = (0 &- divisor) % divisor
    var draw = next()
    while draw < excess { draw = next() }
    return Int(draw % divisor)
  }

  /// A nearly normal integer of mean 0 and standard deviation 65,536 (to 10⁻¹⁰), in −393,210...393,210 (NUM-5).
  ///
  /// An Irwin–Hall sum: three draws, each cut into four 16-bit integers; the sum of the twelve, minus 393,210. Seed 0
  /// gives 4334, 6806, −71043, −17003, 14786, −71376.
  public mutating func irwinHall() -> Int {
    var sum = -393_210
    for _ in 0..<3 {
      var draw = next()
      for _ in 0..<4 {
        sum += Int(draw & 0xFFFF)
        draw >>= 16
      }
    }
    return sum
  }

  /// A nearly normal number of mean 0 and standard deviation 1, exact in bf16: `irwinHall()` / 65,536, rounded to 8
  /// significant bits (NUM-5). Three draws.
  public mutating func dyadicNormal() -> Double {
    SeededNumbers.roundedToEightBits(Double(irwinHall()) * 0x1p-16)
  }

  /// A nearly normal number of the given mean and standard deviation, exact in bf16 (NUM-5). Three draws.
  ///
  /// σ = `standardDeviation` rounded to 8 significant bits; the answer is mean + σ · `irwinHall()` / 65,536, rounded to 8
  /// significant bits. Until that last rounding nothing is rounded: σ · `irwinHall()` has at most 27 bits, and the sum is
  /// exact if mean is 0, or if it is exact in bf16 and within a factor of 2²⁰ of σ.
  ///
  /// - Parameters:
  ///   - mean: at most 2¹⁰⁰ in magnitude.
  ///   - standardDeviation: in 2⁻¹⁰⁰...2¹⁰⁰, so that no answer but 0 falls out of the normal range of bf16.
  public mutating func deviate(mean: Double, standardDeviation: Double) -> Double {
    precondition(mean.magnitude <= 0x1p100 && standardDeviation >= 0x1p-100 && standardDeviation <= 0x1p100)
    let deviation = SeededNumbers.roundedToEightBits(standardDeviation)
    return SeededNumbers.roundedToEightBits(mean + deviation * (Double(irwinHall()) * 0x1p-16))
  }

  /// That many numbers by `deviate`, in the order in which they are drawn.
  public mutating func deviates(_ count: Int, mean: Double, standardDeviation: Double) -> [Double] {
    var values: [Double] = []
    values.reserveCapacity(count)
    for _ in 0..<count { values.append(deviate(mean: mean, standardDeviation: standardDeviation)) }
    return values
  }

  /// x rounded to 8 significant bits, ties to even: the number with the same sign and exponent range that bf16 can
  /// hold (NUM-5). x is 0 or a normal Double.
  ///
  /// On the 64 bits of the Double: add 2⁴⁴ − 1, and one more if bit 45 is set, then clear the lower 45 bits.
  public static func roundedToEightBits(_ x: Double) -> Double {
    let bits = x.bitPattern
    let rounded = bits + ((1 << 44) - 1) + ((bits >> 45) & 1)
    return Double(bitPattern: rounded & ~((1 << 45) - 1))
  }
}
