// BAS-11, BAS-16, BAS-17, BAS-18: numbers that are stored otherwise.

import LoMAAnswers
import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

extension Mutant {
  static var codedBaselines: [Mutant] { classes + ranks + atoms + noises }

  // MARK: - ZipCache

  private static func zipped(
    _ id: String, _ sentence: String, as family: Family = .policies,
    where leavesRoom: @escaping @Sendable (AskedBaseline) -> Bool = { _ in true },
    _ change: @escaping @Sendable (inout ZipRules) -> Void
  ) -> Mutant {
    .baseline(
      id, sentence, as: family, of: [.zipCache], on: [.zipCache, .cachedForward],
      where: { asked in (asked.integer("low_bits") > 0 || asked.integer("high_bits") > 0) && leavesRoom(asked) }
    ) { change(&$0.zip) }
  }

  /// Codes on another grid.
  private static func grid(
    _ id: String, _ sentence: String, steps: @escaping @Sendable (Int) -> Double,
    _ code: @escaping @Sendable (Double) -> Double
  ) -> Mutant {
    zipped(id, sentence, as: .quantiser) {
      $0.quantise = { (numbers, bits) throws(PeerError) in
        let (least, most) = (numbers.min() ?? 0, numbers.max() ?? 0)
        let step = (most - least) / steps(bits)
        let last = Double((1 << bits) - 1)
        return QuantisedGroup(
          least: least, step: step, codes: numbers.map { step == 0 ? 0 : min(code(($0 - least) / step), last) })
      }
    }
  }

  private static var classes: [Mutant] {
    [
      zipped("B09", "I did not divide a sum of attention by the rows that could see the entry") {
        $0.divisor = { _, _ in 1 }
      },
      zipped("B10", "I divided by i + 1 for T − i") { $0.divisor = { entry, _ in entry + 1 } },
      zipped("B11", "I took the attention of the last row") { $0.probed = { $0.suffix(1) } },
      zipped("B12", "I gave the entries of most attention the low bits", where: { $0.chooses }) {
        $0.low = { Scores.highest($0, of: $1) }
      },
      zipped("B13", "I quantised keys by entry") { $0.keyGroups = { ZipCache.byEntry($0, $1) } },
      zipped("B14", "I quantised values by channel") { $0.valueGroups = { ZipCache.byChannel($0, $1) } },
      zipped("B15", "I scaled a channel of values by its largest magnitude, not its root") {
        $0.channelScale = { $0 == 0 ? 1 : $0 }
      }
      // In bf16 alone few codes are asked, and those may move by one.
      .asked(in: [.f64, .f32, .f16]),
      zipped("B16", "I did not scale channels of values") { $0.channelScale = { _ in 1 } },
      zipped("B17", "I took one range for both classes") { $0.ranged = { _, rows in Array(0..<rows) } },
      grid("B18", "I divided the range in 2^b steps for 2^b − 1", steps: { Double(1 << $0) }) {
        $0.rounded(.toNearestOrEven)
      },
      grid("B19", "I truncated codes", steps: { Double((1 << $0) - 1) }) { $0.rounded(.down) },
      zipped("B20", "I took the symmetric form", as: .quantiser, where: { $0.integer("low_bits") != 1 }) {
        $0.quantise = { (numbers, bits) throws(PeerError) in
          try Quantiser(form: .symmetric, bits: bits, group: numbers.count, scaleRounding: .none)
            .groups(of: Tensor(shape: [1, numbers.count], values: numbers))[0]
        }
      },
    ]
  }

  // MARK: - LoRC

  private static func lorc(
    _ id: String, _ sentence: String, on operations: Set<PeerOperation> = [.cachedForward],
    _ change: @escaping @Sendable (inout LowRankRules) -> Void
  ) -> Mutant {
    .baseline(id, sentence, of: [.lorc], on: operations) { change(&$0.lowRank) }
  }

  private static var ranks: [Mutant] {
    [
      lorc("B54", "I projected rotated keys") { $0.storesUnrotated = false },
      lorc("B55", "I truncated each head by itself") {
        $0.parts = { rows, heads, rank in
          let width = rows / heads
          return (0..<heads).map { ($0 * width..<($0 + 1) * width, min(width, max(1, rank / heads))) }
        }
      },
      lorc("B56", "I gave the first layer the last one's rank") { $0.ranks = { $0.reversed() } },
      lorc("B57", "I left the singular values out", on: [.truncateRank, .cachedForward]) {
        $0.factors = { parts, rank in
          let kept = Array(0..<rank)
          return LowRankWeight(
            down: parts.right.selecting(rows: kept), up: parts.left.selecting(rows: kept).transposed())
        }
      },
      lorc("B58", "I truncated the weight of queries too") {
        $0.rank = { $0 == .value ? $2 : $0 == .output ? nil : $1 }
      },
    ]
  }

  // MARK: - CSR

  private static func csr(
    _ id: String, _ sentence: String, on operations: Set<PeerOperation> = [.pursue, .cachedForward],
    where leavesRoom: @escaping @Sendable (AskedBaseline) -> Bool = { _ in true },
    _ change: @escaping @Sendable (inout PursuitRules) -> Void
  ) -> Mutant {
    .baseline(
      id, sentence, of: [.csr], on: operations, where: { $0.integer("steps") > 0 && leavesRoom($0) }
    ) { change(&$0.pursuit) }
  }

  private static var atoms: [Mutant] {
    [
      csr("B59", "I coded rotated keys", on: [.cachedForward]) { $0.codesUnrotated = false },
      csr("B60", "I fitted all weights again after every step", where: { $0.integer("steps") > 1 }) {
        $0.take = { $0.fitting($1, product: $2, of: $3) }
      },
      csr("B61", "I took the best atoms at once", where: { $0.integer("steps") > 1 }) {
        $0.choose = { products, step in
          let order = products.indices.sorted {
            (products[$1].magnitude, $0) < (products[$0].magnitude, $1)
          }
          return order[step % order.count]
        }
        $0.take = { pursuit, atom, product, atoms in
          var next = pursuit.taking(atom, product: product, of: atoms)
          next.residual = next.vector
          return next
        }
      },
      csr("B62", "I took the largest product with its sign", where: { $0.chooses }) {
        $0.choose = { products, _ in products.indices.max { (products[$0], $1) < (products[$1], $0) } ?? 0 }
      },
      csr("B63", "I scaled atoms to a largest component of 1") {
        $0.take = { pursuit, atom, product, atoms in
          var scaled = atoms
          for i in 0..<atoms.rows {
            let largest = atoms.row(i).reduce(0) { max($0, $1.magnitude) }
            for j in 0..<atoms.columns where largest > 0 { scaled[i, j] /= largest }
          }
          let factor = zip(atoms.row(atom), scaled.row(atom)).first { $0.0 != 0 }.map { $0.1 / $0.0 } ?? 1
          return pursuit.taking(atom, product: product * factor, of: atoms)
        }
      },
    ]
  }

  // MARK: - Noise

  private static func noise(
    _ id: String, _ sentence: String, on operations: Set<PeerOperation> = [.storeNoise, .cachedForward],
    _ change: @escaping @Sendable (inout BaselineRules) -> Void
  ) -> Mutant {
    .baseline(
      id, sentence, of: [.noise], on: operations, where: { (try? $0.request.real("sigma")) ?? 0 > 0 }, change)
  }

  private static var noises: [Mutant] {
    [
      noise("B64", "I took the mean magnitude for the root mean square") {
        $0.noise.size = { $0.reduce(0) { $0 + $1.magnitude } / Double(max(1, $0.count)) }
      },
      noise("B65", "I scaled noise by σ alone") { $0.noise.size = { _ in 1 } },
      noise("B66", "I drew every layer from the same seed", on: [.cachedForward]) {
        $0.noise.seed = { seed, _ in seed }
      },
      noise("B67", "I drew uniform numbers") { $0.noise.draw = { $0.unitInterval() * 2 - 1 } },
    ]
  }
}

extension Pursuit {
  /// The pursuit with an atom more and all weights fitted again, by the normal equations of the atoms taken.
  fileprivate func fitting(_ atom: Int, product: Double, of atoms: Tensor) -> Pursuit {
    var next = taking(atom, product: product, of: atoms)
    let taken = next.choice.map { Array(atoms.row($0)) }
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    var rows = taken.map { a in taken.map { dot(a, $0) } + [dot(a, next.vector)] }
    for p in rows.indices {
      for q in rows.indices where q != p && rows[p][p].magnitude > 0x1p-20 {
        let factor = rows[q][p] / rows[p][p]
        for i in rows[q].indices { rows[q][i] -= factor * rows[p][i] }
      }
    }
    next.weights = rows.indices.map { row in
      rows[row][row].magnitude > 0x1p-20 ? rows[row][taken.count] / rows[row][row] : 0
    }
    next.residual = zip(next.vector, next.read(atoms)).map { $0 - $1 }
    return next
  }
}
