// CCM-32: the merge and the conditional linear layer on given numbers; every number with its units (CCM-37).

import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

extension ReferenceAnswers {
  /// `keys` and `values`, [T, n, width] each: place t − 1 holds M_t.
  func merge(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let profile = try request.contextProfile()
    let rate = try request.peer { () throws(PeerError) in
      try MergeRate(profile.namedMergeRate(in: request), share: request.mergeShare())
    }
    let keys = try request.tensor("keys")
    let values = try request.tensor("values", shape: keys.shape)
    guard keys.shape.count == 3, keys.shape.allSatisfy({ $0 >= 1 }) else { throw .shape(tensor: "keys") }
    return [("keys", keys), ("values", values)].flatMap { name, tensor in
      let (segments, n, width) = (tensor.shape[0], tensor.shape[1], tensor.shape[2])
      let size = n * width
      let entries = (0..<segments).map { t in
        Tensor(shape: [n, width], values: Array(tensor.values[t * size..<(t + 1) * size]))
      }
      let means = MergedMemory.bounded(entries, rate: rate, round: functions.round)
      func stacked(_ parts: [Tensor]) -> Tensor {
        Tensor(shape: tensor.shape, values: parts.flatMap { $0.values })
      }
      return ResultTensor.bounded(
        name,
        Bounded(
          value: stacked(means.map { $0.value }), accumulation: stacked(means.map { $0.accumulation }),
          rounding: stacked(means.map { $0.rounding })))
    }
  }

  /// `y` [S, out].
  func conditionalLinear(_ request: Request) throws(RequestError) -> [ResultTensor] {
    _ = try request.contextProfile()
    let (x, weight, a) = (try request.matrix("x"), try request.matrix("weight"), try request.matrix("lora_a"))
    guard weight.columns == x.columns else { throw .shape(tensor: "weight") }
    guard a.columns == x.columns, a.rows >= 1 else { throw .shape(tensor: "lora_a") }
    let b = try request.tensor("lora_b", shape: [weight.rows, a.rows])
    let alpha = try request.real("lora_alpha")
    guard alpha.isFinite else { throw .parameter("lora_alpha") }
    let (gates, shape): ([Bool], [Int])
    do {
      let array = try request.input.array("gate")
      (gates, shape) = (try array.booleans(), array.shape)
    } catch { throw .tensor(error) }
    guard shape == [x.rows] else { throw .shape(tensor: "gate") }
    let update = LowRankUpdate(a: a, b: b, scale: alpha / Double(a.rows))
    return ResultTensor.bounded(
      "y", ConditionalLinear.bounded(x, weight: weight, update: update, gates: gates, functions: functions))
  }
}

extension ContextProfile {
  /// The merge rate that a request names; unlike the canonical profile's it counts whatever `memory` is (CCM-32).
  fileprivate func namedMergeRate(in request: Request) -> Rate {
    request.axes[ContextAxis.mergeRate.rawValue].flatMap { Rate(rawValue: $0) } ?? mergeRate
  }
}
