// RUN-17, RUN-18: the numbers that a fresh case is drawn with and shrinks in.

/// A number of a fresh case.
enum Extent: String, CaseIterable, Sendable {
  /// Text tokens a memory token holds.
  case c
  /// Memory tokens of a chunk.
  case t
  /// Tokens to generate.
  case generate
  /// The chunk that is recited.
  case chunk
  /// Steps of the optimiser.
  case steps
  /// The length of a text whose tokens do not matter.
  case length
  /// Rows of a stage.
  case rows
  /// Columns of a stage's input.
  case width
  /// Columns between the linear layers of a feed-forward block.
  case middle
  /// KV heads.
  case keyValueHeads = "kv_heads"
  /// Query heads that read one KV head.
  case sharing
  /// Pairs of columns that are rotated in a head: half its dimension.
  case pairs
  /// Layers, where they are only counted.
  case layers

  /// The smallest value that means something.
  var least: Int {
    switch self {
    case .generate, .chunk, .length: 0
    case .c, .t, .steps, .rows, .width, .middle, .keyValueHeads, .sharing, .pairs, .layers: 1
    }
  }

  /// Smaller values, the smallest first: the least, the half way to it, one less.
  func below(_ value: Int) -> [Int] { Extent.below(value, least: least) }

  /// Values from `least` to below another one, the smallest first.
  static func below(_ value: Int, least: Int) -> [Int] {
    var values: [Int] = []
    for smaller in [least, least + (value - least) / 2, value - 1] where smaller >= least && smaller < value {
      if values.last != smaller { values.append(smaller) }
    }
    return values
  }
}
