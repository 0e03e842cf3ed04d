// OWN-1, NUM-5: random numbers that depend on a seed, a place and a value alone, so that no number of threads changes them.

/// A source of numbers without a state: each is the first draw of NUM-5's generator from a mixture of a seed, the place of a
/// value in its tensor, and the value's bits, which tell tensors of one shape apart.
struct Noise: Sendable {
  let seed: UInt64

  /// 64 bits for a value at a place.
  @inline(__always)
  func draw(_ value: Double, at place: Int) -> UInt64 {
    var z =
      seed ^ (value.bitPattern &* 0xD6E8_FEB8_6659_FD93) ^ (UInt64(truncatingIfNeeded: place) &* 0xA076_1D64_78BD_642F)
    z &+= 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number in −1..<1.
  @inline(__always)
  func symmetric(_ value: Double, at place: Int) -> Double {
    Double(draw(value, at: place) >> 11) * 0x1p-52 - 1
  }

  /// A nearly normal number of mean 0 and standard deviation 1: four 16-bit integers of one draw, summed and scaled.
  @inline(__always)
  func normal(_ value: Double, at place: Int) -> Double {
    let bits = draw(value, at: place)
    let sum = (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + bits >> 48
    return (Double(sum) * 0x1p-16 - 1.999969482421875) * 1.7320508075688772
  }
}
