// RUN-17, BAS-25: how fresh cases of chapter 19 are drawn: the operations in turn, then a property, then a fault; everything
// else at random.

import LoMACatalogue
import LoMAPeers
import LoMAVectors
import NaiveLlama

/// Draws the properties of one fresh case of a baseline.
struct FreshBaselineDrawing {
  private var numbers: SeededNumbers

  /// The draws of case `index` of a seed; they depend on nothing else.
  init(seed: UInt64, index: Int) { numbers = SeededNumbers(case: index, of: seed) }

  /// What case `index` of a seed asks.
  static func kind(seed: UInt64, index: Int) -> FreshKind {
    let operations = PeerOperation.all(of: .cache).map { Operation.peer($0) }
    return FreshKind.inTurn(
      seed: seed, index: index, answers: operations, properties: FreshBaselineCase.properties, rejections: operations)
  }

  /// Draws a case of a kind.
  mutating func draw(_ kind: FreshKind) -> FreshBaselineCase {
    guard case .peer(let operation) = kind.operation else {
      preconditionFailure("no fresh case of chapter 19 is drawn of \(kind.operation.rawValue)")
    }
    var drawn = FreshBaselineCase(operation, operation.baseline ?? .none, seed: numbers.next())
    if operation == .cachedForward { model(&drawn, asking: kind) } else { stage(&drawn) }
    if kind.isFaulty {
      (drawn.isForced, drawn.probes, drawn.isNeutral) = (false, false, false)
      drawn.faults = numbers.faults(of: FreshBaselineFault.possible(operation, drawn.baseline))
    }
    return drawn
  }

  private mutating func model(_ drawn: inout FreshBaselineCase, asking kind: FreshKind) {
    drawn.baseline = numbers.one(of: Baseline.allCases)
    if case .property(let property, _) = kind {
      drawn.property = property
      drawn.isNeutral = property == .cache
      if property == .repeat { drawn.baseline = .noise }
      // DMC on weights that were not trained for it has no neutral parameter.
      if property == .cache, drawn.baseline == .dmc { drawn.baseline = .none }
    } else {
      drawn.isNeutral = drawn.baseline != .dmc && numbers.happens(oneIn: 8)
    }
    drawn.model =
      (drawn.baseline == .dmc ? BaselineCaseModel.pooling : numbers.one(of: BaselineCaseModel.all)).name
    drawn.extents[.rows] = numbers.happens(oneIn: 16) ? numbers.one(of: 17...40) : numbers.one(of: 1...9)
    drawn.extents[.generate] = numbers.one(of: 0...4)
    counts(&drawn)
  }

  private mutating func stage(_ drawn: inout FreshBaselineCase) {
    drawn.extents[.rows] = numbers.happens(oneIn: 8) ? numbers.one(of: 9...14) : numbers.one(of: 1...8)
    drawn.extents[.keyValueHeads] = numbers.one(of: 1...3)
    drawn.extents[.sharing] = numbers.one(of: 1...3)
    drawn.extents[.pairs] = numbers.one(of: 1...2)
    drawn.extents[.layers] = numbers.one(of: 1...4)
    drawn.extents[.texts] = numbers.one(of: 1...3)
    drawn.isForced = numbers.happens(oneIn: 6)
    drawn.isNeutral = numbers.happens(oneIn: 8)
    counts(&drawn)
    // Of each operation only what it takes is kept, so that a line says no more than there is.
    let taken = drawn.operation.sizes
    drawn.extents = drawn.extents.filter { taken.contains($0.key) }
    if !drawn.operation.takesChoice { drawn.isForced = false }
  }

  /// Counts that a method may have; what is too large for the rows is cut where the request is made.
  private mutating func counts(_ drawn: inout FreshBaselineCase) {
    drawn.extents[.window] = numbers.one(of: 1...4)
    drawn.extents[.kept] = numbers.one(of: 0...6)
    drawn.extents[.recent] = numbers.one(of: 0...3)
    drawn.extents[.bits] = numbers.one(of: 1...5)
    drawn.extents[.steps] = numbers.one(of: 1...3)
    drawn.extents[.atoms] = numbers.one(of: 1...7)
    drawn.probes = drawn.baseline == .zipCache && numbers.happens(oneIn: 4)
  }
}

extension PeerOperation {
  /// The value of the axis that a stage of chapter 19 belongs to; nil for any other operation.
  var baseline: Baseline? {
    switch self {
    case .evict: .eviction
    case .zigzagBudgets: .zigzag
    case .think: .think
    case .zipCache: .zipCache
    case .pyramidStep: .pyramidInfer
    case .layerDistances: .kvSharer
    case .dmc: .dmc
    case .truncateRank: .lorc
    case .pursue: .csr
    case .storeNoise: .noise
    default: nil
    }
  }

  /// The sizes that a stage of chapter 19 is drawn with.
  fileprivate var sizes: Set<SizeParameter> {
    switch self {
    case .evict: [.rows, .keyValueHeads, .sharing, .window, .kept]
    case .zigzagBudgets: [.rows, .keyValueHeads, .sharing, .layers, .window, .kept]
    case .think: [.rows, .keyValueHeads, .sharing, .pairs, .window, .kept, .recent]
    case .zipCache: [.rows, .keyValueHeads, .sharing, .pairs, .kept, .bits]
    case .pyramidStep: [.rows, .sharing, .kept, .recent]
    case .layerDistances: [.rows, .keyValueHeads, .pairs, .layers, .texts]
    case .dmc: [.rows, .keyValueHeads, .sharing, .pairs]
    case .truncateRank: [.rows, .layers, .kept]
    case .pursue: [.rows, .pairs, .steps, .atoms]
    case .storeNoise: [.rows, .keyValueHeads, .pairs]
    default: []
    }
  }

  /// Whether a choice may be given.
  fileprivate var takesChoice: Bool {
    [.evict, .think, .zipCache, .pyramidStep, .pursue].contains(self)
  }
}
