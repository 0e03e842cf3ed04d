// BAS-14, BAS-15, BAS-20: how far layers' caches are apart, and tokens that are appended or accumulated.

import LoMAAnswers
import LoMACatalogue
import LoMAPeers
import LoMAVectors
import NaiveLlama

/// Layers that are compared, and tokens that are pooled.
enum PooledStageCases {
  static var all: [Case] { (distances + pooled).compactMap { $0 } }

  private static func stage(_ what: String, hunts: String, clauses: [String], _ request: Request) -> Case? {
    Case.tensors(
      "stage.\(request.operation.rawValue).\(what)", .stage, hunts: hunts, clauses: clauses + ["BAS-20", "BAS-24"],
      request
    ).asked(in: ChoiceLead.types(of: request))
  }

  // MARK: - KVSharer

  static func distanceRequest(
    texts: Int, layers: Int, rows: Int, heads: Int, dimension: Int, seed: UInt64,
    _ change: (inout [Double], inout [Double]) -> Void = { _, _ in }
  ) -> Request {
    let shape = [texts, layers, rows, heads * dimension]
    let count = shape.reduce(1, *)
    var numbers = SeededNumbers(seed: seed)
    var keys = numbers.deviates(count, mean: 0, standardDeviation: 1)
    var values = numbers.deviates(count, mean: 0, standardDeviation: 2)
    change(&keys, &values)
    return BaselineInputs.request(
      .layerDistances, .kvSharer, ["kv_heads": heads],
      [BaselineInputs.tensor("keys", shape, keys), BaselineInputs.tensor("values", shape, values)])
  }

  private static var distances: [Case?] {
    func apart(_ what: String, hunts: String, more: [String] = [], _ request: Request) -> Case? {
      stage(what, hunts: hunts, clauses: ["BAS-14"] + more, request)
    }
    return [
      apart(
        "texts", hunts: "distances of texts for distances of their means, or nearest pairs first",
        distanceRequest(texts: 3, layers: 3, rows: 2, heads: 2, dimension: 2, seed: 2701)),
      apart(
        "heads", hunts: "a norm over all heads, or over all tokens",
        distanceRequest(texts: 1, layers: 4, rows: 3, heads: 3, dimension: 2, seed: 2711)),
      apart(
        "values", hunts: "keys alone",
        distanceRequest(texts: 2, layers: 3, rows: 2, heads: 1, dimension: 2, seed: 2721) { keys, values in
          // So far apart that a type of eight bits has the same order.
          let (key, value) = (Array(keys.prefix(4)), Array(values.prefix(4)))
          for cell in keys.indices {
            keys[cell] = key[cell % 4] / 8
            values[cell] = value[cell % 4] * [0, 2, -1][cell / 4 % 3]
          }
        }),
      apart(
        "equal", hunts: "equal pairs in another order", more: ["BAS-3"],
        distanceRequest(texts: 1, layers: 3, rows: 1, heads: 1, dimension: 2, seed: 0) { keys, values in
          (keys, values) = ([0, 0, 3, 4, 0, 0], [1, 0, 1, 2, 1, 0])
        }),
      apart(
        "one-layer", hunts: "a pair of a layer with itself",
        distanceRequest(texts: 2, layers: 1, rows: 2, heads: 1, dimension: 2, seed: 2741)),
    ]
  }

  // MARK: - DMC

  /// Tokens of which those of `accumulated` are accumulated in every KV head, or as `heads` says; `weight` is the mean of
  /// the channel that decides ω.
  static func dmcRequest(
    heads: Int, keyValue: Int, rows: Int, dimension: Int = 4, seed: UInt64, weight: Double = -5,
    isAccumulated: (_ head: Int, _ row: Int) -> Bool
  ) -> Request {
    var numbers = SeededNumbers(seed: seed)
    var query = numbers.deviates(rows * heads * dimension, mean: 0, standardDeviation: 1)
    var key = numbers.deviates(rows * keyValue * dimension, mean: 0, standardDeviation: 1)
    let value = numbers.deviates(rows * keyValue * dimension, mean: 0, standardDeviation: 1)
    for row in 0..<rows {
      for head in 0..<heads {
        query[(row * heads + head) * dimension + dimension - 1] = SeededNumbers.roundedToEightBits(
          numbers.deviate(mean: weight, standardDeviation: 2))
      }
      for head in 0..<keyValue {
        key[(row * keyValue + head) * dimension + dimension - 1] =
          isAccumulated(head, row) ? 5.5 : row % 2 == 0 ? 5 : 4.75
      }
    }
    return BaselineInputs.request(
      .dmc, .dmc, ["heads": heads, "kv_heads": keyValue], reals: ["theta": 100],
      [
        BaselineInputs.tensor("query", [rows, heads * dimension], query),
        BaselineInputs.tensor("key", [rows, keyValue * dimension], key),
        BaselineInputs.tensor("value", [rows, keyValue * dimension], value),
      ])
  }

  private static var pooled: [Case?] {
    func pool(_ what: String, hunts: String, more: [String] = [], _ request: Request) -> Case? {
      stage(what, hunts: hunts, clauses: ["BAS-15", "BAS-6"] + more, request)
    }
    return [
      pool(
        "runs", hunts: "keys rotated before they are pooled, partial means that stay visible, or plain means",
        dmcRequest(heads: 4, keyValue: 2, rows: 6, seed: 2801, weight: -6) { head, row in
          [[1, 3, 4], [2, 3, 5]][head].contains(row)
        }),
      pool(
        "appended", hunts: "a channel that decides left in queries and keys",
        dmcRequest(heads: 2, keyValue: 1, rows: 4, seed: 2811) { _, _ in false }),
      pool(
        "one-entry", hunts: "the first token accumulated into nothing, or an entry at the place of its first token",
        dmcRequest(heads: 1, keyValue: 1, rows: 4, seed: 2821) { _, _ in true }),
      pool(
        "long-run", hunts: "a window of 12 tokens",
        dmcRequest(heads: 1, keyValue: 1, rows: 14, dimension: 2, seed: 2841) { _, row in row > 0 }),
    ]
  }
}
