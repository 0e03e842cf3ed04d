// The meaning of an output's dimensions (OPS-2…OPS-5): which cells are pads, and the place of a cell in words.

import LoMA
import LoMAVectors

/// The meaning of the dimensions of a case's output tensors.
package struct TensorMeaning {
  /// What an index counts.
  package enum Dimension {
    case text, row, query, key, head, layer, column, token, fed, cached, step, event, field, recited
    /// Of part II alone: a segment, the number of segments compressed, that number less one, a slot, an entry held.
    case segment, memory, merged, slot, place
    /// Of part II alone: a group of numbers that share a scale, and a layer that writes entries, by rising number.
    case group, producer
    /// Of chapter 19 alone: a KV head, an entry of the cache, a channel of a head, a vector that is coded.
    case keyValueHead, entry, channel, vector
  }

  private let item: StoredCase
  private let profile: Profile
  /// The rows of each text as the operation lays them out; for `generate`, of all tokens fed; empty without texts.
  private let texts: [[Row]]
  /// The rows of the generation layout that remain in the cache at the end.
  private let cachedRows: [Int]
  /// The meaning of an operation of part II, which has other rows; nil for one of part I.
  private let peer: (any PeerMeaning)?

  init(_ item: StoredCase, input: [NamedArray], expected: [NamedArray]) {
    self.item = item
    if case .peer(let operation) = item.op {
      peer = operation.meaning(item, input: input, expected: expected)
    } else {
      peer = nil
    }
    let rows = peer == nil ? try? TextRows(item, input: input) : nil
    profile = rows?.profile ?? .base
    cachedRows = (try? expected.first { $0.name == "cache.rows" }?.integers()) ?? []
    switch item.op {
    case .layout, .mask:
      let isGeneration = item.parameters["layout"]?.stringValue == "generation"
      texts = rows.map { isGeneration ? $0.generation($0.texts).texts : $0.training($0.texts).texts } ?? []
    case .forward: texts = rows.map { $0.training($0.texts).texts } ?? []
    case .generate:
      // The layout depends on the number of tokens fed, not on their ids.
      let fed = expected.first { $0.name == "logits" }?.shape.first ?? rows?.texts.first?.count ?? 0
      texts = rows.map { $0.generation([Array(repeating: 0, count: fed)]).texts } ?? []
    case .schedule, .metrics, .cost, .rmsNorm, .rope, .attention, .feedForward, .decoderLayer, .crossEntropy, .loss,
      .gradients, .trainStep, .reconstruct, .peer:
      texts = []
    }
  }

  /// The dimensions of a tensor, nil if they have no special meaning.
  func dimensions(of tensor: String, rank: Int) -> [Dimension]? {
    let dimensions = Self.dimensions(op: item.op, tensor: tensor)
    return dimensions.count == rank && rank > 0 ? dimensions : nil
  }

  /// The dimensions of an operation's output; empty if they have no special meaning.
  package static func dimensions(op: Operation, tensor: String) -> [Dimension] {
    switch op {
    case .layout: return [.text, .row]
    case .mask: return [.text, .query, .key]
    case .schedule: return ["events", "entries"].contains(tensor) ? [.event, .field] : []
    case .rmsNorm, .rope, .feedForward, .decoderLayer: return [.row, .column]
    case .attention: return tensor == "probabilities" ? [.head, .query, .key] : [.row, .column]
    case .crossEntropy: return [.row]
    case .forward:
      return tensor.hasSuffix("attention.probabilities") ? [.text, .head, .query, .key] : [.text, .row, .column]
    case .generate:
      switch tensor {
      case "events": return [.event, .field]
      case "chosen": return [.step]
      case "logits": return [.token, .column]
      case "appended.keys", "appended.values": return [.layer, .fed, .column]
      case "cache.rows": return [.cached]
      case "cache.keys", "cache.values": return [.layer, .cached, .column]
      default: return []
      }
    case .reconstruct:
      switch tensor {
      case "tokens": return [.recited]
      case "logits": return [.recited, .column]
      default: return []
      }
    case .metrics, .cost, .loss, .gradients, .trainStep: return []
    case .peer(let operation): return operation.dimensions(of: tensor)
    }
  }

  /// For each cell of a tensor of numbers, whether it belongs to a pad and is not compared (OPS-1), or in part II to a
  /// row that is not (CCM-30); nil if all cells are compared.
  func pads(of tensor: String, shape: [Int]) -> [Bool]? {
    if let peer { return peer.ignored(of: tensor, shape: shape) }
    guard let dimensions = dimensions(of: tensor, rank: shape.count), dimensions.first == .text,
      texts.contains(where: { $0.last?.place == .pad }), shape[0] == texts.count,
      let rowDimension = dimensions.firstIndex(where: { $0 == .row || $0 == .query })
    else { return nil }
    let inner = shape[(rowDimension + 1)...].reduce(1, *)
    let outer = shape[1..<rowDimension].reduce(1, *)
    return texts.flatMap { rows in
      (0..<outer).flatMap { _ in
        (0..<shape[rowDimension]).flatMap { row in
          Array(repeating: row < rows.count && rows[row].place == .pad, count: inner)
        }
      }
    }
  }

  /// The place of a cell in words.
  func words(of tensor: String, index: [Int]) -> String {
    if let peer { return peer.words(of: tensor, index: index) }
    guard let dimensions = dimensions(of: tensor, rank: index.count) else {
      return index.isEmpty ? "" : "element \(index)"
    }
    return Self.words(dimensions, index: index, pair: pair) { dimension, value, text in
      switch dimension {
      case .row: row(value, text)
      case .fed: "fed " + row(value, 0)
      case .cached: "cache entry \(value)" + (value < cachedRows.count ? ", " + row(cachedRows[value], 0) : "")
      case .token: "text token \(value), " + row(rowOfToken(value), 0)
      case .field: "column \(value)"
      case .recited: "repetition row \(value) of chunk \(item.integer("chunk") ?? 0)"
      case .text, .query, .key, .head, .layer, .column, .step, .event, .segment, .memory, .merged, .slot, .place,
        .group, .producer, .keyValueHead, .entry, .channel, .vector:
        "\(dimension) \(value)"
      }
    }
  }

  /// The place of a cell in words, one for each dimension but the key, which the pair with its query tells.
  ///
  /// `own` words what an index of an operation's own counts, given the text it is in.
  static func words(
    _ dimensions: [Dimension], index: [Int], pair: (_ query: Int, _ key: Int, _ text: Int) -> String,
    own: (_ dimension: Dimension, _ value: Int, _ text: Int) -> String
  ) -> String {
    let text = dimensions.firstIndex(of: .text).map { index[$0] } ?? 0
    let words = zip(dimensions, index).compactMap { dimension, value -> String? in
      switch dimension {
      case .text, .head, .layer, .column, .step: "\(dimension) \(value)"
      case .query: dimensions.firstIndex(of: .key).map { pair(value, index[$0], text) }
      case .key: nil
      case .row, .token, .fed, .cached, .event, .field, .recited, .segment, .memory, .merged, .slot, .place,
        .group, .producer, .keyValueHead, .entry, .channel, .vector:
        own(dimension, value, text)
      }
    }
    return words.joined(separator: ", ")
  }

  /// Whether a query sees a key, in words, with the clause that decides it.
  private func pair(_ query: Int, _ key: Int, _ text: Int) -> String {
    guard texts.indices.contains(text), texts[text].indices.contains(query), texts[text].indices.contains(key) else {
      return "query row \(query), key row \(key)"
    }
    let mask = Mask(rows: texts[text], profile: profile)
    return MaskSentences(profile: profile).explain(query: query, key: key, in: mask)
  }

  private func row(_ row: Int, _ text: Int) -> String {
    guard texts.indices.contains(text), texts[text].indices.contains(row) else { return "row \(row)" }
    return Mask(rows: texts[text], profile: profile).describe(row: row)
  }

  /// The row of a text token in the generation layout.
  private func rowOfToken(_ token: Int) -> Int {
    let reading = texts.first.map { rows in rows.indices.filter { rows[$0].place.zone == .reading } } ?? []
    return token < reading.count ? reading[token] : token
  }
}
