// TOL-16: layer functions that perturb each output by about as much as the roundings of a right port may.

import LoMAReference
import LoMAVectors
import NaiveLlama

extension LayerFunctions {
  /// Perturbs what every function returns, forward and backward, by seeded amounts of up to `unit` times the number and
  /// half of its row's largest.
  ///
  /// A sum with cancellation errs relative to its terms, hence the row's share. Equal numbers in equal places get the
  /// same perturbation, so that a candidate made of this repeats its answers.
  mutating func shake(by unit: Double, seed: UInt64) {
    let shaking = Shaking(unit: unit, seed: seed)
    let functions = self
    round = { shaking.moved(functions.round($0)) }
    linearBackward = { dy, x, weight, workers in
      let gradients = functions.linearBackward(dy, x, weight, workers)
      return (shaking.moved(gradients.input), shaking.moved(gradients.weight))
    }
    rmsNormBackward = { dy, x, gain, epsilon in
      let gradients = functions.rmsNormBackward(dy, x, gain, epsilon)
      return (shaking.moved(gradients.input), shaking.moved(gradients.gain))
    }
    rotateBackward = { shaking.moved(functions.rotateBackward($0, $1)) }
    attendBackward = { dContext, q, k, v, p, visible, heads, workers in
      var gradients = functions.attendBackward(dContext, q, k, v, p, visible, heads, workers)
      gradients.query = shaking.moved(gradients.query)
      gradients.key = shaking.moved(gradients.key)
      gradients.value = shaking.moved(gradients.value)
      return gradients
    }
    activateBackward = { dy, gate, up, workers in
      let gradients = functions.activateBackward(dy, gate, up, workers)
      return (shaking.moved(gradients.gate), shaking.moved(gradients.up))
    }
  }
}

extension LoMARules {
  /// Moves the gradients of the logits in the same way.
  mutating func shake(by unit: Double, seed: UInt64) {
    let (shaking, rules) = (Shaking(unit: unit, seed: seed), self)
    lossBackward = { rules.lossBackward($0, $1).map { shaking.moved($0) } }
  }
}

extension ParameterSet {
  /// Every number perturbed by a share of its tensor's largest, up or down at random; zeros stay zero.
  func moved(by share: Double) -> ParameterSet {
    ParameterSet(
      tensors.mapValues { tensor in
        let step = share * tensor.values.reduce(0) { max($0, $1.magnitude) }
        var numbers = SeededNumbers(seed: UInt64(tensor.values.count))
        return Tensor(
          shape: tensor.shape,
          values: tensor.values.map { value in
            let isUp = numbers.integer(below: 2) == 0
            return value == 0 ? 0 : value + (isUp ? step : -step)
          })
      })
  }
}

/// A perturbation that depends only on a number's place, its bits and a seed.
private struct Shaking: Sendable {
  let unit: Double
  let seed: UInt64

  func moved(_ tensor: Tensor) -> Tensor {
    let width = max(1, tensor.shape.last ?? 1)
    return Tensor(shape: tensor.shape, values: moved(tensor.values, width: width))
  }

  func moved(_ values: [Double]) -> [Double] { moved(values, width: max(1, values.count)) }

  private func moved(_ values: [Double], width: Int) -> [Double] {
    var moved = values
    for start in stride(from: 0, to: values.count, by: width) {
      let row = start..<min(start + width, values.count)
      let largest = values[row].reduce(0) { max($0, $1.magnitude) }
      // Zeros have a reason (the weight of a hidden key, a gradient that does not exist) and stay zero.
      for i in row where values[i] != 0 {
        moved[i] += unit * (values[i].magnitude + largest / 2) * direction(values[i], at: i)
      }
    }
    return moved
  }

  /// A number in −1 ..< 1 for a value at a place.
  private func direction(_ value: Double, at place: Int) -> Double {
    var numbers = SeededNumbers(seed: seed ^ value.bitPattern ^ UInt64(place) &* 0x9E37_79B9_7F4A_7C15)
    return 2 * numbers.unitInterval() - 1
  }
}
