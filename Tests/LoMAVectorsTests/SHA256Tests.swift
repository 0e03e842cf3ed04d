// SHA-256 against the examples of FIPS 180-4 and short messages of the NIST CAVP vectors (SHA256ShortMsg).

import LoMAVectors
import Testing

@Suite struct SHA256Tests {
  static let examples: [(String, String)] = [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
  ]

  static let shortMessages: [([UInt8], String)] = [
    ([0xd3], "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"),
    ([0x11, 0xaf], "5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98"),
    ([0xb4, 0x19, 0x0e], "dff2e73091f6c05e528896c4c831b9448653dc2ff043528f6769437bc7b975c2"),
    ([0x74, 0xba, 0x25, 0x21], "b16aa56be3880d18cd41e68384cf1ec8c17680c45a02b1575dc1518923ae8b0e"),
  ]

  @Test(arguments: examples) func `the examples of the standard`(message: String, digest: String) {
    #expect(SHA256.hexDigest(of: Array(message.utf8)) == digest)
  }

  @Test(arguments: shortMessages) func `short messages`(message: [UInt8], digest: String) {
    #expect(SHA256.hexDigest(of: message) == digest)
  }

  @Test func `one million a`() {
    var hash = SHA256()
    for _ in 0..<1000 { hash.update([UInt8](repeating: UInt8(ascii: "a"), count: 1000)) }
    #expect(hash.hexDigest() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func `any way of cutting a message gives one digest`() {
    var seeded = Seeded(1)
    for length in 0..<200 {
      let message = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &seeded) }
      let cut = Int.random(in: 0...length, using: &seeded)
      var hash = SHA256()
      hash.update(Array(message[..<cut]))
      _ = hash.digest()
      hash.update(Array(message[cut...]))
      #expect(hash.hexDigest() == SHA256.hexDigest(of: message), "length \(length), cut \(cut)")
    }
  }
}
