// SHA-256 (FIPS 180-4), the digest of every file of the vectors.

/// An incremental computation of a SHA-256 digest.
public struct SHA256: Sendable {
  private var state = Words()
  private var pending: [UInt8] = []
  private var length: UInt64 = 0

  /// Starts with the empty message.
  public init() {
    pending.reserveCapacity(64)
  }

  /// Appends bytes to the message.
  public mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { update($0) }
  }

  /// Appends bytes to the message.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    length += UInt64(bytes.count)
    var offset = 0
    if !pending.isEmpty {
      offset = min(64 - pending.count, bytes.count)
      pending += bytes[..<offset]
      if pending.count < 64 { return }
      let block = pending
      block.withUnsafeBytes { compress($0, blocks: 1) }
      pending.removeAll(keepingCapacity: true)
    }
    let blocks = (bytes.count - offset) / 64
    compress(UnsafeRawBufferPointer(rebasing: bytes[offset...]), blocks: blocks)
    pending += bytes[(offset + 64 * blocks)...]
  }

  /// The digest of the message so far: 32 bytes. More bytes may be appended afterwards.
  public func digest() -> [UInt8] {
    var padded = self
    // A one bit, zeros, and the length in bits as 8 bytes, up to a whole block (FIPS 180-4, 5.1.1).
    let zeros = (119 - pending.count) % 64
    let bits = length << 3
    padded.update([0x80] + [UInt8](repeating: 0, count: zeros))
    padded.update((0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * $0)) })
    return padded.state.list.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) } }
  }

  /// The digest of the message so far as 64 lower-case hexadecimal digits.
  public func hexDigest() -> String {
    digest().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// The digest of `bytes` as 64 lower-case hexadecimal digits.
  public static func hexDigest(of bytes: [UInt8]) -> String {
    var hash = SHA256()
    hash.update(bytes)
    return hash.hexDigest()
  }

  /// FIPS 180-4, 6.2.2, for each 64-byte block in turn.
  private mutating func compress(_ bytes: UnsafeRawBufferPointer, blocks: Int) {
    roundConstants.withUnsafeBufferPointer { k in
      withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { w in
        for block in 0..<blocks {
          for t in 0..<16 {
            w[t] = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 64 * block + 4 * t, as: UInt32.self))
          }
          for t in 16..<64 {
            let (x, y) = (w[t - 15], w[t - 2])
            let s0 = rotated(x, 7) ^ rotated(x, 18) ^ x &>> 3
            let s1 = rotated(y, 17) ^ rotated(y, 19) ^ y &>> 10
            w[t] = w[t - 16] &+ s0 &+ w[t - 7] &+ s1
          }
          var s = state
          for t in 0..<64 {
            let sum1 = rotated(s.e, 6) ^ rotated(s.e, 11) ^ rotated(s.e, 25)
            let choice = (s.e & s.f) ^ (~s.e & s.g)
            let t1 = s.h &+ sum1 &+ choice &+ k[t] &+ w[t]
            let sum0 = rotated(s.a, 2) ^ rotated(s.a, 13) ^ rotated(s.a, 22)
            let majority = (s.a & s.b) ^ (s.a & s.c) ^ (s.b & s.c)
            (s.h, s.g, s.f, s.e) = (s.g, s.f, s.e, s.d &+ t1)
            (s.d, s.c, s.b, s.a) = (s.c, s.b, s.a, t1 &+ sum0 &+ majority)
          }
          state.add(s)
        }
      }
    }
  }
}

/// The eight working variables; at first, the fractional parts of the square roots of the first eight primes (5.3.3).
private struct Words {
  var (a, b, c, d): (UInt32, UInt32, UInt32, UInt32) = (0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a)
  var (e, f, g, h): (UInt32, UInt32, UInt32, UInt32) = (0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19)

  var list: [UInt32] { [a, b, c, d, e, f, g, h] }

  mutating func add(_ s: Words) {
    (a, b, c, d) = (a &+ s.a, b &+ s.b, c &+ s.c, d &+ s.d)
    (e, f, g, h) = (e &+ s.e, f &+ s.f, g &+ s.g, h &+ s.h)
  }
}

private func rotated(_ x: UInt32, _ n: UInt32) -> UInt32 {
  x &>> n | x &<< (32 - n)
}

// FIPS 180-4, 4.2.2: fractional parts of the cube roots of the first sixty-four primes.
private let roundConstants: [UInt32] = [
  0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
  0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
  0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
  0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
  0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
  0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
  0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
  0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
]
