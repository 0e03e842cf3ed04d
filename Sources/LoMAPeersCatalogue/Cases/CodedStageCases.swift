// BAS-11, BAS-16, BAS-17, BAS-18, BAS-20: how what stays is stored: the stages of ZipCache, LoRC, CSR and stored noise.

import LoMAAnswers
import LoMACatalogue
import LoMAPeers
import LoMAVectors
import NaiveLlama

/// Codes, ranks, atoms and noise.
enum CodedStageCases {
  static var all: [Case] { (zipped + truncated + pursued + disturbed).compactMap { $0 } }

  private static func stage(
    _ what: String, hunts: String, clauses: [String], _ request: Request, types: [String] = NumberType.words
  ) -> Case? {
    Case.tensors(
      "stage.\(request.operation.rawValue).\(what)", .stage, hunts: hunts, clauses: clauses + ["BAS-20", "BAS-24"],
      request
    ).asked(in: ChoiceLead.types(of: request).filter { types.contains($0) })
  }

  // MARK: - ZipCache

  static func zipRequest(
    heads: Int, keyValue: Int, rows: Int, dimension: Int = 2, low: Int, bits: (low: Int, high: Int) = (2, 4),
    seed: UInt64, peak: Int = 3, values: [Double]? = nil, cells: [Double]? = nil, probe: [Int]? = nil,
    forced: [[Int]]? = nil
  ) -> Request {
    let shape = [rows, keyValue * dimension]
    let cells = cells ?? BaselineInputs.probabilities(heads: heads, rows: rows, peak: peak, seed: seed)
    return BaselineInputs.request(
      .zipCache, .zipCache,
      ["heads": heads, "kv_heads": keyValue, "low": low, "low_bits": bits.low, "high_bits": bits.high],
      [
        BaselineInputs.normal("key", shape, seed: seed + 1, mean: 0.5),
        values.map { BaselineInputs.tensor("value", shape, $0) }
          ?? BaselineInputs.normal("value", shape, seed: seed + 2, deviation: 2),
        BaselineInputs.tensor("probabilities", [heads, rows, rows], cells),
      ] + (probe.map { [CaseInputs.integers("probe", $0)] } ?? [])
        + (forced.map { [BaselineInputs.choice($0)] } ?? []))
  }

  private static func zip(
    _ what: String, hunts: String, more: [String] = [], _ request: Request, types: [String] = NumberType.words
  ) -> Case? {
    stage(what, hunts: hunts, clauses: ["BAS-11", "BAS-6"] + more, request, types: types)
  }

  private static var zipped: [Case?] {
    /// One channel that is 0 everywhere, one that is never negative.
    let values = [1, 9, 4, 2.25, 0.25, 6].flatMap { number -> [Double] in [0, number] }
    return [
      zip(
        "gqa", hunts: "classes swapped, sums that are not divided by T − i, or one range for both classes",
        more: ["QNT-1"], zipRequest(heads: 4, keyValue: 2, rows: 6, low: 3, seed: 2201)),
      zip(
        "wide", hunts: "keys quantised by entry, or values by channel", more: ["QNT-1"],
        zipRequest(heads: 2, keyValue: 1, rows: 5, dimension: 4, low: 2, bits: (2, 3), seed: 2211)),
      zip(
        "probe", hunts: "all rows where some are asked for, or only the last",
        zipRequest(heads: 2, keyValue: 2, rows: 6, low: 3, seed: 2221, probe: [2, 4])),
      zip(
        "low-alone", hunts: "a mask counted where there is one class", more: ["QNT-4"],
        zipRequest(heads: 2, keyValue: 1, rows: 5, low: 5, seed: 2231)),
      zip(
        "high-whole", hunts: "numbers without bits divided by c and multiplied again", more: ["BAS-7"],
        zipRequest(heads: 2, keyValue: 1, rows: 6, low: 3, bits: (2, 0), seed: 2251)),
      zip(
        "root", hunts: "c without its root, or 0 where a channel of values is", more: ["QNT-1"],
        zipRequest(heads: 1, keyValue: 1, rows: 6, low: 3, bits: (3, 3), seed: 2271, values: values)),
      zip(
        "one-entry", hunts: "a range of one key divided by 0", more: ["QNT-1"],
        zipRequest(heads: 1, keyValue: 1, rows: 4, low: 1, bits: (1, 8), seed: 2281)),
      zip(
        "equal", hunts: "of equal saliency the lower index in fewer bits", more: ["BAS-3"],
        zipRequest(
          heads: 1, keyValue: 1, rows: 4, low: 2, seed: 2291,
          cells: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0.5, 0.375, 0.25, 0.125], probe: [3])),
      zip(
        "forced", hunts: "a given choice that is made again", more: ["BAS-4"],
        zipRequest(heads: 2, keyValue: 2, rows: 5, low: 2, seed: 2301, forced: [[0, 4], [1, 2]])),
    ]
  }

  // MARK: - LoRC

  static func rankRequest(_ rows: Int, _ columns: Int, rank: Int, seed: UInt64, values: [Double]? = nil) -> Request {
    BaselineInputs.request(
      .truncateRank, .lorc, ["rank": rank],
      [
        values.map { BaselineInputs.tensor("weight", [rows, columns], $0) }
          ?? BaselineInputs.normal("weight", [rows, columns], seed: seed)
      ])
  }

  private static var truncated: [Case?] {
    func rank(_ what: String, hunts: String, more: [String] = [], _ request: Request) -> Case? {
      stage(what, hunts: hunts, clauses: ["BAS-16"] + more, request)
    }
    return [
      rank("wide", hunts: "the smallest values kept, or σ dropped", rankRequest(4, 6, rank: 2, seed: 2401)),
      rank("tall", hunts: "the other side's vectors", rankRequest(6, 4, rank: 3, seed: 2411)),
      rank("one", hunts: "a sign that only one side has", rankRequest(3, 5, rank: 1, seed: 2421)),
      rank(
        "full", hunts: "a weight that loses something at full rank", more: ["BAS-7"],
        rankRequest(3, 4, rank: 3, seed: 2431)),
      rank(
        "deficient", hunts: "a division by a singular value of 0",
        rankRequest(3, 3, rank: 1, seed: 0, values: [1, 2, -1, 2, 4, -2, 0.5, 1, -0.5])),
    ]
  }

  // MARK: - CSR

  static func pursueRequest(
    steps: Int, vectors: NamedArray, atoms: NamedArray, forced: [[Int]]? = nil
  ) -> Request {
    BaselineInputs.request(
      .pursue, .csr, ["steps": steps], [vectors, atoms] + (forced.map { [BaselineInputs.choice($0)] } ?? []))
  }

  private static var pursued: [Case?] {
    func vectors(_ count: Int, _ width: Int, seed: UInt64) -> NamedArray {
      BaselineInputs.normal("vectors", [count, width], seed: seed)
    }
    func given(_ rows: [[Double]]) -> NamedArray {
      BaselineInputs.tensor("vectors", [rows.count, rows[0].count], rows.flatMap { $0 })
    }
    func pursuit(_ what: String, hunts: String, more: [String] = [], _ request: Request) -> Case? {
      stage(what, hunts: hunts, clauses: ["BAS-17", "BAS-6"] + more, request)
    }
    return [
      pursuit(
        "overcomplete", hunts: "orthogonal pursuit, or the best atoms at once",
        pursueRequest(
          steps: 3, vectors: vectors(3, 4, seed: 2501), atoms: BaselineInputs.atoms(count: 7, width: 4, seed: 2502))),
      pursuit(
        "signs", hunts: "the largest product with its sign",
        pursueRequest(
          steps: 2, vectors: vectors(3, 3, seed: 2511), atoms: BaselineInputs.atoms(count: 4, width: 3, seed: 2512))),
      pursuit(
        "basis", hunts: "anything lost over an orthonormal basis", more: ["BAS-7"],
        pursueRequest(steps: 3, vectors: given([[3, -1, 0.5], [0.25, 2, -4]]), atoms: BaselineInputs.basis(3))),
      pursuit(
        "one-step", hunts: "a weight that is the product of unit vectors",
        pursueRequest(
          steps: 1, vectors: vectors(3, 4, seed: 2531), atoms: BaselineInputs.atoms(count: 5, width: 4, seed: 2532))),
      pursuit(
        "no-step", hunts: "a vector that stays where no atom is taken",
        pursueRequest(
          steps: 0, vectors: vectors(2, 2, seed: 2541), atoms: BaselineInputs.atoms(count: 3, width: 2, seed: 2542))),
      pursuit(
        "equal", hunts: "of equal products the higher atom", more: ["BAS-3"],
        pursueRequest(
          steps: 2, vectors: given([[1, 1, 0], [-2, 0, 2], [0, 0, 0]]), atoms: BaselineInputs.basis(3))),
      pursuit(
        "again", hunts: "an atom that is not taken twice",
        pursueRequest(
          steps: 2, vectors: given([[2, 0.5], [1, 3]]),
          atoms: BaselineInputs.tensor("atoms", [2, 2], [1, 0, 0.8046875, 0.59375]))),
      pursuit(
        "forced", hunts: "a given choice that is made again", more: ["BAS-4"],
        pursueRequest(
          steps: 2, vectors: vectors(2, 3, seed: 2571), atoms: BaselineInputs.atoms(count: 4, width: 3, seed: 2572),
          forced: [[3, 3], [2, 0]])),
    ]
  }

  // MARK: - Noise

  static func noiseRequest(
    heads: Int, rows: Int, dimension: Int, sigma: Double, seed: Int, numbers: UInt64, values: [Double]? = nil
  ) -> Request {
    let shape = [rows, heads * dimension]
    return BaselineInputs.request(
      .storeNoise, .noise, ["kv_heads": heads, "seed": seed], reals: ["sigma": sigma],
      [
        values.map { BaselineInputs.tensor("numbers", shape, $0) }
          ?? BaselineInputs.normal("numbers", shape, seed: numbers, deviation: 2)
      ])
  }

  private static var disturbed: [Case?] {
    func noise(_ what: String, hunts: String, more: [String] = [], _ request: Request) -> Case? {
      stage(what, hunts: hunts, clauses: ["BAS-18", "NUM-5"] + more, request)
    }
    /// A head of zeros beside one that is not.
    let half = (1...4).flatMap { row -> [Double] in [0, 0, Double(row), -2] }
    return [
      noise(
        "heads", hunts: "one scale for all heads, or for every number",
        noiseRequest(heads: 2, rows: 4, dimension: 3, sigma: 0.5, seed: 11, numbers: 2601)),
      noise(
        "faint", hunts: "noise that is uniform, or σ² for σ",
        noiseRequest(heads: 1, rows: 5, dimension: 2, sigma: 0.125, seed: 12, numbers: 2611)),
      noise(
        "silent", hunts: "numbers that are rounded where σ is 0", more: ["BAS-7"],
        noiseRequest(heads: 2, rows: 2, dimension: 2, sigma: 0, seed: 13, numbers: 2621)),
      noise(
        "empty-head", hunts: "a head of zeros disturbed, or that uses up no numbers",
        noiseRequest(heads: 2, rows: 4, dimension: 2, sigma: 0.25, seed: 14, numbers: 0, values: half)),
    ]
  }
}
