// RUN-17: how fresh cases of chapter 16 are drawn: the operations in turn, then a property, then a fault; everything
// else at random.

import LoMACatalogue
import LoMAPeers
import LoMAVectors
import NaiveLlama

/// Draws the properties of one fresh case of compressed context memory.
struct FreshContextDrawing {
  private var numbers: SeededNumbers

  /// The draws of case `index` of a seed; they depend on nothing else.
  init(seed: UInt64, index: Int) { numbers = SeededNumbers(case: index, of: seed) }

  /// What case `index` of a seed asks.
  static func kind(seed: UInt64, index: Int) -> FreshKind {
    let operations = PeerOperation.all(of: .context).map { Operation.peer($0) }
    return FreshKind.inTurn(
      seed: seed, index: index, answers: operations, properties: FreshContextCase.properties, rejections: operations)
  }

  /// Draws a case of a kind.
  mutating func draw(_ kind: FreshKind) -> FreshContextCase {
    guard case .peer(let operation) = kind.operation else {
      preconditionFailure("no fresh case of part II is drawn of \(kind.operation.rawValue)")
    }
    var drawn = FreshContextCase(operation, seed: numbers.next())
    switch kind {
    case .answer: draw(&drawn)
    case .property(let property, _): draw(&drawn, asking: property)
    case .rejection:
      draw(&drawn)
      spoil(&drawn)
    }
    return drawn
  }

  private mutating func draw(_ drawn: inout FreshContextCase) {
    switch drawn.operation {
    case .ccmLayout, .ccmMask:
      shape(&drawn, texts: numbers.one(of: 1...4))
    case .ccmSchedule:
      shape(&drawn, texts: 1)
      drawn.extents[.generate] = numbers.one(of: [0, 1, 2, 3, numbers.one(of: 0...12)])
    case .ccmCost:
      shape(&drawn, texts: 1)
      drawn.extents[.layers] = numbers.one(of: 1...40)
      drawn.extents[.keyValueHeads] = numbers.one(of: 1...16)
      drawn.extents[.pairs] = numbers.one(of: 1...64)
    case .merge: merge(&drawn)
    case .conditionalLinear: linear(&drawn)
    case .ccmForward:
      model(&drawn, texts: numbers.one(of: 1...3))
      drawn.hasEmbeddings = numbers.happens(oneIn: 6)
      let captured = numbers.one(of: FreshDrawing.captures(layers: drawn.caseModel?.layers ?? 1))
      // The intermediates of long texts are large.
      if numbers.happens(oneIn: 3), drawn.longest < 32 { drawn.captures = [captured] }
    case .ccmLoss, .ccmGradients: model(&drawn, texts: numbers.one(of: 1...3))
    case .ccmOnline:
      model(&drawn, texts: 1)
      drawn.extents[.generate] = numbers.one(of: [0, 1, 2, 3, numbers.one(of: 1...8)])
      drawn.isForced = drawn[.generate] > 0 && numbers.happens(oneIn: 3)
    default: preconditionFailure("\(drawn.operation.rawValue) is none of chapter 16")
    }
  }

  /// Draws what a property is asked of; where many questions are asked, a short text.
  private mutating func draw(_ drawn: inout FreshContextCase, asking property: Property) {
    drawn.property = property
    switch property {
    case .gate:
      linear(&drawn)
      drawn.fillsF32 = false
    case .interference:
      drawn.model = ContextCaseModel.shallow.name
      drawn.profile = numbers.one(of: ContextProfile.all)
      beginning(&drawn)
      drawn.texts = [text(0, contexts: numbers.one(of: 0...3), lengths: 1...3)]
    case .inert:
      model(&drawn, texts: 1)
      if drawn.caseModel?.holdsSums != true { drawn.model = ContextCaseModel.shallow.name }
      drawn.profile = numbers.one(of: ContextProfile.all.filter { $0.memory == .merge })
      drawn.texts = [text(0, contexts: numbers.one(of: 1...4), lengths: 1...4)]
    case .online:
      model(&drawn, texts: 1)
      drawn.extents[.generate] = numbers.one(of: 0...4)
      drawn.isForced = drawn[.generate] > 0
    case .batch: model(&drawn, texts: numbers.one(of: 2...3))
    case .repeat, .poison, .prefix, .cache, .shift: model(&drawn, texts: 1)
    }
  }

  /// Adds one fault or two to a case.
  private mutating func spoil(_ drawn: inout FreshContextCase) {
    (drawn.captures, drawn.hasEmbeddings, drawn.isForced) = ([], false, false)
    drawn.faults = numbers.faults(of: FreshContextFault.possible(drawn.operation))
    // n is that of the model, so it must be that of the model which the refused one replaces.
    if drawn.faults.contains(.model) { drawn.model = ContextCaseModel.shallow.name }
  }

  // MARK: - Texts

  private mutating func shape(_ drawn: inout FreshContextCase, texts count: Int) {
    drawn.extents[.memoryTokens] = numbers.happens(oneIn: 12) ? 8 : numbers.one(of: 1...4)
    drawn.profile = numbers.one(of: ContextProfile.all)
    texts(&drawn, count)
  }

  private mutating func model(_ drawn: inout FreshContextCase, texts count: Int) {
    let model = numbers.one(of: ContextCaseModel.all)
    drawn.model = model.name
    drawn.profile = numbers.one(of: ContextProfile.all.filter { model.holdsSums || $0.memory == .concat })
    texts(&drawn, count)
    // Long texts take no more time on the model with one layer than short ones on the others.
    if drawn.longest >= 32, model.holdsSums { drawn.model = ContextCaseModel.shallow.name }
  }

  /// Draws short segments; rarely many of a token or two, or one that is longer than a kernel's tile.
  private mutating func texts(_ drawn: inout FreshContextCase, _ count: Int) {
    beginning(&drawn)
    let lot = numbers.integer(below: 16)
    for number in 0..<count {
      let contexts = numbers.one(of: [0, 1, 1, 2, 2, 3, numbers.one(of: 2...6)])
      switch lot {
      case 0: drawn.texts.append(text(number, contexts: numbers.one(of: 8...24), lengths: 1...2))
      case 1:
        drawn.texts.append(text(number, contexts: min(contexts, 2), lengths: 1...4))
        let long = numbers.integer(below: drawn.texts[number].segments.count)
        drawn.texts[number].segments[long].length = numbers.one(of: 33...70)
      default: drawn.texts.append(text(number, contexts: contexts, lengths: 1...5))
      }
    }
  }

  /// Draws a text of short segments, of which many have one token, and an output.
  private mutating func text(
    _ number: Int, contexts: Int, lengths: ClosedRange<Int>
  ) -> FreshContextCase.Text {
    let segments = (0...contexts).map { segment in
      FreshContextCase.Segment(
        stream: 100 * number + segment, length: numbers.happens(oneIn: 4) ? 1 : numbers.one(of: lengths))
    }
    let final = segments[contexts].length
    // None, all that may be, or any length.
    return FreshContextCase.Text(
      segments: segments, output: numbers.one(of: [0, final - 1, final - 1, numbers.one(of: 0...final - 1)]))
  }

  private mutating func beginning(_ drawn: inout FreshContextCase) {
    drawn.beginning = numbers.one(of: [.first, .first, .anywhere, .anywhere, .none])
  }

  // MARK: - Stages

  private mutating func merge(_ drawn: inout FreshContextCase) {
    // The stage merges by its rate whatever `memory` is.
    let underConcat = ContextProfile.base.choosing(.mergeRate, ContextProfile.Rate.exponential.rawValue)
    drawn.profile = numbers.one(of: ContextProfile.all + [underConcat].compactMap { $0 })
    drawn.extents[.segments] = numbers.happens(oneIn: 8) ? numbers.one(of: 16...48) : numbers.one(of: 1...8)
    drawn.extents[.memoryTokens] = numbers.one(of: 1...4)
    drawn.extents[.width] = numbers.happens(oneIn: 8) ? numbers.one(of: [64, 256]) : numbers.one(of: 1...12)
    drawn.fillsF32 = numbers.happens(oneIn: 4)
  }

  private mutating func linear(_ drawn: inout FreshContextCase) {
    let isWide = numbers.happens(oneIn: 8)
    drawn.extents[.rows] = isWide ? 2 : numbers.one(of: 1...6)
    drawn.extents[.width] = isWide ? numbers.one(of: [256, 512]) : numbers.one(of: 1...12)
    drawn.extents[.out] = isWide ? 3 : numbers.one(of: 1...12)
    drawn.extents[.rank] = numbers.one(of: [1, 2, 3, numbers.one(of: 1...16)])
    drawn.fillsF32 = numbers.happens(oneIn: 4)
  }
}

extension FreshContextCase {
  /// The length of the longest text.
  var longest: Int { texts.map { $0.segments.reduce(0) { $0 + $1.length } }.max() ?? 0 }
}
