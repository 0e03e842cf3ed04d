// BAS-16, BAS-17, BAS-20: weights of lower rank, and vectors as a few atoms; numbers with their units (BAS-24).

import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

extension ReferenceAnswers {
  /// `singular_values` [min(n, m)]; `weight` [n, m].
  func truncateRank(_ request: Request) throws(RequestError) -> [ResultTensor] {
    try request.check(.lorc)
    let weight = try request.matrix("weight")
    guard weight.rows >= 1 else { throw .shape(tensor: "weight") }
    let rank = try request.integer("rank")
    let limit = min(weight.rows, weight.columns)
    try request.peer { () throws(PeerError) in try LowRanks.check(rank, limit: limit) }
    let singular = SingularValues(of: weight).values
    let truncated = LowRank.weight(weight, rank: rank, heads: 1, rules: peers.baselines.lowRank)?.product ?? weight
    let size = 8 * Double(weight.rows + weight.columns) * (singular.first ?? 0)
    let gap = singular[rank - 1] - (rank < limit ? singular[rank] : 0)
    let turn = gap > 0 ? 1 + 2 * (singular.first ?? 0) / gap : 1
    return ResultTensor.bounded(
      "singular_values", Tensor(shape: [limit], values: singular), functions
    ) { (size, singular[$0]) }
      + ResultTensor.bounded("weight", truncated, functions) { (size * turn, truncated.values[$0].magnitude) }
  }

  /// `choice`, `weights` [N, s]; `vectors` [N, d] as read; `bits` [].
  func pursue(_ request: Request) throws(RequestError) -> [ResultTensor] {
    try request.check(.csr)
    let (vectors, atoms) = (try request.matrix("vectors"), try request.matrix("atoms"))
    guard atoms.columns == vectors.columns, atoms.rows >= 1 else { throw .shape(tensor: "atoms") }
    let steps = try request.integer("steps")
    try request.peer { () throws(PeerError) in
      try SparseCost.check(steps: steps, dimension: vectors.columns)
      try SparsePursuit.check(atoms: atoms)
    }
    let forced = try request.forcedChoice(lines: vectors.rows, count: steps, below: atoms.rows, ascending: false)
    let pursuits = SparsePursuit.pursue(
      vectors, atoms: atoms, steps: steps, forced: forced, rules: peers.baselines.pursuit)
    let units = pursuits.map { PursuitUnits($0, atoms: atoms) }
    let read = Tensor(shape: vectors.shape, values: pursuits.flatMap { $0.read(atoms) })
    let bits = try request.peer { () throws(PeerError) in
      try SparseCost.bits(vectors: vectors.rows, steps: steps, atoms: atoms.rows)
    }
    let ofWeights = units.flatMap { $0.weights }
    let ofVectors = units.flatMap { $0.vector }
    return [.choice(pursuits.map { $0.choice }, count: steps)]
      + ResultTensor.bounded(
        "weights", Tensor(shape: [vectors.rows, steps], values: pursuits.flatMap { $0.weights }), functions
      ) { ofWeights[$0] }
      + ResultTensor.bounded("vectors", read, functions) { ofVectors[$0] }
      + [.integer("bits", bits)]
  }
}

/// The units of a pursuit, step by step (BAS-24).
package struct PursuitUnits {
  /// By step.
  package private(set) var weights: [(a: Double, r: Double)] = []
  /// By channel, of the vector as it is read.
  package private(set) var vector: [(a: Double, r: Double)] = []
  /// By step and atom, how far its product with the residual may be off.
  package private(set) var products: [[(a: Double, r: Double)]] = []

  package init(_ pursuit: Pursuit, atoms: Tensor) {
    let d = pursuit.vector.count
    var residual = pursuit.vector
    var units = Array(repeating: (a: 0.0, r: 0.0), count: d)
    var read = units
    func product(_ atom: Int) -> (a: Double, r: Double) {
      let row = Array(atoms.row(atom))
      var (value, a, r, size) = (0.0, 0.0, 0.0, 0.0)
      for i in 0..<d {
        value += row[i] * residual[i]
        a += row[i].magnitude * units[i].a
        r += row[i].magnitude * units[i].r
        size += (row[i] * residual[i]).magnitude
      }
      return (a + Double(d + 2) * size, r + value.magnitude)
    }
    for (step, atom) in pursuit.choice.enumerated() {
      products.append((0..<atoms.rows).map { product($0) })
      let (weight, own) = (pursuit.weights[step], product(atom))
      weights.append(own)
      for (i, channel) in atoms.row(atom).enumerated() {
        let (size, part) = (channel.magnitude, (weight * channel).magnitude)
        read[i] = (
          read[i].a + size * own.a + Double(pursuit.choice.count + 2) * part, read[i].r + size * own.r + part
        )
        residual[i] -= weight * channel
        units[i] = (
          units[i].a + size * own.a + 2 * part + residual[i].magnitude,
          units[i].r + size * own.r + part + residual[i].magnitude
        )
      }
    }
    let sum = pursuit.read(atoms)
    vector = read.indices.map { (read[$0].a, read[$0].r + sum[$0].magnitude) }
  }
}
