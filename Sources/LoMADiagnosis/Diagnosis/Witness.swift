// A judged answer of a candidate, as evidence for or against a suspect.

import LoMA
import LoMAReference
import LoMASuite
import LoMAVectors

/// A judged answer.
package struct Witness: Sendable {
  /// Below this, error over bound may be a rounding's.
  static let clear = 2.0

  /// What was asked.
  package let request: Request
  /// The type of numbers that was asked for; i64 where there are none.
  package let type: ElementType
  /// The level of its case.
  package let level: Level
  /// Error over bound at its worst, compared with the right answer; infinite where its form is wrong.
  package let excess: Double
  /// Error over bound of the answer, compared with other tensors than the recorded; none where their forms differ.
  let distance: @Sendable ([NamedArray]) -> Double?
  /// Whether other tensors are within their bounds of the right answer.
  let isRight: @Sendable ([NamedArray]) -> Bool

  /// An answer to a request, known by how far it is from others, and what else is right.
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

  /// What a suspect has to answer with: some mistakes are made in some types only.
  func answers(_ right: ReferenceAnswers) -> ReferenceAnswers {
    var answers = right
    answers.type = type
    return answers
  }

  /// Whether so long a text is read for it that not everyone is asked.
  var isLong: Bool { (request.input["tokens"]?.shape.reduce(1, *) ?? 0) > 512 }

  /// Whether it is so wrong that no rounding does it: only then is it evidence against anybody.
  package var isClear: Bool { !(excess < Self.clear) }

  /// Error over bound between it and a suspect's answer; none where the forms differ, or the suspect is as good as right
  /// here, and can be behind nothing.
  func distance(ofSuspect answer: [NamedArray]) -> Double? {
    guard let far = distance(answer), !(far <= Self.clear && isRight(answer)) else { return nil }
    return far
  }
}

extension Diagnosis {
  /// So many of some witnesses, of every operation in turn, the cheaper to compute first.
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

  /// About how much there is to compute: values of the input times values of the model.
  private func size(of request: Request) -> Int {
    let input = request.input.arrays.reduce(0) { $0 + $1.shape.reduce(1, *) }
    let model = request.model.flatMap { models[$0] }.map { model in
      model.configuration.parameters.reduce(0) { $0 + $1.shape.reduce(1, *) }
    }
    return (1 + input) * (1 + (model ?? 0))
  }
}

extension Operation {
  /// Which of two operations takes longer, by rank.
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
    }
  }
}
