// TOL-18: bounds of scaled rotations, against the same stage in binary32 as transformers computes it.

import NaiveLlama
import Testing

@Suite struct ScaledBoundTests {
  private static let rotations = [
    Rotation(headDimension: 64, theta: 500_000, scaling: .linear(factor: 4)),
    Rotation(
      headDimension: 128, theta: 500_000,
      scaling: .llama3(
        Llama3Scaling(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 8192))),
    Rotation(
      headDimension: 128, theta: 1_000_000, scaling: .yarn(YarnScaling(factor: 4, originalPositions: 32_768))),
  ]

  /// Frequencies with every step in binary32; powers are rounded once.
  private static func narrow(_ rotation: Rotation) -> [Float] {
    let d = rotation.headDimension
    let plain = (0..<d / 2).map { i in
      1 / Float(Elementary.power(rotation.theta, Double(Float(2 * i) / Float(d))))
    }
    switch rotation.scaling {
    case .none, .dynamic: return plain
    case .linear(let factor): return plain.map { $0 / Float(factor) }
    case .llama3(let scaling):
      let (factor, old) = (Float(scaling.factor), Float(scaling.originalPositions))
      let (low, high) = (Float(scaling.lowFrequencyFactor), Float(scaling.highFrequencyFactor))
      return plain.map { f in
        let wavelength = 2 * Float.pi / f
        if wavelength < old / high { return f }
        if wavelength > old / low { return f / factor }
        let mix = (old / wavelength - low) / (high - low)
        return (1 - mix) * f / factor + mix * f
      }
    case .yarn(let scaling):
      let ends = scaling.ramp(headDimension: d, theta: rotation.theta)
      return plain.enumerated().map { i, f in
        let share = min(max((Float(i) - Float(ends.first)) / Float(ends.last - ends.first), 0), 1)
        return f / Float(scaling.factor) * share + f * (1 - share)
      }
    }
  }

  @Test(arguments: rotations.indices)
  func `TOL-18 a scaled rotation in binary32 is within its bound, and not far within`(_ index: Int) {
    let rotation = Self.rotations[index]
    let (d, positions) = (rotation.headDimension, [1, 77, 8191, 30_000])
    var numbers = SeededNumbers(seed: 3)
    let x = Tensor(
      shape: [positions.count, d],
      values: numbers.deviates(positions.count * d, mean: 0, standardDeviation: 1).map { Double(Float($0)) })
    let right = BoundedLayers(.llama(workers: .single)).rotate(
      Bounded(exact: x), positions: positions, rotation: rotation)
    let (frequencies, factor) = (Self.narrow(rotation), Float(rotation.attentionFactor))
    var worst = 0.0
    for (row, position) in positions.enumerated() {
      for i in 0..<d / 2 {
        let angle = Float(position) * frequencies[i]
        let cosine = Float(Elementary.cosine(Double(angle))) * factor
        let sine = Float(Elementary.sine(Double(angle))) * factor
        let (a, b) = (Float(x[row, i]), Float(x[row, i + d / 2]))
        for (column, value) in [(i, a * cosine - b * sine), (i + d / 2, b * cosine + a * sine)] {
          let bound = 0x1p-24 * (right.accumulation[row, column] + right.rounding[row, column])
          worst = max(worst, (Double(value) - right.value[row, column]).magnitude / bound)
        }
      }
    }
    #expect(worst <= 1 && worst > 0.02, "\(worst)")
  }

  @Test func `TOL-18 the units of a scaled frequency lie above those of the plain one in proportion`() {
    let plain = Rotation(headDimension: 64, theta: 500_000)
    let layers = BoundedLayers(.llama(workers: .single))
    func units(_ rotation: Rotation) -> [Double] {
      let x = Bounded(exact: Tensor(shape: [1, 64], values: [Double](repeating: 1, count: 64)))
      return layers.rotate(x, positions: [1000], rotation: rotation).accumulation.values
    }
    let (one, quarter) = (units(plain), units(plain.with(scaling: .linear(factor: 4))))
    // A quarter of the angle's error, and four roundings of the quotient, beside what both have.
    #expect(zip(one, quarter).allSatisfy { $1 <= $0 * 1.5 + 1000 * 4 })
    #expect(one[31] != quarter[31])
    // Dynamic frequencies are plain, and so are their units.
    #expect(units(plain.with(scaling: .dynamic(factor: 2))) == one)
  }
}
