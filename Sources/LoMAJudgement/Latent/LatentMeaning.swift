// LAT-12…LAT-15: the meaning of an output's dimensions, which cells are compared, and the place of a cell in words.

import LoMAPeers
import LoMAVectors

/// The meaning of the dimensions of a case's output tensors, for an operation of latent attention.
struct LatentMeaning: PeerMeaning {
  private let operation: PeerOperation
  /// The length of each text; empty for an operation without texts.
  private let lengths: [Int]

  init(_ operation: PeerOperation, _ item: StoredCase, input: [NamedArray]) {
    self.operation = operation
    lengths = (try? StoredLatentTexts(item, input: input))?.texts.map { $0.count } ?? []
  }

  static func dimensions(_ operation: PeerOperation, tensor: String) -> [TensorMeaning.Dimension] {
    switch operation {
    case .latentCost: return tensor == "producers" ? [.layer] : []
    case .quantise: return ["lower", "step"].contains(tensor) ? [.row, .group] : [.row, .column]
    case .latentAttention: return tensor == "probabilities" ? [.head, .query, .key] : [.row, .column]
    case .latentForward:
      return tensor.hasSuffix("attention.probabilities") ? [.text, .head, .query, .key] : [.text, .row, .column]
    case .latentGenerate:
      switch tensor {
      case "chosen": return [.step]
      case "logits": return [.token, .column]
      case _ where tensor.hasPrefix("cache."): return [.producer, .cached, .column]
      default: return []
      }
    default: return []
    }
  }

  /// For each cell of a tensor of numbers, whether it belongs to a pad and is not compared (LAT-12); nil if all are.
  func ignored(of tensor: String, shape: [Int]) -> [Bool]? {
    guard operation == .latentForward, shape.first == lengths.count, Set(lengths).count > 1 else { return nil }
    let dimensions = Self.dimensions(operation, tensor: tensor)
    guard dimensions.count == shape.count,
      let rowDimension = dimensions.firstIndex(where: { $0 == .row || $0 == .query })
    else { return nil }
    let inner = shape[(rowDimension + 1)...].reduce(1, *)
    let outer = shape[1..<rowDimension].reduce(1, *)
    return lengths.flatMap { length in
      (0..<outer).flatMap { _ in
        (0..<shape[rowDimension]).flatMap { Array(repeating: $0 >= length, count: inner) }
      }
    }
  }

  func words(of tensor: String, index: [Int]) -> String {
    let dimensions = Self.dimensions(operation, tensor: tensor)
    guard dimensions.count == index.count else { return index.isEmpty ? "" : "element \(index)" }
    let pair = { (query: Int, key: Int, _: Int) in "query row \(query), key row \(key)" }
    return TensorMeaning.words(dimensions, index: index, pair: pair) { dimension, value, _ in
      switch dimension {
      case .producer: "producer number \(value)"
      case .token: "text token \(value)"
      case .cached: "entry of text token \(value)"
      case .text, .row, .query, .key, .head, .layer, .column, .step, .group, .fed, .event, .field, .recited, .segment,
        .memory, .merged, .slot, .place, .keyValueHead, .entry, .channel, .vector:
        "\(dimension) \(value)"
      }
    }
  }
}
