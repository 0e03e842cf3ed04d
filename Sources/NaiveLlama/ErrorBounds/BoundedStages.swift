// TOL-6, TOL-7, TOL-9, TOL-10: units of RMSNorm, the rotation, the gated activation and the cross-entropy.

extension BoundedLayers {
  /// RMSNorm (TOL-6): an error of x reaches y_i directly, and through the root that all elements share.
  package func rmsNorm(_ x: Bounded, gain: [Double], epsilon: Double) -> Bounded {
    let y = functions.round(functions.rmsNorm(x.value, gain, epsilon))
    let width = x.value.columns
    let own = (accumulation: Double(width) / 2 + Units.elementary + 4, rounding: 5.0)
    var (a, r): ([Double], [Double]) = ([], [])
    for row in 0..<x.value.rows {
      let values = x.value.row(row)
      let square = values.reduce(0) { $0 + $1 * $1 } / Double(width) + epsilon
      let root = square.squareRoot()
      func carried(_ units: ArraySlice<Double>) -> [Double] {
        let shared = zip(values, units).reduce(0) { $0 + $1.0.magnitude * $1.1 } / (Double(width) * square)
        return zip(gain, zip(values, units)).map { $0.magnitude / root * ($1.1 + $1.0.magnitude * shared) }
      }
      let sizes = y.row(row).map { $0.magnitude }
      a += zip(carried(x.accumulation.row(row)), sizes).map { $0 + own.accumulation * $1 }
      r += zip(carried(x.rounding.row(row)), sizes).map { $0 + own.rounding * $1 }
    }
    return Bounded(value: y, accumulation: a, rounding: r)
  }

  /// A plain rotation of heads of dimension d (TOL-7).
  package func rotate(_ x: Bounded, positions: [Int], headDimension d: Int, theta: Double) -> Bounded {
    rotate(x, positions: positions, rotation: Rotation(headDimension: d, theta: theta))
  }

  /// The rotation (TOL-7): turning by δ too much moves a pair by at most |δ| times its length, whatever δ. Yarn's factor a
  /// stands in cosines and sines, and stretches the pair (TOL-18).
  package func rotate(_ x: Bounded, positions: [Int], rotation: Rotation) -> Bounded {
    let (d, factor) = (rotation.headDimension, rotation.attentionFactor)
    let angles = functions.angles(positions, rotation)
    let y = functions.round(functions.rotate(x.value, angles))
    let half = d / 2
    var (a, r) = (Tensor(zeros: y.shape), Tensor(zeros: y.shape))
    let units = Self.angleUnits(rotation)
    // a itself, a logarithm, and its product with the cosine; in a narrow type the product is stored.
    let own = factor == 1 ? (a: 0.0, r: 0.0) : (a: Units.elementary + 4, r: 1.0)
    for row in 0..<y.rows {
      for i in 0..<half {
        let (cosine, sine) = (angles.cosines[row, i].magnitude, angles.sines[row, i].magnitude)
        let turn = Double(positions[row]).magnitude * units[i]
        for first in stride(from: i, to: y.columns, by: d) {
          for (one, other) in [(first, first + half), (first + half, first)] {
            let (p, q) = (x.value[row, one].magnitude, x.value[row, other].magnitude)
            let products = p * cosine + q * sine
            a[row, one] =
              x.accumulation[row, one] * cosine + x.accumulation[row, other] * sine
              + factor * turn * (p * p + q * q).squareRoot() + (Units.elementary + 2 + own.a) * products
            r[row, one] =
              x.rounding[row, one] * cosine + x.rounding[row, other] * sine + (2 + own.r) * products
              + y[row, one].magnitude
          }
        }
      }
    }
    return Bounded(value: y, accumulation: a, rounding: r)
  }

  /// The units of every frequency: those of the plain one, in the proportion in which the scaling passes them on, and its
  /// own.
  ///
  /// A plain frequency of 1, at i = 0, is exact; a division by the factor is not. The mix of llama3, m = (old/w − low)/(high −
  /// low), is ahead of its own quotient's roundings by old/w/(high − low), and moves the frequency by m·f·(1 − 1/factor); the
  /// ramp of yarn by its slope times the error of its ends.
  static func angleUnits(_ rotation: Rotation) -> [Double] {
    let d = rotation.headDimension
    let scaled = rotation.frequencies
    return scaled.indices.map { i in
      let plain = angleUnits(index: i, headDimension: d, theta: rotation.theta)
      let f = Elementary.power(rotation.theta, Double(-2 * i) / Double(d))
      switch rotation.scaling {
      case .none, .dynamic: return plain
      case .linear: return plain * (scaled[i] / f) + 4 * scaled[i]
      case .llama3(let scaling):
        // An error of f passes through the wavelength into the mix as well, which at most doubles and doubles it again.
        let turns = scaling.originalPositions * f / (2 * Double.pi)
        let steepness = turns / (scaling.highFrequencyFactor - scaling.lowFrequencyFactor)
        let isMixed = scaled[i] != f && scaled[i] != f / scaling.factor
        let slope = isMixed ? steepness * f * (1 - 1 / scaling.factor).magnitude : 0
        return plain * (scaled[i] + slope) / f + 4 * scaled[i] + 8 * slope
      case .yarn(let scaling):
        let ends = scaling.ramp(headDimension: d, theta: rotation.theta)
        let isMixed = Double(i) > ends.first && Double(i) < ends.last
        // Ends that are truncated are exact; others are a quotient of logarithms.
        let endUnits = isMixed && !scaling.truncates ? (Double(d) + ends.last) / (ends.last - ends.first) : 0
        let share = f * (1 - 1 / scaling.factor).magnitude
        return plain * (scaled[i] / f) + 6 * scaled[i] + (isMixed ? 4 * share : 0) + 8 * endUnits * share
      }
    }
  }

  /// The units of θ^(−2i/d): 0 for i = 0, where every way to compute it gives 1, else those of its exponent, ln θ · 2i/d
  /// with up to six roundings, of the power, a reciprocal and the product with the position.
  static func angleUnits(index i: Int, headDimension d: Int, theta: Double) -> Double {
    if i == 0 { return 0 }
    let exponent = Double(2 * i) / Double(d)
    let frequency = Elementary.power(theta, -exponent)
    return frequency * (Units.power + 2 + 6 * Elementary.logarithm(theta).magnitude * exponent)
  }

  /// silu(gate) ⊙ up (TOL-9); silu's slope is nowhere above 1.1.
  package func activate(gate: Bounded, up: Bounded) -> Bounded {
    let y = functions.round(functions.activate(gate.value, up.value, functions.workers))
    let silu = gate.value.values.map { FeedForward.silu($0).magnitude }
    func carried(_ gates: Tensor, _ ups: Tensor, own: Double) -> [Double] {
      y.values.indices.map { i in
        1.1 * up.value.values[i].magnitude * gates.values[i] + silu[i] * ups.values[i] + own * y.values[i].magnitude
      }
    }
    return Bounded(
      value: y, accumulation: carried(gate.accumulation, up.accumulation, own: Units.elementary + 4),
      rounding: carried(gate.rounding, up.rounding, own: 5))
  }

  /// The cross-entropy of exact logits [S, V'] with one label per row (TOL-10): [S].
  package func crossEntropy(_ logits: Tensor, labels: [Int]) -> Bounded {
    let count = Double(logits.columns)
    var (losses, a, r): ([Double], [Double], [Double]) = ([], [], [])
    for (row, label) in labels.enumerated() {
      let scores = Array(logits.row(row))
      let loss = functions.crossEntropy(scores[...], label)
      let largest = scores.reduce(-.infinity) { $1 > $0 ? $1 : $0 }
      let distances = scores.map { ($0 - largest).magnitude }
      let spread = zip(Attention.softmax(scores), distances).reduce(0) { $0 + $1.0 * $1.1 }
      let logarithm = (loss - distances[label]).magnitude
      let last = (largest + logarithm).magnitude + distances[label] + loss
      losses.append(loss)
      a.append(3 * spread + Units.elementary + 2 * count + Units.elementary * logarithm + last)
      r.append(spread + 2 + logarithm + last + loss)
    }
    return Bounded(
      value: functions.round(Tensor(shape: [losses.count], values: losses)), accumulation: a, rounding: r)
  }
}
