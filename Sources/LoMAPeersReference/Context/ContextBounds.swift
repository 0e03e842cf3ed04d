// CCM-37: the units of the two stages of compressed context memory, with the values that the model computes.

import LoMAPeers
import NaiveLlama

extension MergedMemory {
  /// M_1 … M_T of exact entries h_1 … h_T, [n, width] each, with their units: keys or values alone.
  ///
  /// With w = 1/t or a: step_t = (1 − w)·step_{t−1} + 3·size_t + w·size_{t−1}, where size is the running mean of |h|.
  /// A = step + t·size and R = step + size.
  package static func bounded(
    _ entries: [Tensor], rate: MergeRate, round: @Sendable (Tensor) -> Tensor
  ) -> [Bounded] {
    // Keys and values are merged alike: the entries stand for both.
    let means = means(of: entries.map { KeyValues(keys: $0, values: $0) }, rate: rate)
    var bounds: [Bounded] = []
    var (size, step): ([Double], [Double]) = ([], [])
    for (index, entry) in entries.enumerated() {
      let t = Double(index + 1)
      let sizes = entry.values.map { $0.magnitude }
      if index == 0 {
        (size, step) = (sizes, sizes.map { _ in 0 })
      } else {
        let w =
          switch rate {
          case .mean: 1 / t
          case .exponential(let a): a
          }
        let before = size
        size = zip(before, sizes).map { (1 - w) * $0 + w * $1 }
        step = step.indices.map { (1 - w) * step[$0] + 3 * size[$0] + w * before[$0] }
      }
      bounds.append(
        Bounded(
          value: round(means[index].keys),
          accumulation: Tensor(shape: entry.shape, values: zip(step, size).map { $0 + t * $1 }),
          rounding: Tensor(shape: entry.shape, values: zip(step, size).map { $0 + $1 })))
    }
    return bounds
  }
}

extension ConditionalLinear {
  /// y of exact x with its units: on closed rows those of W·x, on open ones those of the sum of W·x and the update.
  package static func bounded(
    _ x: Tensor, weight: Tensor, update: LowRankUpdate, gates: [Bool], functions: LayerFunctions
  ) -> Bounded {
    let layers = BoundedLayers(functions)
    let (exact, scale) = (Bounded(exact: x), update.scale.magnitude)
    let base = layers.linear(exact, weight)
    let high = layers.linear(layers.linear(exact, update.a), update.b)
    let added = functions.round(high.value.scaled(by: update.scale))
    func units(_ carried: Tensor) -> Tensor {
      Tensor(
        shape: added.shape, values: zip(carried.values, added.values).map { scale * $0 + 2 * $1.magnitude })
    }
    let sum = layers.add(
      base, Bounded(value: added, accumulation: units(high.accumulation), rounding: units(high.rounding)))
    let open = gates.indices.filter { gates[$0] }
    var (accumulation, rounding) = (base.accumulation, base.rounding)
    accumulation.replace(rows: open, by: sum.accumulation.selecting(rows: open))
    rounding.replace(rows: open, by: sum.rounding.selecting(rows: open))
    return Bounded(
      value: forward(x, weight: weight, update: update, gates: gates, functions: functions),
      accumulation: accumulation, rounding: rounding)
  }
}
