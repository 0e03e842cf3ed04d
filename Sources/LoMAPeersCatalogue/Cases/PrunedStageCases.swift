// BAS-10, BAS-12, BAS-13, BAS-20: which entries, channels and rows stay: the stages of eviction, ZigZagKV, ThinK and
// PyramidInfer.

import LoMAAnswers
import LoMACatalogue
import LoMAPeers
import LoMAVectors
import NaiveLlama

/// Choices of what stays.
enum PrunedStageCases {
  static var all: [Case] { (evictions + budgets + channels + rows).compactMap { $0 } }

  private static func stage(
    _ what: String, hunts: String, clauses: [String], _ request: Request
  ) -> Case? {
    let item = Case.tensors(
      "stage.\(request.operation.rawValue).\(what)", .stage, hunts: hunts, clauses: clauses + ["BAS-20", "BAS-24"],
      request)
    return item.asked(in: ChoiceLead.types(of: request))
  }

  // MARK: - Eviction

  static func evictRequest(
    heads: Int, keyValue: Int, rows: Int, window: Int, budget: Int, peak: Int = 3, seed: UInt64,
    cells: [Double]? = nil, forced: [[Int]]? = nil
  ) -> Request {
    let cells = cells ?? BaselineInputs.probabilities(heads: heads, rows: rows, peak: peak, seed: seed)
    return BaselineInputs.request(
      .evict, .eviction,
      ["heads": heads, "kv_heads": keyValue, "head_dim": 4, "window": window, "budget": budget],
      [BaselineInputs.tensor("probabilities", [heads, rows, rows], cells)]
        + (forced.map { [BaselineInputs.choice($0)] } ?? []))
  }

  private static func evict(
    _ what: String, hunts: String, more: [String] = [], _ request: Request
  ) -> Case? {
    stage(what, hunts: hunts, clauses: ["BAS-12", "BAS-6"] + more, request)
  }

  /// Weights of which every row gives each entry it sees the same, but those of the window.
  private static func flat(heads: Int, rows: Int) -> [Double] {
    let head = (0..<rows).flatMap { row in
      (0..<rows).map { column -> Double in row >= 4 ? (column < 4 ? 0.25 : 0) : (column == row ? 1 : 0) }
    }
    return (0..<heads).flatMap { _ in head }
  }

  private static var evictions: [Case?] {
    [
      evict(
        "gqa", hunts: "scores of all rows, of one head of a group, or one choice for all KV heads",
        evictRequest(heads: 4, keyValue: 2, rows: 9, window: 3, budget: 6, seed: 1901)),
      evict(
        "window-one", hunts: "the last row's own attention left out, or the last entry not protected",
        evictRequest(heads: 2, keyValue: 2, rows: 8, window: 1, budget: 3, seed: 1902)),
      evict(
        "mqa", hunts: "a mean over one head for a sum over the group",
        evictRequest(heads: 3, keyValue: 1, rows: 8, window: 2, budget: 4, seed: 1903)),
      evict(
        "window-alone", hunts: "a budget beside the window", more: ["BAS-5"],
        evictRequest(heads: 2, keyValue: 1, rows: 6, window: 3, budget: 3, seed: 1904)),
      evict(
        "whole-window", hunts: "scores where no entry is before the window",
        evictRequest(heads: 2, keyValue: 1, rows: 4, window: 4, budget: 4, seed: 1905)),
      evict(
        "beyond", hunts: "a budget above the number of entries refused", more: ["BAS-7"],
        evictRequest(heads: 2, keyValue: 2, rows: 5, window: 2, budget: 8, seed: 1906)),
      evict(
        "equal", hunts: "of equal scores the higher index kept", more: ["BAS-3"],
        evictRequest(heads: 2, keyValue: 2, rows: 7, window: 2, budget: 4, seed: 1907, cells: flat(heads: 2, rows: 7))),
      evict(
        "forced", hunts: "a given choice that is made again, or given back in another order", more: ["BAS-4"],
        evictRequest(
          heads: 2, keyValue: 2, rows: 6, window: 2, budget: 4, seed: 1908, forced: [[0, 2, 4, 5], [1, 3, 4, 5]])),
    ]
  }

  // MARK: - ZigZagKV

  static func zigzagRequest(
    layers: [[Double]], heads: Int, keyValue: Int, rows: Int, window: Int, total: Int, least: Int
  ) -> Request {
    BaselineInputs.request(
      .zigzagBudgets, .zigzag,
      [
        "heads": heads, "kv_heads": keyValue, "head_dim": 4, "window": window, "total": total, "least": least,
      ], [BaselineInputs.tensor("probabilities", [layers.count, heads, rows, rows], layers.flatMap { $0 })])
  }

  /// Layers from uneven to flat.
  static func uneven(_ peaks: [Int], heads: Int, rows: Int, seed: UInt64) -> [[Double]] {
    peaks.enumerated().map {
      BaselineInputs.probabilities(heads: heads, rows: rows, peak: $1, seed: seed + UInt64($0))
    }
  }

  private static func zigzag(_ what: String, hunts: String, more: [String] = [], _ request: Request) -> Case? {
    stage(what, hunts: hunts, clauses: ["BAS-12", "BAS-6"] + more, request)
  }

  private static var budgets: [Case?] {
    let rows = 8
    return [
      zigzag(
        "uneven", hunts: "equal budgets, the least where most is needed, or half of the attention for 0.9",
        zigzagRequest(
          layers: uneven([9, 1, 4], heads: 2, rows: rows, seed: 1921), heads: 2, keyValue: 1, rows: rows, window: 2,
          total: 15, least: 3)),
      zigzag(
        "gqa", hunts: "counts of KV heads, or bits of query heads",
        zigzagRequest(
          layers: uneven([6, 2], heads: 4, rows: 6, seed: 1931), heads: 4, keyValue: 2, rows: 6, window: 1,
          total: 7, least: 2)),
      zigzag(
        "remainders", hunts: "a total that rounding loses, or that the last layers get",
        zigzagRequest(
          layers: uneven([2, 2, 2, 1], heads: 1, rows: 6, seed: 1941), heads: 1, keyValue: 1, rows: 6, window: 1,
          total: 17, least: 1)),
      zigzag(
        "full", hunts: "a budget above the number of entries", more: ["BAS-7"],
        zigzagRequest(
          layers: uneven([9, 1], heads: 2, rows: 5, seed: 1951), heads: 2, keyValue: 2, rows: 5, window: 1, total: 9,
          least: 1)),
      zigzag(
        "least-alone", hunts: "a least that is not given before the rest is shared",
        zigzagRequest(
          layers: uneven([9, 1], heads: 2, rows: 5, seed: 1961), heads: 2, keyValue: 1, rows: 5, window: 2, total: 6,
          least: 3)),
    ]
  }

  // MARK: - ThinK

  static func thinkRequest(
    heads: Int, keyValue: Int, rows: Int, dimension: Int = 4, window: Int, pruned: Int, recent: Int, seed: UInt64,
    queries: [Double]? = nil, keys: [Double]? = nil, forced: [[Int]]? = nil
  ) -> Request {
    let shape = [rows, keyValue * dimension]
    let wide = [rows, heads * dimension]
    return BaselineInputs.request(
      .think, .think,
      ["heads": heads, "kv_heads": keyValue, "window": window, "pruned": pruned, "recent": recent],
      [
        queries.map { BaselineInputs.tensor("query", wide, $0) } ?? BaselineInputs.normal("query", wide, seed: seed),
        keys.map { BaselineInputs.tensor("key", shape, $0) } ?? BaselineInputs.normal("key", shape, seed: seed + 1),
      ] + (forced.map { [BaselineInputs.choice($0)] } ?? []))
  }

  private static func think(_ what: String, hunts: String, more: [String] = [], _ request: Request) -> Case? {
    stage(what, hunts: hunts, clauses: ["BAS-10", "BAS-6"] + more, request)
  }

  private static var channels: [Case?] {
    /// Keys whose channel 0 is large in the last two rows alone, and all else about equal.
    let late = (0..<6).flatMap { row -> [Double] in [row < 4 ? 0.125 : 4, 1, -0.75, 0.5 + Double(row) / 8] }
    return [
      think(
        "gqa", hunts: "queries of all rows, of one head of a group, or means squared for mean squares",
        thinkRequest(heads: 4, keyValue: 2, rows: 6, window: 3, pruned: 2, recent: 2, seed: 2001)),
      think(
        "late-keys", hunts: "key norms of the old entries alone",
        thinkRequest(heads: 2, keyValue: 1, rows: 6, window: 2, pruned: 2, recent: 2, seed: 2021, keys: late)),
      think(
        "no-recent", hunts: "the last keys kept where none is recent",
        thinkRequest(heads: 2, keyValue: 1, rows: 5, window: 9, pruned: 1, recent: 0, seed: 2031)),
      think(
        "short", hunts: "a text without old entries pruned, or its mask counted", more: ["BAS-7"],
        thinkRequest(heads: 2, keyValue: 1, rows: 3, window: 2, pruned: 2, recent: 4, seed: 2041)),
      think(
        "none", hunts: "a channel pruned where none is asked for, or a mask counted", more: ["BAS-7"],
        thinkRequest(heads: 2, keyValue: 2, rows: 3, dimension: 2, window: 2, pruned: 0, recent: 1, seed: 2051)),
      think(
        "all", hunts: "a head that has no key left refused",
        thinkRequest(heads: 1, keyValue: 1, rows: 3, dimension: 2, window: 2, pruned: 2, recent: 1, seed: 2061)),
      think(
        "equal", hunts: "of equal scores the lower channel pruned", more: ["BAS-3"],
        thinkRequest(
          heads: 1, keyValue: 1, rows: 3, window: 3, pruned: 2, recent: 1, seed: 0,
          queries: (0..<12).map { $0 % 3 == 0 ? -1 : 1 }, keys: (0..<12).map { $0 % 2 == 0 ? -0.5 : 0.5 })),
      think(
        "forced", hunts: "a given choice that is made again", more: ["BAS-4"],
        thinkRequest(
          heads: 2, keyValue: 2, rows: 4, window: 2, pruned: 2, recent: 2, seed: 2071, forced: [[0, 3], [1, 2]])),
    ]
  }

  // MARK: - PyramidInfer

  static func pyramidRequest(
    heads: Int, rows: Int, recent: Int, count: Int, peak: Int = 3, seed: UInt64, forced: [Int]? = nil
  ) -> Request {
    BaselineInputs.request(
      .pyramidStep, .pyramidInfer, ["heads": heads, "recent": recent, "count": count],
      [
        BaselineInputs.tensor(
          "probabilities", [heads, rows, rows],
          BaselineInputs.probabilities(heads: heads, rows: rows, peak: peak, seed: seed))
      ] + (forced.map { [CaseInputs.integers("forced_choice", $0)] } ?? []))
  }

  private static func pyramid(_ what: String, hunts: String, more: [String] = [], _ request: Request) -> Case? {
    stage(what, hunts: hunts, clauses: ["BAS-13"] + more, request)
  }

  private static var rows: [Case?] {
    [
      pyramid(
        "sinks", hunts: "the first four rows pruned, rows of equal weight, or attention of one head",
        pyramidRequest(heads: 2, rows: 11, recent: 3, count: 6, seed: 2101)),
      pyramid(
        "one-recent", hunts: "a line of weights of one row divided by 0, or ρ off by one",
        pyramidRequest(heads: 3, rows: 9, recent: 1, count: 6, seed: 2111)),
      pyramid(
        "few", hunts: "more than the first of the four where fewer go on", more: ["BAS-3"],
        pyramidRequest(heads: 1, rows: 8, recent: 2, count: 2, seed: 2121)),
      pyramid(
        "none", hunts: "the four kept where no context row is asked for",
        pyramidRequest(heads: 2, rows: 6, recent: 2, count: 0, seed: 2131)),
      pyramid(
        "all", hunts: "a count above the context rows refused", more: ["BAS-7"],
        pyramidRequest(heads: 2, rows: 5, recent: 2, count: 7, seed: 2141)),
      pyramid(
        "recent-alone", hunts: "scores where every row is recent",
        pyramidRequest(heads: 2, rows: 3, recent: 3, count: 2, seed: 2151)),
      pyramid(
        "forced", hunts: "a given choice that is made again", more: ["BAS-4"],
        pyramidRequest(heads: 1, rows: 8, recent: 2, count: 3, seed: 2161, forced: [0, 2, 5, 6, 7])),
    ]
  }
}
