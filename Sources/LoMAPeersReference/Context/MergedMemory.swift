// CCM-17, CCM-19: the running mean of the segments' entries in one layer; forward, then backward.

import LoMAPeers
import NaiveLlama

/// What n merged entries of one layer are read from: Σ and t, or M_t itself under an exponential rate.
///
/// Σ and t are kept and divided on reading, so that online and parallel have one number to the last bit (CCM-19).
package struct MergedMemory: Hashable, Sendable {
  /// How a segment enters.
  package let rate: MergeRate
  /// Σ_{i ≤ t} h_i from +0.0 by rising segment, or M_t: keys and values, [n, H_kv·d] each. Slot j only ever meets slot
  /// j.
  package private(set) var total: KeyValues
  /// t, the segments folded in.
  package private(set) var segments = 0

  /// A memory of nothing, n entries of a width.
  package init(rate: MergeRate, entries n: Int, width: Int) {
    self.rate = rate
    self.total = KeyValues(keys: Tensor(zeros: [n, width]), values: Tensor(zeros: [n, width]))
  }

  /// A memory in which so many segments were folded into a total, by whatever rule.
  package init(rate: MergeRate, total: KeyValues, segments: Int) {
    self.rate = rate
    self.total = total
    self.segments = segments
  }

  /// This memory with the entries of one segment more: total, t → Σ + h, t + 1; or (1 − a)·M + a·h with M_1 = h_1.
  package func folding(_ h: KeyValues) -> MergedMemory {
    var next = self
    switch rate {
    case .mean: next.total = KeyValues(keys: total.keys + h.keys, values: total.values + h.values)
    case .exponential(let a):
      if segments == 0 {
        next.total = h
      } else {
        next.total = KeyValues(
          keys: total.keys.scaled(by: 1 - a) + h.keys.scaled(by: a),
          values: total.values.scaled(by: 1 - a) + h.values.scaled(by: a))
      }
    }
    next.segments += 1
    return next
  }

  /// K̄ and V̄: Σ / t, or M_t (CCM-17). There is none before the first segment.
  package var mean: KeyValues {
    precondition(segments >= 1, "a mean of at least one segment")
    return switch rate {
    case .mean:
      KeyValues(keys: total.keys.divided(by: Double(segments)), values: total.values.divided(by: Double(segments)))
    case .exponential: total
    }
  }

  /// M_1 … M_T of h_1 … h_T, [n, H_kv·d] each: what is read after every segment.
  package static func means(of entries: [KeyValues], rate: MergeRate) -> [KeyValues] {
    guard let first = entries.first else { return [] }
    var memory = MergedMemory(rate: rate, entries: first.keys.rows, width: first.keys.columns)
    return entries.map { h in
      memory = memory.folding(h)
      return memory.mean
    }
  }
}

extension MergedMemory {
  /// The gradients of h_1 … h_T, given those of the means that were read after each segment, nil where none was.
  ///
  /// From `mean_t = Σ_{i ≤ t} h_i / t`: dh_i = Σ_{t ≥ i} dmean_t / t.
  /// From `M_t = (1 − a)·M_{t−1} + a·h_t`: dM_{t−1} = dmean_{t−1} + (1 − a)·dM_t, dh_t = a·dM_t, and dh_1 = dM_1.
  package static func backward(_ dMeans: [Tensor?], rate: MergeRate, shape: [Int]) -> [Tensor] {
    var gradients = [Tensor](repeating: Tensor(zeros: shape), count: dMeans.count)
    var later = Tensor(zeros: shape)
    for (index, dMean) in dMeans.enumerated().reversed() {
      let t = index + 1
      switch rate {
      case .mean:
        if let dMean { later += dMean.divided(by: Double(t)) }
        gradients[index] = later
      case .exponential(let a):
        if let dMean { later += dMean }
        gradients[index] = t == 1 ? later : later.scaled(by: a)
        later = later.scaled(by: 1 - a)
      }
    }
    return gradients
  }
}

/// A run of COMP or SUM rows of one segment: what the merge reads, or replaces.
struct ContextBlock: Hashable, Sendable {
  let role: ContextRole
  let segment: Int
  let rows: [Int]

  /// The COMP and SUM blocks of some rows, in row order.
  static func all(in rows: [ContextRow]) -> [ContextBlock] {
    var blocks: [ContextBlock] = []
    for (r, row) in rows.enumerated() {
      switch row.place {
      case .comp(let segment, _), .sum(let segment, _):
        let role = row.place.role
        if let last = blocks.last, last.role == role, last.segment == segment, last.rows.last == r - 1 {
          blocks[blocks.count - 1] = ContextBlock(role: role, segment: segment, rows: last.rows + [r])
        } else {
          blocks.append(ContextBlock(role: role, segment: segment, rows: [r]))
        }
      case .text, .pad: break
      }
    }
    return blocks
  }
}
