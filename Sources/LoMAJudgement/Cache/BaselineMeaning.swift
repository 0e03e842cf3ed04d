// BAS-20, BAS-21: the meaning of an output's dimensions, and the place of a cell in words.

import LoMAVectors

/// The meaning of the dimensions of a case's output tensors, for an operation of chapter 19.
struct BaselineMeaning: PeerMeaning {
  private let operation: PeerOperation
  /// The tokens before the first row whose logits are an answer; 0 for a stage.
  private let firstToken: Int

  init(_ operation: PeerOperation, _ item: StoredCase) {
    self.operation = operation
    firstToken = operation == .cachedForward ? max(0, (item.integer("prefill") ?? 1) - 1) : 0
  }

  static func dimensions(_ operation: PeerOperation, tensor: String) -> [TensorMeaning.Dimension] {
    switch (operation, tensor) {
    case (_, "bits"): return []
    case (.evict, "scores"), (.zipCache, "saliency"), (.dmc, "starts"), (.dmc, "weights"):
      return [.keyValueHead, .entry]
    case (.evict, "choice"), (.think, "choice"), (.zipCache, "choice"): return [.keyValueHead, .place]
    case (.zigzagBudgets, "counts"): return [.layer, .head]
    case (.zigzagBudgets, "budgets"): return [.layer]
    case (.think, "scores"): return [.keyValueHead, .channel]
    case (.pyramidStep, "scores"): return [.entry]
    case (.pyramidStep, "choice"): return [.place]
    case (.layerDistances, "pairs"): return [.place, .column]
    case (.layerDistances, _): return [.layer, .layer]
    case (.dmc, "context"), (.truncateRank, "weight"): return [.row, .column]
    case (.truncateRank, _): return [.place]
    case (.pursue, "choice"), (.pursue, "weights"): return [.vector, .step]
    case (.pursue, _): return [.vector, .channel]
    case (.think, _), (.zipCache, _), (.dmc, _), (.storeNoise, _): return [.entry, .column]
    case (.cachedForward, "logits"): return [.token, .column]
    case (.cachedForward, "cache.alive"): return [.layer, .keyValueHead, .entry]
    case (.cachedForward, _): return [.layer, .entry, .column]
    case _: return []
    }
  }

  func ignored(of tensor: String, shape: [Int]) -> [Bool]? { nil }

  func words(of tensor: String, index: [Int]) -> String {
    let dimensions = Self.dimensions(operation, tensor: tensor)
    guard dimensions.count == index.count else { return index.isEmpty ? "" : "element \(index)" }
    let pair = { (query: Int, key: Int, _: Int) in "query row \(query), key row \(key)" }
    return TensorMeaning.words(dimensions, index: index, pair: pair) { dimension, value, _ in
      switch dimension {
      case .keyValueHead: "KV head \(value)"
      case .token: "text token \(firstToken + value)"
      case .text, .row, .query, .key, .head, .layer, .column, .cached, .step, .group, .fed, .event, .field, .recited,
        .segment, .memory, .merged, .slot, .place, .producer, .entry, .channel, .vector:
        "\(dimension) \(value)"
      }
    }
  }
}
