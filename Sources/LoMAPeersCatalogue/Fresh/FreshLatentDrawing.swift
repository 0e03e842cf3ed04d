// RUN-17, LAT-19: how fresh cases of chapters 17 and 18 are drawn: the operations in turn, then a property, then a fault;
// everything else at random.

import LoMACatalogue
import LoMAPeers
import LoMAVectors
import NaiveLlama

/// Draws the properties of one fresh case of latent attention.
struct FreshLatentDrawing {
  private var numbers: SeededNumbers

  /// The draws of case `index` of a seed; they depend on nothing else.
  init(seed: UInt64, index: Int) { numbers = SeededNumbers(case: index, of: seed) }

  /// What case `index` of a seed asks.
  static func kind(seed: UInt64, index: Int) -> FreshKind {
    let operations = PeerOperation.all(of: .latent).map { Operation.peer($0) }
    return FreshKind.inTurn(
      seed: seed, index: index, answers: operations, properties: FreshLatentCase.properties, rejections: operations)
  }

  /// Draws a case of a kind.
  mutating func draw(_ kind: FreshKind) -> FreshLatentCase {
    guard case .peer(let operation) = kind.operation else {
      preconditionFailure("no fresh case of chapter 17 is drawn of \(kind.operation.rawValue)")
    }
    var drawn = FreshLatentCase(operation, seed: numbers.next())
    switch kind {
    case .answer: draw(&drawn)
    case .property(let property, _): draw(&drawn, asking: property)
    case .rejection:
      draw(&drawn)
      (drawn.captures, drawn.hasEmbeddings, drawn.isForced) = ([], false, false)
      drawn.faults = numbers.faults(of: FreshLatentFault.possible(operation))
      // The refused model has the profile of the one it is made of.
      if drawn.faults.contains(.model) { drawn.model = LatentCaseModel.shallow.name }
    }
    return drawn
  }

  private mutating func draw(_ drawn: inout FreshLatentCase) {
    switch drawn.operation {
    case .latentCost: cost(&drawn)
    case .quantise: quantise(&drawn)
    case .latentAttention: attention(&drawn)
    case .latentGenerate:
      model(&drawn, texts: 1)
      drawn.extents[.generate] = numbers.one(of: [0, 1, 2, 3, numbers.one(of: 1...8)])
      drawn.isForced = drawn[.generate] > 0 && numbers.happens(oneIn: 3)
    case .latentForward:
      model(&drawn, texts: numbers.one(of: 1...3))
      drawn.hasEmbeddings = numbers.happens(oneIn: 6)
      // The intermediates of long texts are large.
      if numbers.happens(oneIn: 3), drawn.longest < 32, let model = drawn.caseModel {
        drawn.captures = [numbers.one(of: Self.captures(model))]
      }
    default: model(&drawn, texts: numbers.one(of: 1...3))
    }
  }

  private mutating func draw(_ drawn: inout FreshLatentCase, asking property: Property) {
    drawn.property = property
    switch property {
    case .cache:
      model(&drawn, texts: 1)
      drawn.extents[.generate] = numbers.one(of: 0...4)
      drawn.isForced = drawn[.generate] > 0
    case .interference:
      drawn.model = numbers.one(of: [LatentCaseModel.shallow, .shallowHeads]).name
      drawn.texts = [.init(stream: 0, length: numbers.one(of: 1...6))]
    case .batch: model(&drawn, texts: numbers.one(of: 2...3))
    default: model(&drawn, texts: 1)
    }
  }

  // MARK: - Models

  /// Draws short texts; rarely one that is longer than a kernel's tile, on the model with one layer.
  private mutating func model(_ drawn: inout FreshLatentCase, texts count: Int) {
    drawn.model = numbers.one(of: LatentCaseModel.all).name
    for stream in 0..<count {
      let isLong = numbers.happens(oneIn: 24)
      if isLong { drawn.model = LatentCaseModel.shallow.name }
      drawn.texts.append(
        .init(
          stream: stream, length: isLong ? numbers.one(of: 33...70) : numbers.one(of: [1, 2, numbers.one(of: 1...8)])))
    }
  }

  /// The intermediates of LAT-14 to draw from.
  private static func captures(_ model: LatentCaseModel) -> [String] {
    let heads =
      if case .heads = model.stores { true } else { false }
    let written = heads ? ["key", "value"] : ["latent", "rotated_key", "stored_latent", "stored_rotated_key"]
    let read =
      ["norm", "query", "probabilities", "context", "output"].map { "attention." + $0 } + ["middle"]
      + ["norm", "gate", "up", "activation", "output"].map { "feed_forward." + $0 }
    return (0...model.layers).map { "hidden.\($0)" } + ["final_norm"]
      + (0..<model.layers).flatMap { layer in
        (read + (layer % model.stride == 0 ? written.map { "attention." + $0 } : [])).map { "layers.\(layer)." + $0 }
      }
  }

  // MARK: - Structure and stages

  private mutating func cost(_ drawn: inout FreshLatentCase) {
    drawn.profile = numbers.one(of: LatentProfile.all)
    drawn.extents[.layers] = numbers.one(of: 1...40)
    drawn.extents[.stride] = numbers.one(of: 1...6)
    switch drawn.profile.entries {
    case .heads:
      drawn.extents[.keyValueHeads] = numbers.one(of: 1...16)
      drawn.extents[.pairs] = numbers.one(of: 1...64)
    case .latent:
      drawn.extents[.group] = numbers.one(of: 1...64)
      drawn.extents[.groups] = numbers.one(of: 1...8)
      drawn.extents[.rotatedPairs] = numbers.one(of: 0...32)
      if !numbers.happens(oneIn: 3) { drawn.extents[.bits] = numbers.one(of: 2...24) }
      if !numbers.happens(oneIn: 3) { drawn.extents[.rotatedBits] = numbers.one(of: 2...24) }
    }
  }

  private mutating func quantise(_ drawn: inout FreshLatentCase) {
    drawn.profile = numbers.one(of: LatentProfile.all.filter { $0.entries == .latent && $0.upProjection == .own })
    drawn.profile.latentNorm = .on
    drawn.extents[.rows] = numbers.one(of: 1...5)
    drawn.extents[.group] = numbers.happens(oneIn: 8) ? 64 : numbers.one(of: 1...8)
    drawn.extents[.groups] = numbers.one(of: 1...4)
    let least = drawn.profile.quantiser == .symmetric ? 2 : 1
    drawn.extents[.bits] = numbers.one(of: [
      numbers.one(of: least...4), numbers.one(of: least...4), numbers.one(of: 2...24),
    ])
    drawn.numbers = numbers.one(of: [.drawn, .drawn, .constant, .halves])
    // A half of a whole number of few bits is exact in every type.
    if drawn.numbers == .halves { drawn.extents[.bits] = numbers.one(of: 2...4) }
    drawn.fillsF32 = drawn.numbers == .drawn && numbers.happens(oneIn: 4)
  }

  private mutating func attention(_ drawn: inout FreshLatentCase) {
    drawn.extents[.keyValueHeads] = numbers.one(of: 1...4)
    drawn.extents[.rotatedPairs] = numbers.one(of: 0...3)
    drawn.extents[.plain] = numbers.one(of: (drawn[.rotatedPairs] == 0 ? 1 : 0)...5)
    drawn.extents[.value] = numbers.one(of: 1...6)
    drawn.extents[.latent] = numbers.happens(oneIn: 8) ? 64 : numbers.one(of: 1...8)
    drawn.extents[.entries] = numbers.happens(oneIn: 12) ? numbers.one(of: 33...70) : numbers.one(of: 1...8)
    drawn.extents[.rows] = numbers.one(of: 1...min(drawn[.entries], 6))
    drawn.hidesEntries = numbers.happens(oneIn: 3)
    drawn.fillsF32 = numbers.happens(oneIn: 4)
  }
}

extension FreshLatentCase {
  /// The length of the longest text.
  var longest: Int { texts.map { $0.length }.max() ?? 0 }
}
