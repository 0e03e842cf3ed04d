// A judged answer of a candidate, as evidence for or against suspects.

import LoMA
import LoMAAnswers
import LoMAJudgement
import LoMAReference
import LoMAVectors

/// A judged answer as evidence.
package struct Witness: Sendable {
  package let request: Request
  /// The element type asked for; i64 if the answer has no numbers.
  package let type: ElementType
  package let level: Level
  /// The largest error over bound against the right answer; infinite if a name or a shape is wrong.
  package let excess: Double
  /// The largest error over bound with the given tensors taken as expected; nil if names or shapes differ.
  let distance: @Sendable ([NamedArray]) -> Double?
  /// Whether the given tensors are within their bounds of the right answer.
  let isRight: @Sendable ([NamedArray]) -> Bool

  /// A witness from an answer, known by its distance to others.
  package init(
    request: Request, type: ElementType, level: Level, excess: Double,
    distance: @escaping @Sendable ([NamedArray]) -> Double?, isRight: @escaping @Sendable ([NamedArray]) -> Bool
  ) {
    self.request = request
    self.type = type
    self.level = level
    self.excess = excess
    self.distance = distance
    self.isRight = isRight
  }

  /// The reference in the type asked for, since some mistakes are made in some types only.
  func answers(_ right: ReferenceAnswers) -> ReferenceAnswers {
    var answers = right
    answers.type = type
    return answers
  }

  /// Whether its text is so long that only some suspects are asked to read it.
  var isLong: Bool { (request.input["tokens"]?.shape.reduce(1, *) ?? 0) > 512 }

  /// Whether it is too wrong for a rounding; only then is it evidence.
  package var isClear: Bool { !(excess < CaseResult.clearRatio) }

  /// Error over bound against a suspect's answer; nil if shapes differ, or if the suspect's answer is about as good as
  /// the right one here, so that it explains nothing.
  func distance(ofSuspect answer: [NamedArray]) -> Double? {
    guard let far = distance(answer), !(far <= CaseResult.clearRatio && isRight(answer)) else { return nil }
    return far
  }
}

extension Diagnosis {
  /// At most `limit` witnesses, round-robin over operations, cheapest first.
  func spread(_ all: [Witness], limit: Int) -> [Witness] {
    var queues: [Operation: [Witness]] = [:]
    for witness in all { queues[witness.request.operation, default: []].append(witness) }
    let order = queues.keys.sorted { ($0.cost, $0.rawValue) < ($1.cost, $1.rawValue) }
    for operation in order {
      let queue = (queues[operation] ?? []).enumerated().map { (size(of: $1.request), $0, $1) }
      queues[operation] = queue.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map { $0.2 }
    }
    var chosen: [Witness] = []
    var turn = 0
    while chosen.count < limit {
      let next = order.compactMap { operation in queues[operation].flatMap { turn < $0.count ? $0[turn] : nil } }
      if next.isEmpty { break }
      chosen += next.prefix(limit - chosen.count)
      turn += 1
    }
    return chosen.enumerated().sorted { a, b in
      (a.element.request.operation.cost, a.offset) < (b.element.request.operation.cost, b.offset)
    }.map { $0.element }
  }

  /// A rough measure of the computation: the number of input values times that of the model's values.
  private func size(of request: Request) -> Int {
    let input = request.input.arrays.reduce(0) { $0 + $1.shape.reduce(1, *) }
    let model = request.model.flatMap { models[$0] }.map { model in
      model.configuration.parameters.reduce(0) { $0 + $1.shape.reduce(1, *) }
    }
    return (1 + input) * (1 + (model ?? 0))
  }
}

extension PeerOperation {
  /// The rank of an operation's running time.
  fileprivate var cost: Int {
    switch self {
    case .ccmLayout, .ccmMask, .ccmSchedule, .ccmCost, .latentCost: 0
    case .merge, .conditionalLinear, .quantise, .latentAttention, .evict, .zigzagBudgets, .think, .zipCache,
      .pyramidStep, .layerDistances, .dmc, .truncateRank, .pursue, .storeNoise:
      1
    case .ccmLoss: 2
    case .ccmForward, .latentForward, .cachedForward: 3
    case .ccmOnline, .latentGenerate: 5
    case .ccmGradients, .latentGradients: 6
    }
  }
}

extension Operation {
  /// The rank of an operation's running time.
  fileprivate var cost: Int {
    switch self {
    case .layout, .mask, .schedule, .metrics, .cost: 0
    case .rmsNorm, .rope, .attention, .feedForward, .decoderLayer, .crossEntropy: 1
    case .loss: 2
    case .forward: 3
    case .reconstruct: 4
    case .generate: 5
    case .gradients: 6
    case .trainStep: 7
    case .peer(let operation): operation.cost
    }
  }
}
