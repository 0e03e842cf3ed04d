// LAT-11, COST-2: what the same text costs in this cache, in those of whole heads, and with LoMA on either.

import LoMA
import LoMAPeers

/// One system with what it holds of a text.
struct ComparedCache: Hashable, Sendable {
  /// The name in a table.
  let name: String
  /// The name for programs.
  let key: String
  /// The rows held in the end.
  let rows: Int
  /// The bits of a row, in all layers.
  let rowBits: Int
  /// The bits of all rows.
  let bits: Int
  /// Visible pairs per layer and query head.
  let pairs: Int

  /// Every system that the inputs ask for.
  static func all(
    _ inputs: LatentInputs, _ parameters: LatentParameters, _ cost: LatentCost, textLength: Int
  ) throws -> [ComparedCache] {
    let (heads, grouped): (Int, Int?) =
      switch parameters.form {
      case .latent(let widths):
        (
          try headBits(widths.heads, key: widths.key, value: widths.value, layers: inputs.layers),
          try inputs.groups.map { try headBits($0, key: widths.key, value: widths.value, layers: inputs.layers) }
        )
      case .heads(let query, let keyValue, let dimension):
        (
          try headBits(query, key: dimension, value: dimension, layers: inputs.layers),
          keyValue == query ? nil : try headBits(keyValue, key: dimension, value: dimension, layers: inputs.layers)
        )
      }
    let groups: Int? =
      switch parameters.form {
      case .latent: inputs.groups
      case .heads(_, let keyValue, _): keyValue
      }
    let full = textLength * (textLength + 1) / 2
    var list = [
      try ComparedCache("this cache", "this", rows: textLength, rowBits: cost.tokenBits, pairs: full),
      try ComparedCache("multi-head attention", "multi_head", rows: textLength, rowBits: heads, pairs: full),
    ]
    if let grouped, let groups {
      list.append(
        try ComparedCache(
          "grouped-query attention, \(groups) KV head\(groups == 1 ? "" : "s")", "grouped_query", rows: textLength,
          rowBits: grouped, pairs: full))
    }
    if let loma = inputs.loma {
      let rows = loma.t * loma.fullChunks(textLength) + loma.tailLength(textLength)
      let pairs = try Cost(textLength: textLength, parameters: loma, profile: .base).generation
      list += [
        try ComparedCache(
          "LoMA at c = \(loma.c) on multi-head attention", "loma_on_multi_head", rows: rows, rowBits: heads,
          pairs: pairs),
        try ComparedCache(
          "LoMA at c = \(loma.c) on this cache", "loma_on_this", rows: rows, rowBits: cost.tokenBits, pairs: pairs),
      ]
    }
    return list
  }

  private init(_ name: String, _ key: String, rows: Int, rowBits: Int, pairs: Int) throws(PeerError) {
    self.name = name
    self.key = key
    self.rows = rows
    self.rowBits = rowBits
    self.pairs = pairs
    bits = try StoredBits.product(rows, rowBits)
  }

  /// The bits of one token's keys and values of so many heads in all layers.
  private static func headBits(_ heads: Int, key: Int, value: Int, layers: Int) throws(PeerError) -> Int {
    guard heads >= 1, heads <= LatentParameters.limit else { throw .cacheSizeOutOfRange }
    return try StoredBits.product(
      StoredBits.product(heads, key + value), StoredBits.product(layers, StoredBits.ofNumber))
  }

  /// Bits as bytes: a decimal with at most three digits.
  static func bytes(_ bits: Int) -> String {
    let rest = ["", ".125", ".25", ".375", ".5", ".625", ".75", ".875"][bits % 8]
    return "\(bits / 8)" + rest
  }
}
