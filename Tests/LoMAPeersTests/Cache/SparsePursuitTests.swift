// Spec chapter 19: CSR, BAS-17; pursuit, dictionaries, and caches of sparse codes.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama
import Testing

@Suite("19 BAS: CSR") struct SparsePursuitTests {
  private func drawn(_ rows: Int, _ columns: Int, seed: UInt64) -> Tensor {
    var numbers = SeededNumbers(seed: seed)
    return Tensor(shape: [rows, columns], values: numbers.deviates(rows * columns, mean: 0, standardDeviation: 1))
  }

  /// Drawn unit atoms.
  private func atoms(_ count: Int, _ width: Int, seed: UInt64) -> Tensor {
    let raw = drawn(count, width, seed: seed)
    return Tensor(
      rows: (0..<count).map { i in
        let length = square(Array(raw.row(i))).squareRoot()
        return raw.row(i).map { $0 / length }
      }, width: width)
  }

  private func square(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 } }

  private func pursue(
    _ vectors: Tensor, _ atoms: Tensor, steps: Int, forced: [[Int]]? = nil, _ rules: PursuitRules = .spec
  ) -> [Pursuit] {
    SparsePursuit.pursue(vectors, atoms: atoms, steps: steps, forced: forced, rules: rules)
  }

  private func wrong(_ change: (inout PursuitRules) -> Void) -> PursuitRules {
    var rules = PursuitRules.spec
    change(&rules)
    return rules
  }

  // MARK: - Pursuit

  @Test func `BAS-17 a pursuit by hand`() {
    // Atoms (1, 0), (0.6, 0.8), (0, −1); x = (1, 2): 1, 2.2, −2 → atom 1; what is left is (−0.32, 0.24).
    let atoms = Tensor(rows: [[1, 0], [0.6, 0.8], [0, -1]], width: 2)
    let pursuit = pursue(Tensor(rows: [[1, 2]], width: 2), atoms, steps: 2)[0]
    #expect(pursuit.choice == [1, 0])
    #expect(zip(pursuit.weights, [2.2, -0.32]).allSatisfy { ($0 - $1).magnitude < 1e-15 })
    #expect(zip(pursuit.read(atoms), [1, 1.76]).allSatisfy { ($0 - $1).magnitude < 1e-15 })
    #expect(zip(pursuit.margins, [0.2, 0.08]).allSatisfy { ($0 - $1).magnitude < 1e-15 })
    #expect(pursue(Tensor(rows: [[1, 2]], width: 2), atoms, steps: 0)[0].read(atoms) == [0, 0])
  }

  @Test func `BAS-17 BAS-3 of equal products the lower atom is taken, whatever their signs`() {
    let atoms = Tensor(rows: [[0, 1], [1, 0], [-1, 0], [1, 0]], width: 2)
    let pursuit = pursue(Tensor(rows: [[-2, 0], [3, 3], [0, 0]], width: 2), atoms, steps: 2)
    #expect(pursuit.map { $0.choice } == [[1, 0], [0, 1], [0, 0]])
    #expect(pursuit.map { $0.weights } == [[-2, 0], [3, 3], [0, 0]])
    #expect(pursuit[0].margins == [0, 0])
    let alone = pursue(Tensor(rows: [[2, 2]], width: 2), atoms.selecting(rows: [1]), steps: 1)[0]
    #expect(alone.margins == [.infinity] && alone.read(atoms.selecting(rows: [1])) == [2, 0])
  }

  @Test func `BAS-17 each step takes the largest product, and what is left never grows`() {
    for seed in UInt64(0)..<30 {
      let (x, atoms) = (drawn(3, 5, seed: seed), atoms(9, 5, seed: seed &+ 100))
      for n in 0..<3 {
        var (left, last) = (Array(x.row(n)), Double.infinity)
        for steps in 0...5 {
          let pursuit = pursue(x, atoms, steps: steps)[n]
          #expect(zip(left, pursuit.residual).allSatisfy { ($0 - $1).magnitude < 1e-14 })
          #expect(square(pursuit.residual) <= last && pursuit.choice.count == steps)
          // What is read and what is left make the vector.
          for (i, read) in pursuit.read(atoms).enumerated() {
            #expect((read + pursuit.residual[i] - x[n, i]).magnitude < 1e-14)
          }
          last = square(pursuit.residual)
          let products = (0..<9).map { a in zip(atoms.row(a), left).reduce(0) { $0 + $1.0 * $1.1 } }
          let best = products.indices.max { products[$0].magnitude < products[$1].magnitude } ?? 0
          if steps < 5 { #expect(pursue(x, atoms, steps: steps + 1)[n].choice.last == best) }
          for i in 0..<5 { left[i] -= products[best] * atoms[best, i] }
        }
      }
    }
  }

  @Test func `BAS-17 a multiple of an atom is kept, and over an orthonormal basis d steps are exact to rounding`() {
    for seed in UInt64(0)..<20 {
      let basis = SingularValues(of: drawn(6, 6, seed: seed)).left
      let x = drawn(4, 6, seed: seed &+ 7)
      for (n, pursuit) in pursue(x, basis, steps: 6).enumerated() {
        #expect(Set(pursuit.choice).count == 6)
        for (i, read) in pursuit.read(basis).enumerated() { #expect((read - x[n, i]).magnitude < 1e-14) }
      }
      let atoms = atoms(7, 5, seed: seed)
      for (a, scale) in [(3, 2.0), (5, -0.25)] {
        let multiple = Tensor(rows: [atoms.row(a).map { $0 * scale }], width: 5)
        let pursuit = pursue(multiple, atoms, steps: 1)[0]
        #expect(pursuit.choice == [a] && (pursuit.weights[0] - scale).magnitude < 1e-15)
        #expect(square(pursuit.residual) < 1e-30)
      }
    }
    // Over the axes there is no rounding at all.
    let (x, axes) = (
      drawn(5, 4, seed: 17), Tensor(rows: (0..<4).map { i in (0..<4).map { $0 == i ? 1 : 0 } }, width: 4)
    )
    #expect(SparsePursuit.read(x, atoms: axes, steps: 4, rules: .spec) == x)
  }

  @Test func `BAS-17 BAS-4 a choice that is given is taken, its weights follow`() {
    let (x, atoms) = (drawn(2, 4, seed: 1), atoms(6, 4, seed: 2))
    let free = pursue(x, atoms, steps: 3)
    #expect(pursue(x, atoms, steps: 3, forced: free.map { $0.choice }) == free)
    let forced = pursue(x, atoms, steps: 2, forced: [[5, 5], [0, 3]])
    #expect(forced.map { $0.choice } == [[5, 5], [0, 3]] && forced[0].weights[1].magnitude < 1e-15)
  }

  // MARK: - Bits and dictionaries

  @Test func `BAS-17 steps are in 0…d, and bits are those of the pairs`() throws {
    #expect([0, 1, 2, 3, 4, 5, 8, 9, 256, 257].map { StoredBits.ofIndex($0) } == [0, 0, 1, 2, 2, 3, 3, 4, 8, 9])
    for count in 1...300 {
      var bits = 0
      while 1 << bits < count { bits += 1 }
      #expect(StoredBits.ofIndex(count) == bits)
    }
    #expect(try SparseCost.bits(vectors: 10, steps: 3, atoms: 256) == 10 * 3 * (8 + 16))
    #expect(try SparseCost.bits(vectors: 10, steps: 0, atoms: 256) == 0)
    #expect(throws: PeerError.cacheSizeOutOfRange) { try SparseCost.bits(vectors: .max / 9, steps: 1, atoms: 2) }
    try SparseCost.check(steps: 4, dimension: 4)
    for steps in [-1, 5] {
      #expect(throws: PeerError.stepsOutOfRange(steps, limit: 4)) { try SparseCost.check(steps: steps, dimension: 4) }
    }
  }

  @Test func `BAS-17 atoms have the length 1, as far as any type can say it`() throws {
    let unit = atoms(20, 8, seed: 3)
    try SparsePursuit.check(atoms: unit)
    // Rounded to the 8 bits of bf16 too.
    try SparsePursuit.check(
      atoms: Tensor(shape: unit.shape, values: unit.values.map { SeededNumbers.roundedToEightBits($0) }))
    var long = unit
    for i in 0..<8 { long[4, i] *= 1.01 }
    #expect(throws: PeerError.dictionaryNotUnit(atom: 4)) { try SparsePursuit.check(atoms: long) }
    #expect(throws: PeerError.dictionaryNotUnit(atom: 4)) { try SparseDictionary(keys: unit, values: long) }
    #expect(throws: PeerError.dictionaryNotUnit(atom: 0)) { try SparsePursuit.check(atoms: Tensor(zeros: [1, 8])) }
  }

  @Test func `BAS-17 farthest atoms by hand, and each the farthest there is`() {
    let vectors = Tensor(rows: [[0, 0], [3, 0], [-5, 0], [1, 1], [0, 2], [0, -9]], width: 2)
    // (1, 0); then of (−1, 0), (1, 1)/√2, (0, 1), (0, −1) the first at right angles; then (1, 1)/√2.
    let found = SparsePursuit.farthestAtoms(vectors, count: 3)
    #expect(found == Tensor(rows: [[1, 0], [0, 1], [1 / 2.0.squareRoot(), 1 / 2.0.squareRoot()]], width: 2))
    #expect(SparsePursuit.farthestAtoms(vectors, count: 5)?.row(3).elementsEqual([-1, 0]) == true)
    #expect(SparsePursuit.farthestAtoms(vectors, count: 6) == nil)
    for seed in UInt64(0)..<20 {
      let drawn = drawn(14, 4, seed: seed)
      guard let atoms = SparsePursuit.farthestAtoms(drawn, count: 5) else {
        Issue.record("fourteen vectors make five atoms")
        continue
      }
      let all = (0..<14).map { m in drawn.row(m).map { $0 / square(Array(drawn.row(m))).squareRoot() } }
      #expect(atoms.row(0).elementsEqual(all[0]))
      for count in 1..<5 {
        func nearest(_ x: [Double]) -> Double {
          (0..<count).map { a in zip(atoms.row(a), x).reduce(0) { $0 + $1.0 * $1.1 }.magnitude }.max() ?? 0
        }
        let least = all.map { nearest($0) }.min() ?? 0
        #expect((nearest(Array(atoms.row(count))) - least).magnitude < 1e-15)
      }
    }
  }

  // MARK: - In a decoder

  /// Dictionaries of every layer, drawn.
  private func dictionaries(_ sample: CachedSample, count: Int) throws -> [SparseDictionary] {
    try (0..<sample.layers).map { layer in
      try SparseDictionary(
        keys: atoms(count, sample.heads.dimension, seed: sample.seed &+ UInt64(2 * layer)),
        values: atoms(count, sample.heads.dimension, seed: sample.seed &+ UInt64(2 * layer + 1)))
    }
  }

  @Test func `BAS-17 BAS-7 over the axes d steps are full attention, bit for bit`() throws {
    for sample in someCached(20, seed: 171) {
      let d = sample.heads.dimension
      let axes = Tensor(rows: (0..<d).map { i in (0..<d).map { $0 == i ? 1 : 0 } }, width: d)
      let dictionary = try SparseDictionary(keys: axes, values: axes)
      let policy = SparsePursuit.policy(
        Array(repeating: dictionary, count: sample.layers), steps: d, rules: .spec)
      #expect(try sample.forward(policy).logits.bits == sample.forward(nil).logits.bits, "\(sample)")
    }
  }

  @Test func `BAS-17 keys are coded before their rotation and rotated when read, head by head`() throws {
    for sample in someCached(15, seed: 172) {
      let (dictionaries, d) = (try dictionaries(sample, count: 5), sample.heads.dimension)
      let steps = d / 2
      let forward = try sample.forward(SparsePursuit.policy(dictionaries, steps: steps, rules: .spec))
      for (layer, seen) in try sample.observations().enumerated() {
        let cache = forward.caches[layer]
        for g in 0..<sample.heads.keyValue {
          let columns = g * d..<(g + 1) * d
          let keys = pursue(seen.unrotatedKey.columns(columns), dictionaries[layer].keys, steps: steps)
          let values = pursue(seen.value.columns(columns), dictionaries[layer].values, steps: steps)
          let angles = RotaryAngles(positions: seen.positions, headDimension: d, theta: 10_000)
          let read = Tensor(rows: keys.map { $0.read(dictionaries[layer].keys) }, width: d)
          #expect(cache.keys.columns(columns) == RotaryPosition.forward(read, angles: angles))
          #expect(cache.values.columns(columns).values == values.flatMap { $0.read(dictionaries[layer].values) })
        }
        #expect(cache.bits == 2 * sample.prefill * sample.heads.keyValue * steps * (3 + 16))
      }
    }
    let sample = CachedSample()
    #expect(throws: PeerReferenceError.rejected(.stepsOutOfRange(5, limit: 4))) {
      try sample.forward(SparsePursuit.policy(dictionaries(sample, count: 5), steps: 5, rules: .spec))
    }
  }

  // MARK: - Mistakes

  /// Pursuit whose weights are fitted again after each step, by the normal equations of the atoms taken.
  private func orthogonal(_ pursuit: Pursuit, _ atom: Int, _ product: Double, _ atoms: Tensor) -> Pursuit {
    var next = pursuit.taking(atom, product: product, of: atoms)
    let taken = next.choice.map { Array(atoms.row($0)) }
    var rows = taken.map { a in
      taken.map { b in zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } } + [zip(a, next.vector).reduce(0) { $0 + $1.0 * $1.1 }]
    }
    for p in rows.indices {
      for q in rows.indices where q != p && rows[p][p].magnitude > 1e-12 {
        let factor = rows[q][p] / rows[p][p]
        for i in rows[q].indices { rows[q][i] -= factor * rows[p][i] }
      }
    }
    next.weights = rows.indices.map { rows[$0][$0].magnitude > 1e-12 ? rows[$0][taken.count] / rows[$0][$0] : 0 }
    next.residual = zip(next.vector, next.read(atoms)).map { $0 - $1 }
    return next
  }

  @Test func `BAS-17 every mistake of the list changes what is read, and rows that follow`() throws {
    let mistakes: [(String, PursuitRules)] = [
      ("orthogonal pursuit", wrong { $0.take = orthogonal }),
      (
        "s best atoms at once",
        wrong {
          $0.choose = { products, step in
            products.indices.sorted { products[$0].magnitude > products[$1].magnitude }[step]
          }
          $0.take = { pursuit, atom, product, atoms in
            var next = pursuit.taking(atom, product: product, of: atoms)
            next.residual = next.vector
            return next
          }
        }
      ),
      (
        "largest signed product",
        wrong { $0.choose = { products, _ in products.indices.max { products[$0] < products[$1] } ?? 0 } }
      ),
    ]
    for (name, rules) in mistakes {
      let (x, atoms) = (drawn(40, 6, seed: 5), atoms(12, 6, seed: 6))
      let read = [PursuitRules.spec, rules].map { SparsePursuit.read(x, atoms: atoms, steps: 3, rules: $0) }
      #expect(distance(read[0], read[1]) > 0.1, "\(name)")
    }
    for (name, rules) in mistakes + [("after the rotation", wrong { $0.codesUnrotated = false })] {
      var changed = 0
      for plain in someCached(15, seed: 173) {
        let sample = plain.with { $0.textLength += 2 }
        let dictionaries = try dictionaries(sample, count: 6)
        let logits = try [PursuitRules.spec, rules].map {
          try sample.forward(SparsePursuit.policy(dictionaries, steps: 2, rules: $0)).logits
        }
        if distance(logits[0], logits[1]) > 1e-6 { changed += 1 }
      }
      #expect(changed > 3, "\(name): \(changed)")
    }
    // Atoms that are not unit: a weight is no longer the share of its atom, and what is left can grow.
    var long = atoms(12, 6, seed: 6)
    for index in long.values.indices { long.values[index] *= 1.5 }
    let pursuits = pursue(drawn(40, 6, seed: 5), long, steps: 3)
    #expect(pursuits.contains { square($0.residual) > square($0.vector) })
  }
}
