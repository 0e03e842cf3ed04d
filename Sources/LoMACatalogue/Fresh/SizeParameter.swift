// RUN-17, RUN-18: the sizes that a fresh case is drawn with and that shrinking reduces.

/// A size parameter of a fresh case.
package enum SizeParameter: String, CaseIterable, Sendable {
  /// Text tokens per memory token.
  case c
  /// Memory tokens per chunk.
  case t
  /// Tokens to generate.
  case generate
  /// The chunk to reconstruct.
  case chunk
  /// Optimiser steps.
  case steps
  /// The length of a text whose tokens do not matter.
  case length
  /// Rows of a stage.
  case rows
  /// Columns of a stage's input.
  case width
  /// The width of a feed-forward network.
  case middle
  /// KV heads.
  case keyValueHeads = "kv_heads"
  /// Query heads per KV head.
  case sharing
  /// Pairs of dimensions that are rotated in a head: half its dimension.
  case pairs
  /// Layers, for operations that only count them.
  case layers
  /// Memory tokens per context segment.
  case memoryTokens = "memory_tokens"
  /// Segments that are merged.
  case segments
  /// Columns of a stage's output.
  case out
  /// The rank of a low-rank update.
  case rank
  /// Layers that read the entries of one.
  case stride
  /// Bits of a code, and of a rotated key's.
  case bits
  case rotatedBits = "rotated_bits"
  /// Numbers that share a scale, and how many such groups a row has.
  case group, groups
  /// Channels of a latent, and of a head's plain key and value.
  case latent, plain, value
  /// Pairs of a rotated key's channels, of which there may be none.
  case rotatedPairs = "rotated_pairs"
  /// Entries of a cache.
  case entries
  /// Of chapter 19: the last rows that are asked, what is kept or pruned beside them, the last ones that stay whole, texts
  /// of one length, and atoms of a dictionary.
  case window, kept, recent, texts, atoms

  /// The smallest meaningful value.
  package var least: Int {
    switch self {
    case .generate, .chunk, .length, .plain, .rotatedPairs, .kept, .recent: 0
    case .c, .t, .steps, .rows, .width, .middle, .keyValueHeads, .sharing, .pairs, .layers, .memoryTokens, .segments,
      .out, .rank, .stride, .bits, .rotatedBits, .group, .groups, .latent, .value, .entries, .window, .texts, .atoms:
      1
    }
  }

  /// Smaller values to try, smallest first: the least, half-way to it, one less.
  package func below(_ value: Int) -> [Int] { SizeParameter.below(value, least: least) }

  /// Smaller values to try, from `least` to below `value`, smallest first.
  package static func below(_ value: Int, least: Int) -> [Int] {
    var values: [Int] = []
    for smaller in [least, least + (value - least) / 2, value - 1] where smaller >= least && smaller < value {
      if values.last != smaller { values.append(smaller) }
    }
    return values
  }
}
