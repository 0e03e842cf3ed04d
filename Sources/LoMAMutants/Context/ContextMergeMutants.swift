// CCM-17, CCM-19: other means than the running one, and means of something else.

import LoMAAnswers
import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

extension Mutant {
  private static let merging: Set<PeerOperation> = [.merge, .ccmForward, .ccmLoss, .ccmGradients, .ccmOnline]

  /// Other rules of the merge, at some rates. Models show them under `memory=merge`; the stage is asked under any.
  private static func merged(
    _ id: String, _ sentence: String, on operations: Set<PeerOperation>, rates: [ContextProfile.Rate],
    _ change: @escaping @Sendable (inout ContextRules) -> Void
  ) -> Mutant {
    .context(id, .merge, sentence, on: operations, where: { _ in true }) { answers, request in
      guard let profile = try? request.contextProfile() else { return nil }
      var answers = answers
      change(&answers.peers.rules)
      if request.operation == .peer(.merge) {
        guard let rate = request.stageRate, rates.contains(rate.axis), let stage = answers.merging(request, rate) else {
          return nil
        }
        answers.finish = { _ in stage }
      } else {
        guard profile.memory == .merge, rates.contains(profile.mergeRate) else { return nil }
      }
      return (answers, request)
    }
  }

  /// Weights of the segments in M_t, for the gradient of a mean in which all of them count.
  private static func backward(
    _ weight: @escaping @Sendable (_ t: Int, _ i: Int, _ segments: Int) -> Double
  ) -> @Sendable ([Tensor?], MergeRate, [Int]) -> [Tensor] {
    { dMeans, _, shape in
      (1...max(dMeans.count, 1)).prefix(dMeans.count).map { i in
        (i...dMeans.count).reduce(Tensor(zeros: shape)) { sum, t in
          dMeans[t - 1].map { sum + times($0, weight(t, i, dMeans.count)) } ?? sum
        }
      }
    }
  }

  static var contextMerges: [Mutant] { weights + entries }

  private static var weights: [Mutant] {
    func weighted(
      _ id: String, _ sentence: String, on operations: Set<PeerOperation> = merging,
      _ change: @escaping @Sendable (inout ContextRules) -> Void
    ) -> Mutant {
      merged(id, sentence, on: operations, rates: [.mean], change)
    }
    return [
      weighted("C18", "I summed, and took no mean") { rules in
        rules.merged = { memory, _, _ in memory.total }
        rules.mergeBackward = backward { _, _, _ in 1 }
      },
      weighted("C19", "I kept the last segment's memory alone") { rules in
        rules.fold = { memory, h in
          MergedMemory(rate: memory.rate, entries: h.keys.rows, width: h.keys.columns).folding(h)
        }
        rules.mergeBackward = backward { t, i, _ in t == i ? 1 : 0 }
      },
      weighted("C20", "I gave each new segment half of the mean") { rules in
        rules.fold = { memory, h in
          MergedMemory(rate: .exponential(0.5), total: memory.total, segments: memory.segments).folding(h)
        }
        rules.mergeBackward = { dMeans, _, shape in
          MergedMemory.backward(dMeans, rate: .exponential(0.5), shape: shape)
        }
      },
      weighted("C21", "I divided by t + 1") { rules in
        rules.merged = { memory, _, _ in times(memory.total, 1 / Double(memory.segments + 1)) }
        rules.mergeBackward = backward { t, _, _ in 1 / Double(t + 1) }
      },
      // Online nobody knows T before the final segment.
      weighted(
        "C22", "I divided by the number of all segments from the start",
        on: merging.subtracting([.ccmOnline])
      ) { rules in
        rules.merged = { memory, _, segments in
          // Where the divisor is right, the reference's own division, to the bit.
          guard let segments, segments != memory.segments else { return memory.mean }
          return times(memory.total, 1 / Double(segments))
        }
        let wrong = backward { _, _, segments in 1 / Double(segments) }
        rules.mergeBackward = { dMeans, rate, shape in
          dMeans.dropLast().contains { $0 != nil }
            ? wrong(dMeans, rate, shape) : MergedMemory.backward(dMeans, rate: rate, shape: shape)
        }
      },
      weighted("C23", "I updated the mean by 1/(t + 1) for the t-th segment") { rules in
        rules.fold = { memory, h in
          let share = 1 / Double(memory.segments + 2)
          return MergedMemory(rate: .exponential(share), total: memory.total, segments: memory.segments).folding(h)
        }
        rules.mergeBackward = backward { t, i, _ in
          let first = i == 1 ? 1 : 1 / Double(i + 1)
          return (i..<t).reduce(first) { weight, later in weight * (1 - 1 / Double(later + 2)) }
        }
      },
    ]
  }

  private static var entries: [Mutant] {
    let rates = ContextProfile.Rate.allCases
    let forward: Set<PeerOperation> = [.ccmForward, .ccmLoss]
    let online = forward.union([.merge, .ccmOnline])
    return [
      merged(
        "C24", "I let every slot of the memory average all COMP rows", on: merging, rates: rates
      ) { rules in
        rules.merged = { memory, _, _ in
          KeyValues(keys: slotMean(memory.mean.keys), values: slotMean(memory.mean.values))
        }
        rules.mergeBackward = { dMeans, rate, shape in
          MergedMemory.backward(dMeans.map { $0.map(slotMean) }, rate: rate, shape: shape)
        }
      },
      merged(
        "C25", "I merged keys before their rotation, and rotated the mean", on: forward.union([.ccmOnline]),
        rates: rates
      ) { rules in
        rules.enteringKeys = { _, unrotated in unrotated }
        rules.mergedKeys = { RotaryPosition.forward($0, angles: $1) }
      },
      merged(
        "C26", "I merged keys, and took the values of the last segment", on: online, rates: rates
      ) { rules in
        rules.fold = { memory, h in
          let next = memory.folding(h)
          // As much as is divided by on reading.
          let values = memory.rate == .mean ? times(h, Double(next.segments)).values : h.values
          return MergedMemory(
            rate: memory.rate, total: KeyValues(keys: next.total.keys, values: values), segments: next.segments)
        }
      },
      merged("C27", "I merged the keys and took them for the values too", on: online, rates: rates) {
        $0.merged = { memory, _, _ in KeyValues(keys: memory.mean.keys, values: memory.mean.keys) }
      },
      // Online there is no SUM row.
      merged(
        "C28", "I added the mean to the SUM row's own key instead of replacing it", on: forward,
        rates: rates
      ) { rules in
        rules.merged = { memory, own, _ in
          KeyValues(keys: own.map { memory.mean.keys + $0.keys } ?? memory.mean.keys, values: memory.mean.values)
        }
      },
    ]
  }
}

/// Every value times a number.
private func times(_ x: Tensor, _ factor: Double) -> Tensor {
  Tensor(shape: x.shape, values: x.values.map { $0 * factor })
}

private func times(_ entries: KeyValues, _ factor: Double) -> KeyValues {
  KeyValues(keys: times(entries.keys, factor), values: times(entries.values, factor))
}

/// Every row the mean of all rows.
private func slotMean(_ x: Tensor) -> Tensor {
  var y = x
  for column in 0..<x.columns {
    let sum = (0..<x.rows).reduce(0.0) { $0 + x[$1, column] }
    for row in 0..<x.rows { y[row, column] = sum / Double(x.rows) }
  }
  return y
}

extension Request {
  /// CCM-32: the rate that the stage is asked to merge by, whatever `memory` is; nil if there is none.
  fileprivate var stageRate: (axis: ContextProfile.Rate, rate: MergeRate)? {
    guard let axis = ContextProfile.Rate(rawValue: axes[ContextAxis.mergeRate.rawValue] ?? "mean"),
      let rate = try? MergeRate(axis, share: mergeShare())
    else { return nil }
    return (axis, rate)
  }
}

extension ReferenceAnswers {
  /// CCM-32: the stage as these rules compute it, segment after segment; nil if the request is bad.
  fileprivate func merging(
    _ request: Request, _ rate: (axis: ContextProfile.Rate, rate: MergeRate)
  ) -> [ResultTensor]? {
    guard let keys = request.input["keys"], let values = request.input["values"], keys.shape.count == 3,
      keys.shape == values.shape, let k = try? keys.doubles(), let v = try? values.doubles(),
      keys.shape.allSatisfy({ $0 >= 1 })
    else { return nil }
    let (segments, n, width) = (keys.shape[0], keys.shape[1], keys.shape[2])
    var memory = MergedMemory(rate: rate.rate, entries: n, width: width)
    var means = KeyValues(keys: Tensor(zeros: [0, width]), values: Tensor(zeros: [0, width]))
    for t in 0..<segments {
      let own = t * n * width..<(t + 1) * n * width
      let h = KeyValues(
        keys: Tensor(shape: [n, width], values: Array(k[own])),
        values: Tensor(shape: [n, width], values: Array(v[own])))
      memory = peers.rules.fold(memory, h)
      let mean = peers.rules.merged(memory, nil, segments)
      means = means.appending(KeyValues(keys: functions.round(mean.keys), values: functions.round(mean.values)))
    }
    return [
      .tensor("keys", Tensor(shape: keys.shape, values: means.keys.values)),
      .tensor("values", Tensor(shape: keys.shape, values: means.values.values)),
    ]
  }
}
