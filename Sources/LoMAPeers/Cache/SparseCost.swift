// BAS-17: CSR in integers: how many steps there may be, and the bits of their pairs.

/// The size of a sparse code.
package enum SparseCost {
  /// Throws `stepsOutOfRange` unless steps are in 0...d.
  package static func check(steps: Int, dimension: Int) throws(PeerError) {
    guard steps >= 0, steps <= dimension else { throw .stepsOutOfRange(steps, limit: dimension) }
  }

  /// N·s·(⌈log₂ A⌉ + 16) of N vectors (BAS-6). Throws `cacheSizeOutOfRange`.
  package static func bits(vectors: Int, steps: Int, atoms: Int) throws(PeerError) -> Int {
    try StoredBits.product(StoredBits.product(vectors, steps), StoredBits.ofIndex(atoms) + StoredBits.ofNumber)
  }
}

extension StoredBits {
  /// ⌈log₂ N⌉, the bits that tell N ≥ 1 things apart; 0 of one thing, and of none.
  package static func ofIndex(_ count: Int) -> Int {
    count <= 1 ? 0 : Int.bitWidth - (count - 1).leadingZeroBitCount
  }
}
