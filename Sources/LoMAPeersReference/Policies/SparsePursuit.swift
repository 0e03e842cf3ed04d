// BAS-17: CSR: vectors as a few weighted atoms of a dictionary, by matching pursuit.

import LoMAPeers
import NaiveLlama

/// A vector on the way to its sparse code.
package struct Pursuit: Hashable, Sendable {
  /// x: [d].
  package let vector: [Double]
  /// What the pairs so far leave of x: [d].
  package var residual: [Double]
  /// The atom of every step so far.
  package var choice: [Int] = []
  /// Its weight.
  package var weights: [Double] = []
  /// By how much |a·residual| of every step's atom is above that of the best other one; infinite where it is alone.
  package var margins: [Double] = []

  /// No step yet.
  package init(_ vector: [Double]) { (self.vector, residual) = (vector, vector) }

  /// One pair more: w = product, residual − w·atom (BAS-17).
  package func taking(_ atom: Int, product: Double, of atoms: Tensor) -> Pursuit {
    var next = self
    next.choice.append(atom)
    next.weights.append(product)
    for (i, a) in atoms.row(atom).enumerated() { next.residual[i] -= product * a }
    return next
  }

  /// Σ w·atom by rising step from +0.0: [d].
  package func read(_ atoms: Tensor) -> [Double] {
    var sum = [Double](repeating: 0, count: vector.count)
    for (atom, weight) in zip(choice, weights) {
      for (i, a) in atoms.row(atom).enumerated() { sum[i] += weight * a }
    }
    return sum
  }
}

/// What a pursuit decides.
package struct PursuitRules: Sendable {
  /// BAS-17: the atom of a step, from the products of all atoms with the residual; of equal magnitudes the lower index.
  package var choose: @Sendable (_ products: [Double], _ step: Int) -> Int = { products, _ in
    var best = 0
    for (i, product) in products.enumerated() where product.magnitude > products[best].magnitude { best = i }
    return best
  }
  /// BAS-17: the pursuit with an atom more, given its product with the residual.
  package var take: @Sendable (Pursuit, _ atom: Int, _ product: Double, _ atoms: Tensor) -> Pursuit = {
    $0.taking($1, product: $2, of: $3)
  }
  /// BAS-17: whether a key is coded before its rotation, and rotated when it is read.
  package var codesUnrotated = true

  /// The rules of the Spec.
  package static let spec = PursuitRules()
}

/// Matching pursuit over unit atoms, and dictionaries of them.
package enum SparsePursuit {
  /// Every vector [N, d] by s steps over atoms [A, d], the atoms taken chosen or given, [N][s].
  package static func pursue(
    _ vectors: Tensor, atoms: Tensor, steps: Int, forced: [[Int]]?, rules: PursuitRules
  ) -> [Pursuit] {
    precondition(vectors.columns == atoms.columns && (atoms.rows >= 1 || steps == 0), "atoms of the vectors' width")
    return (0..<vectors.rows).map { n in
      var pursuit = Pursuit(Array(vectors.row(n)))
      for step in 0..<steps {
        let products = (0..<atoms.rows).map { product(Array(atoms.row($0)), pursuit.residual) }
        let atom = forced.map { $0[n][step] } ?? rules.choose(products, step)
        var next = Double.infinity
        for (i, other) in products.enumerated() where i != atom {
          next = min(next, products[atom].magnitude - other.magnitude)
        }
        pursuit = rules.take(pursuit, atom, products[atom], atoms)
        pursuit.margins.append(next)
      }
      return pursuit
    }
  }

  /// Vectors [rows, G·d] as they are read, every head's part by itself.
  package static func read(_ x: Tensor, atoms: Tensor, steps: Int, rules: PursuitRules) -> Tensor {
    let parts = Tensor(shape: [x.values.count / atoms.columns, atoms.columns], values: x.values)
    let pursuits = pursue(parts, atoms: atoms, steps: steps, forced: nil, rules: rules)
    return Tensor(shape: x.shape, values: pursuits.flatMap { $0.read(atoms) })
  }

  /// Throws `dictionaryNotUnit` for the first atom with |‖atom‖² − 1| > 2⁻⁷, which rounding to any type leaves room for.
  package static func check(atoms: Tensor) throws(PeerError) {
    for i in 0..<atoms.rows {
      let square = product(Array(atoms.row(i)), Array(atoms.row(i)))
      guard (square - 1).magnitude <= 0x1p-7 else { throw .dictionaryNotUnit(atom: i) }
    }
  }

  /// Greedy farthest atoms of calibration vectors [M, d]: the first vector that is not zero, then again and again the one
  /// whose largest |cosine| with an atom is least, of equal ones the lower; each over its length: [A, d].
  ///
  /// nil if there are fewer than A vectors that are not zero.
  package static func farthestAtoms(_ vectors: Tensor, count: Int) -> Tensor? {
    var left: [[Double]] = []
    for m in 0..<vectors.rows {
      let vector = Array(vectors.row(m))
      let length = product(vector, vector).squareRoot()
      if length > 0 { left.append(vector.map { $0 / length }) }
    }
    guard left.count >= count else { return nil }
    var nearest = left.map { _ in 0.0 }
    var atoms: [[Double]] = []
    for _ in 0..<count {
      var farthest = 0
      for m in left.indices where nearest[m] < nearest[farthest] { farthest = m }
      let atom = left.remove(at: farthest)
      nearest.remove(at: farthest)
      for m in left.indices { nearest[m] = max(nearest[m], product(left[m], atom).magnitude) }
      atoms.append(atom)
    }
    return Tensor(rows: atoms, width: vectors.columns)
  }

  /// Σ a_i·b_i by rising i from +0.0.
  private static func product(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for (x, y) in zip(a, b) { sum += x * y }
    return sum
  }
}

// MARK: - In a decoder

/// The dictionaries of one layer, shared by its heads.
package struct SparseDictionary: Hashable, Sendable {
  /// Unit atoms of keys before the rotation: [A, d].
  package let keys: Tensor
  /// Unit atoms of values: [A', d].
  package let values: Tensor

  /// Throws `dictionaryNotUnit`, keys first.
  package init(keys: Tensor, values: Tensor) throws(PeerError) {
    try SparsePursuit.check(atoms: keys)
    try SparsePursuit.check(atoms: values)
    (self.keys, self.values) = (keys, values)
  }
}

extension SparsePursuit {
  /// Every entry of a prefill as its pairs say it, s of a key and s of a value; a dictionary a layer.
  package static func policy(
    _ dictionaries: [SparseDictionary], steps: Int, rules: PursuitRules
  ) -> CachePolicy {
    CachePolicy(name: Baseline.csr.rawValue) { (layer, seen) throws(PeerError) in
      try SparseCost.check(steps: steps, dimension: seen.heads.dimension)
      let atoms = dictionaries[layer]
      let coded = read(
        rules.codesUnrotated ? seen.unrotatedKey : seen.key, atoms: atoms.keys, steps: steps, rules: rules)
      let keys = rules.codesUnrotated ? seen.rotated(coded, to: seen.positions) : seen.functions.round(coded)
      let values = seen.functions.round(read(seen.value, atoms: atoms.values, steps: steps, rules: rules))
      var cache = try LayerCache(whole: keys, values, positions: seen.positions, heads: seen.heads)
      let vectors = seen.positions.count * seen.heads.keyValue
      cache.bits = try StoredBits.sum(
        SparseCost.bits(vectors: vectors, steps: steps, atoms: atoms.keys.rows),
        SparseCost.bits(vectors: vectors, steps: steps, atoms: atoms.values.rows))
      return cache
    }
  }
}
