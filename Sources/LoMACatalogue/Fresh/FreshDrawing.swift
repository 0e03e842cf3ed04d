// RUN-17: how fresh cases are drawn: the operations in turn, then a fault; everything else at random.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

/// Draws the properties of one fresh case.
package struct FreshDrawing {
  var numbers: SeededNumbers

  /// The draws of case `index` of a seed; they depend on nothing else.
  init(seed: UInt64, index: Int) { numbers = SeededNumbers(case: index, of: seed) }

  /// What case `index` of a seed asks: one of all operations, or a request with a fault.
  static func kind(seed: UInt64, index: Int) -> FreshKind {
    FreshKind.inTurn(
      seed: seed, index: index, answers: Operation.all(of: .loma), properties: [], rejections: FreshFault.operations)
  }

  /// Adds one fault or two to a case.
  mutating func spoil(_ drawn: inout FreshCase) {
    (drawn.captures, drawn.hasEmbeddings, drawn.isForced) = ([], false, false)
    drawn.faults = numbers.faults(of: FreshFault.possible(drawn.operation))
    // V' is that of the model, so it must be that of the model which the refused one replaces.
    if drawn.faults.contains(.model) { drawn.model = CaseModel.shallow.name }
  }

  /// Draws a case of an operation, of a family or of the plain Llama.
  mutating func draw(_ operation: Operation, of family: CaseFamily?) -> FreshCase {
    var drawn = FreshCase(operation: operation, seed: numbers.next())
    drawn.family = family
    switch operation {
    case .layout, .mask:
      shape(&drawn, c: 1...5, t: 1...4)
      texts(&drawn, atMost: 4)
      drawn.profile = profile()
      if numbers.happens(oneIn: 3) { drawn.layout = .generation }
    case .schedule:
      shape(&drawn, c: 1...5, t: 1...4)
      drawn.extents[.length] = length(drawn.chunkLength)
      drawn.extents[.generate] = drawn[.length] == 0 ? 0 : numbers.one(of: 0...drawn.chunkLength + 2)
    case .metrics:
      shape(&drawn, c: 1...4, t: 1...3)
      texts(&drawn, atMost: 3)
    case .cost:
      shape(&drawn, c: 1...8, t: 1...8)
      drawn.extents[.length] = length(drawn.chunkLength)
      drawn.extents[.layers] = numbers.one(of: 1...40)
      drawn.extents[.keyValueHeads] = numbers.one(of: 1...16)
      drawn.extents[.pairs] = numbers.one(of: 1...64)
      drawn.profile = profile()
    case .rmsNorm, .feedForward, .crossEntropy, .rope: stage(&drawn)
    case .attention, .decoderLayer:
      shape(&drawn, c: 1...4, t: 1...3)
      texts(&drawn, atMost: 1, shortest: 1)
      heads(&drawn)
      drawn.profile = profile()
    case .forward, .loss, .gradients, .trainStep: training(&drawn)
    case .generate, .reconstruct: cached(&drawn)
    case .peer: preconditionFailure("no fresh case is drawn of \(operation.rawValue)")
    }
    return drawn
  }

  /// Draws chunks of a few tokens; of one token, so that there are many; or of 64, more than a kernel's tile.
  private mutating func shape(_ drawn: inout FreshCase, c: ClosedRange<Int>, t: ClosedRange<Int>) {
    let drawnC = numbers.one(of: c)
    let drawnT = numbers.one(of: t)
    let lot = numbers.integer(below: 16)
    let isRowwise = [.layout, .mask, .forward, .generate, .reconstruct, .schedule].contains(drawn.operation)
    let mayBeWide = isRowwise && drawn.family == nil
    let (wideC, wideT) = numbers.one(of: [(16, 4), (32, 2), (64, 1), (8, 8)])
    switch lot {
    case 0: (drawn.extents[.c], drawn.extents[.t]) = (1, 1)
    case 1 where mayBeWide: (drawn.extents[.c], drawn.extents[.t]) = (wideC, wideT)
    default: (drawn.extents[.c], drawn.extents[.t]) = (drawnC, drawnT)
    }
    // Long texts use the model with one layer, which takes no more time than short ones on the others.
    if drawn.chunkLength >= 64, drawn.model != nil { drawn.model = CaseModel.shallow.name }
  }

  /// Draws a length near one at which the layout changes its form, or any length.
  private mutating func length(_ chunk: Int, shortest: Int = 0) -> Int {
    let any = chunk == 1 ? 0...24 : 0...3 * chunk + 2
    let borders = [0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 2 * chunk + 1, 3 * chunk, numbers.one(of: any)]
    return max(shortest, numbers.one(of: borders + [numbers.one(of: any)]))
  }

  private mutating func texts(_ drawn: inout FreshCase, atMost count: Int, shortest: Int = 0) {
    for stream in 0..<numbers.one(of: 1...count) {
      drawn.texts.append(.init(stream: stream, length: length(drawn.chunkLength, shortest: shortest)))
    }
  }

  /// Draws base, one alternative, or two.
  private mutating func profile() -> Profile {
    let differences = numbers.one(of: [0, 0, 1, 1, 2])
    return numbers.one(of: Profile.all.filter { $0.differences.count == differences })
  }

  private mutating func heads(_ drawn: inout FreshCase) {
    let isLayer = drawn.operation == .decoderLayer
    drawn.extents[.keyValueHeads] = numbers.one(of: isLayer ? [1, 2] : [1, 2, 3])
    drawn.extents[.sharing] = numbers.one(of: isLayer ? [1, 2, 4] : [1, 2, 3])
    drawn.extents[.pairs] = numbers.one(of: 1...4)
  }

  private mutating func stage(_ drawn: inout FreshCase) {
    drawn.extents[.rows] = numbers.one(of: 1...6)
    drawn.fillsF32 = numbers.happens(oneIn: 4)
    let isWide = numbers.happens(oneIn: 6)
    if isWide, drawn.operation != .rope { drawn.extents[.rows] = 1 }
    switch drawn.operation {
    case .rmsNorm: drawn.extents[.width] = isWide ? numbers.one(of: [1024, 4096]) : numbers.one(of: 2...32)
    case .feedForward:
      drawn.extents[.width] = isWide ? numbers.one(of: [256, 512]) : numbers.one(of: 1...12)
      drawn.extents[.middle] = isWide ? 1 : numbers.one(of: 1...16)
    case .crossEntropy: drawn.extents[.width] = isWide ? numbers.one(of: [2048, 8192]) : numbers.one(of: 2...24)
    default:
      drawn.extents[.keyValueHeads] = numbers.one(of: 1...3)
      drawn.extents[.pairs] = numbers.one(of: 1...16)
    }
  }

  private mutating func training(_ drawn: inout FreshCase) {
    let model = numbers.one(of: drawn.possibleModels)
    drawn.model = model.name
    shape(&drawn, c: 1...4, t: 1...3)
    texts(&drawn, atMost: 3)
    drawn.profile = profile()
    drawn.hasOwnIDs = numbers.happens(oneIn: 3)
    if drawn.operation == .trainStep { drawn.extents[.steps] = numbers.one(of: 1...3) }
    guard drawn.operation == .forward else { return }
    drawn.hasEmbeddings = numbers.happens(oneIn: 6)
    let captured = numbers.one(of: FreshDrawing.captures(layers: drawn.model == model.name ? model.layers : 1))
    // The intermediates of long texts are large.
    if numbers.happens(oneIn: 3), drawn.chunkLength < 64 { drawn.captures = [captured] }
  }

  private mutating func cached(_ drawn: inout FreshCase) {
    drawn.model = numbers.one(of: drawn.possibleModels).name
    shape(&drawn, c: 1...4, t: 1...3)
    drawn.profile = profile()
    drawn.hasOwnIDs = numbers.happens(oneIn: 3)
    let chunk = drawn.chunkLength
    switch drawn.operation {
    case .reconstruct:
      let fullChunks = numbers.one(of: 1...(chunk == 1 ? 20 : 3))
      let tail = numbers.one(of: [0, numbers.one(of: 0...chunk - 1)])
      drawn.texts = [.init(stream: 0, length: fullChunks * chunk + tail)]
      drawn.extents[.chunk] = numbers.one(of: 0...fullChunks - 1)
    default:
      drawn.texts = [.init(stream: 0, length: length(chunk, shortest: numbers.happens(oneIn: 16) ? 0 : 1))]
      drawn.extents[.generate] = numbers.one(of: [0, 1, 2, 3, numbers.one(of: 1...min(chunk, 12) + 1)])
      if drawn.lengths == [0] { drawn.extents[.generate] = 0 }
      drawn.isForced = drawn[.generate] > 0 && numbers.happens(oneIn: 3)
    }
  }

  /// The intermediates of MOD-7 to draw from.
  package static func captures(layers: Int) -> [String] {
    let inner =
      ["norm", "query", "key", "value", "probabilities", "context", "output"].map { "attention." + $0 }
      + ["middle"] + ["norm", "gate", "up", "activation", "output"].map { "feed_forward." + $0 }
    return (0...layers).map { "hidden.\($0)" } + ["final_norm"]
      + (0..<layers).flatMap { layer in inner.map { "layers.\(layer)." + $0 } }
  }
}
