// RUN-17: how fresh cases are drawn: the operations in turn, everything else by lot.

import LoMA
import LoMAReference
import LoMAVectors

/// Draws the parts of one fresh case.
struct FreshDrawing {
  private var numbers: SeededNumbers

  /// The draws of case `index` of a seed, which depend on nothing else.
  init(seed: UInt64, index: Int) {
    var seeds = SeededNumbers(seed: seed)
    numbers = SeededNumbers(seed: seeds.next() ^ (UInt64(index) &* 0xD134_2543_DE82_EF95))
  }

  /// The operation of case `index`: all of them in turn, so that few cases meet every one.
  static func operation(seed: UInt64, index: Int) -> Operation {
    let count = Operation.allCases.count
    return Operation.allCases[(Int(seed % UInt64(count)) + index) % count]
  }

  private mutating func one(of range: ClosedRange<Int>) -> Int {
    range.lowerBound + numbers.integer(below: range.count)
  }

  private mutating func one<Value>(of values: [Value]) -> Value { values[numbers.integer(below: values.count)] }

  private mutating func happens(oneIn count: Int) -> Bool { numbers.integer(below: count) == 0 }

  /// The case of an operation.
  mutating func draw(_ operation: Operation) -> FreshCase {
    var drawn = FreshCase(operation: operation, seed: numbers.next())
    switch operation {
    case .layout, .mask:
      shape(&drawn, c: 1...5, t: 1...4)
      texts(&drawn, atMost: 4)
      drawn.profile = profile()
      if happens(oneIn: 3) { drawn.layout = .generation }
    case .schedule:
      shape(&drawn, c: 1...5, t: 1...4)
      drawn.extents[.length] = length(drawn.chunkLength)
      drawn.extents[.generate] = drawn[.length] == 0 ? 0 : one(of: 0...drawn.chunkLength + 2)
    case .metrics:
      shape(&drawn, c: 1...4, t: 1...3)
      texts(&drawn, atMost: 3)
    case .cost:
      shape(&drawn, c: 1...8, t: 1...8)
      drawn.extents[.length] = length(drawn.chunkLength)
      drawn.extents[.layers] = one(of: 1...40)
      drawn.extents[.keyValueHeads] = one(of: 1...16)
      drawn.extents[.pairs] = one(of: 1...64)
      drawn.profile = profile()
    case .rmsNorm, .feedForward, .crossEntropy, .rope: stage(&drawn)
    case .attention, .decoderLayer:
      shape(&drawn, c: 1...4, t: 1...3)
      texts(&drawn, atMost: 1, shortest: 1)
      heads(&drawn)
      drawn.profile = profile()
    case .forward, .loss, .gradients, .trainStep: training(&drawn)
    case .generate, .reconstruct: cached(&drawn)
    }
    return drawn
  }

  private mutating func shape(_ drawn: inout FreshCase, c: ClosedRange<Int>, t: ClosedRange<Int>) {
    drawn.extents[.c] = one(of: c)
    drawn.extents[.t] = one(of: t)
  }

  /// A length at which something may change, or any.
  private mutating func length(_ chunk: Int, shortest: Int = 0) -> Int {
    let borders = [0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 2 * chunk + 1, 3 * chunk, one(of: 0...3 * chunk + 2)]
    return max(shortest, one(of: borders + [one(of: 0...3 * chunk + 2)]))
  }

  private mutating func texts(_ drawn: inout FreshCase, atMost count: Int, shortest: Int = 0) {
    for stream in 0..<one(of: 1...count) {
      drawn.texts.append(.init(stream: stream, length: length(drawn.chunkLength, shortest: shortest)))
    }
  }

  /// Base, one alternative, or two.
  private mutating func profile() -> Profile {
    let differences = one(of: [0, 0, 1, 1, 2])
    return one(of: Profile.all.filter { $0.differences.count == differences })
  }

  private mutating func heads(_ drawn: inout FreshCase) {
    let isLayer = drawn.operation == .decoderLayer
    drawn.extents[.keyValueHeads] = one(of: isLayer ? [1, 2] : [1, 2, 3])
    drawn.extents[.sharing] = one(of: isLayer ? [1, 2, 4] : [1, 2, 3])
    drawn.extents[.pairs] = one(of: 1...4)
  }

  private mutating func stage(_ drawn: inout FreshCase) {
    drawn.extents[.rows] = one(of: 1...6)
    switch drawn.operation {
    case .rmsNorm: drawn.extents[.width] = one(of: 2...32)
    case .feedForward:
      drawn.extents[.width] = one(of: 1...12)
      drawn.extents[.middle] = one(of: 1...16)
    case .crossEntropy: drawn.extents[.width] = one(of: 2...24)
    default:
      drawn.extents[.keyValueHeads] = one(of: 1...3)
      drawn.extents[.pairs] = one(of: 1...16)
    }
  }

  private mutating func training(_ drawn: inout FreshCase) {
    let model = one(of: CaseModel.all)
    drawn.model = model.name
    shape(&drawn, c: 1...4, t: 1...3)
    texts(&drawn, atMost: 3)
    drawn.profile = profile()
    if drawn.operation == .trainStep { drawn.extents[.steps] = one(of: 1...3) }
    guard drawn.operation == .forward else { return }
    drawn.hasEmbeddings = happens(oneIn: 6)
    if happens(oneIn: 3) { drawn.captures = [one(of: FreshDrawing.captures(layers: model.layers))] }
  }

  private mutating func cached(_ drawn: inout FreshCase) {
    drawn.model = one(of: CaseModel.all).name
    shape(&drawn, c: 1...4, t: 1...3)
    drawn.profile = profile()
    let chunk = drawn.chunkLength
    switch drawn.operation {
    case .reconstruct:
      let fullChunks = one(of: 1...3)
      let tail = one(of: [0, one(of: 0...chunk - 1)])
      drawn.texts = [.init(stream: 0, length: fullChunks * chunk + tail)]
      drawn.extents[.chunk] = one(of: 0...fullChunks - 1)
    default:
      drawn.texts = [.init(stream: 0, length: length(chunk, shortest: 1))]
      drawn.extents[.generate] = one(of: [0, 1, 2, 3, one(of: 1...chunk + 1)])
      drawn.isForced = drawn[.generate] > 0 && happens(oneIn: 3)
    }
  }

  /// The intermediates of MOD-7 that are drawn from.
  static func captures(layers: Int) -> [String] {
    let inner =
      ["norm", "query", "key", "value", "probabilities", "context", "output"].map { "attention." + $0 }
      + ["middle"] + ["norm", "gate", "up", "activation", "output"].map { "feed_forward." + $0 }
    return (0...layers).map { "hidden.\($0)" } + ["final_norm"]
      + (0..<layers).flatMap { layer in inner.map { "layers.\(layer)." + $0 } }
  }
}
