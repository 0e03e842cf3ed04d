// Chapter 17 a second time, number by number and from the clauses alone: one layer's attention over one text.

import LoMAPeers
import NaiveLlama

/// Attention of every layer over rows y, by names of weights; nothing of the reference but its tensors and square root.
struct SecondLatent {
  let weights: ParameterSet
  let widths: LatentWidths
  let profile: LatentProfile
  let stride: Int
  let theta: Double

  private func weight(_ layer: Int, _ name: String) -> Tensor {
    weights.tensors["model.layers.\(layer).self_attn.\(name).weight"] ?? Tensor(zeros: [0, 0])
  }

  private func times(_ w: Tensor, _ x: [Double]) -> [Double] {
    (0..<w.rows).map { o in x.indices.reduce(0) { $0 + w[o, $1] * x[$1] } }
  }

  private func normalised(_ x: [Double], _ gain: Tensor) -> [Double] {
    let mean = x.reduce(0) { $0 + $1 * $1 } / Double(x.count)
    return x.indices.map { gain.values[$0] * x[$0] / (mean + 1e-6).squareRoot() }
  }

  private func rotated(_ x: [Double], _ position: Int) -> [Double] {
    let half = x.count / 2
    var y = x
    for i in 0..<half {
      let angle = Double(position) / Elementary.power(theta, Double(2 * i) / Double(x.count))
      let (cosine, sine) = (Elementary.cosine(angle), Elementary.sine(angle))
      y[i] = x[i] * cosine - x[i + half] * sine
      y[i + half] = x[i + half] * cosine + x[i] * sine
    }
    return y
  }

  private func quantised(_ x: [Double], _ bits: Int?, _ group: Int) -> [Double] {
    guard let bits else { return x }
    let steps = Double((1 << (profile.quantiser == .symmetric ? bits - 1 : bits)) - 1)
    func kept(_ scale: Double) -> Double {
      profile.scaleRounding == .bf16 ? SeededNumbers.roundedToEightBits(scale) : scale
    }
    return stride(from: 0, to: x.count, by: group).flatMap { start -> [Double] in
      let numbers = x[start..<start + group]
      let (low, high) = (numbers.min() ?? 0, numbers.max() ?? 0)
      let isSymmetric = profile.quantiser == .symmetric
      let zero = isSymmetric ? 0 : kept(low)
      let step = kept((isSymmetric ? Swift.max(-low, high) : high - low) / steps)
      return numbers.map { number in
        guard step > 0 else { return zero }
        let code = ((number - zero) / step).rounded(.toNearestOrEven)
        return zero + Swift.max(isSymmetric ? -steps : 0, Swift.min(steps, code)) * step
      }
    }
  }

  private func stride(from start: Int, to end: Int, by step: Int) -> StrideTo<Int> {
    Swift.stride(from: start, to: end, by: step)
  }

  /// What a layer adds to the residual: its rows y, those of its producer, and their positions → [rows][D].
  func output(layer: Int, y: [[Double]], ofProducer: [[Double]], positions: [Int]) -> [[Double]] {
    let producer = layer - layer % stride
    let entries = zip(ofProducer, positions).map { y, position -> (c: [Double], key: [Double]) in
      let both = times(weight(producer, "kv_a_proj_with_mqa"), y)
      var c = Array(both[..<widths.latent])
      if profile.latentNorm == .on { c = normalised(c, weight(producer, "kv_a_layernorm")) }
      return (
        quantised(c, widths.bits, widths.group),
        quantised(rotated(Array(both[widths.latent...]), position), widths.rotatedBits, max(widths.rotated, 1))
      )
    }
    let up = weight(profile.upProjection == .own ? layer : producer, "kv_b_proj")
    let made = entries.map { times(up, $0.c) }
    let (dn, dv, dk) = (widths.plain, widths.value, widths.plain + widths.rotated)
    return y.indices.map { r in
      let query: [Double]
      if widths.queryLatent != nil {
        query = times(
          weight(layer, "q_b_proj"),
          normalised(times(weight(layer, "q_a_proj"), y[r]), weight(layer, "q_a_layernorm")))
      } else {
        query = times(weight(layer, "q_proj"), y[r])
      }
      var joined: [Double] = []
      for h in 0..<widths.heads {
        let plain = query[h * dk..<h * dk + dn]
        let turned = rotated(Array(query[h * dk + dn..<(h + 1) * dk]), positions[r])
        let exponentials = (0...r).map { j -> Double in
          var score = 0.0
          for (i, number) in plain.enumerated() { score += number * made[j][h * (dn + dv) + i] }
          for (i, number) in turned.enumerated() { score += number * entries[j].key[i] }
          return Elementary.exponential(score / Double(dk).squareRoot())
        }
        let sum = exponentials.reduce(0, +)
        for i in 0..<dv {
          joined.append((0...r).reduce(0) { $0 + exponentials[$1] / sum * made[$1][h * (dn + dv) + dn + i] })
        }
      }
      return times(weight(layer, "o_proj"), joined)
    }
  }
}
