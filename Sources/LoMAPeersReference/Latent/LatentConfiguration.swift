// LAT-1, LAT-4, LAT-10: a decoder's shape with its real numbers, and its weights.

import LoMAPeers
import NaiveLlama

/// The shape of a decoder with latent attention, ε and θ.
package struct LatentConfiguration: Hashable, Sendable {
  /// The integers.
  package let shape: LatentShape
  /// `rms_norm_eps`, ε of every norm but those of latents.
  package let epsilon: Double
  /// ε of the norms of both latents (LAT-4).
  package let latentEpsilon: Double
  /// `rope_theta`, θ.
  package let theta: Double

  /// ε of the norms of latents unless it is given.
  package static let defaultLatentEpsilon = 1e-6

  /// Throws `invalidConfiguration` for a size, an ε or a θ that is out of range.
  package init(shape: LatentShape, epsilon: Double, latentEpsilon: Double, theta: Double) throws(ModelError) {
    // What MOD-4 asks of the sizes outside attention; the heads were checked by `LatentParameters`.
    _ = try Configuration(
      vocabularySize: shape.vocabularySize, hiddenSize: shape.hiddenSize, intermediateSize: shape.intermediateSize,
      layers: shape.layers, queryHeads: 1, keyValueHeads: 1, headDimension: 2, epsilon: epsilon, theta: theta,
      tiesHead: shape.tiesHead)
    guard latentEpsilon >= 0, latentEpsilon.isFinite else {
      throw .invalidConfiguration(
        key: LatentKeys.object + ".rms_norm_eps", value: "out of range", requirement: "finite and at least 0")
    }
    self.shape = shape
    self.epsilon = epsilon
    self.latentEpsilon = latentEpsilon
    self.theta = theta
  }

  /// The decisions, s and the widths.
  package var attention: LatentParameters { shape.attention }

  /// The width of what is rotated: d_r, or a head's dimension.
  package var rotatedWidth: Int {
    switch attention.form {
    case .latent(let widths): widths.rotated
    case .heads(_, _, let dimension): dimension
    }
  }

  /// The widths of an entry: its contents, ĉ or values, and its keys, k̂^R or keys of heads.
  package var entryWidths: (contents: Int, keys: Int) {
    switch attention.form {
    case .latent(let widths): (widths.latent, widths.rotated)
    case .heads(_, let keyValue, let dimension): (keyValue * dimension, keyValue * dimension)
    }
  }

  /// The weight that the head multiplies with.
  package var headName: String { shape.tiesHead ? ParameterName.embedding : ParameterName.head }
}

extension ParameterSet {
  /// A tensor of +0.0 for every weight of a configuration.
  package init(zerosFor configuration: LatentConfiguration) {
    var tensors: [String: Tensor] = [:]
    for (name, shape) in configuration.shape.parameters { tensors[name] = Tensor(zeros: shape) }
    self.init(tensors)
  }

  /// Weights in which mistakes show, as those of NUM-5: linear layers with standard deviation 1.5/√fan-in, norms 1 ± 0.1,
  /// embeddings with standard deviation 1; every value is exact in bf16.
  ///
  /// They draw in the order of `LatentShape.parameters`, values in row-major order, from one generator.
  package static func highVariance(
    _ configuration: LatentConfiguration, numbers: inout SeededNumbers
  ) -> ParameterSet {
    drawn(configuration, norms: 0.1, linear: 1.5, numbers: &numbers)
  }

  /// Weights that training starts from, as those of TRN-3: linear layers and the head with standard deviation 1/√fan-in,
  /// embeddings with 1, norms exactly 1, which draw nothing.
  package static func initial(
    _ configuration: LatentConfiguration, numbers: inout SeededNumbers
  ) -> ParameterSet {
    drawn(configuration, norms: nil, linear: 1, numbers: &numbers)
  }

  private static func drawn(
    _ configuration: LatentConfiguration, norms: Double?, linear: Double, numbers: inout SeededNumbers
  ) -> ParameterSet {
    var tensors: [String: Tensor] = [:]
    for (name, shape) in configuration.shape.parameters {
      let count = shape.reduce(1, *)
      let values: [Double]
      if shape.count == 1 {
        if let norms {
          values = numbers.deviates(count, mean: 1, standardDeviation: norms)
        } else {
          values = [Double](repeating: 1, count: count)
        }
      } else {
        let deviation = name == ParameterName.embedding ? 1 : linear / Double(shape[1]).squareRoot()
        values = numbers.deviates(count, mean: 0, standardDeviation: deviation)
      }
      tensors[name] = Tensor(shape: shape, values: values)
    }
    return ParameterSet(tensors)
  }

  /// Checks that the tensors are exactly the weights of a configuration, in their shapes and finite.
  package func check(against configuration: LatentConfiguration) throws(ModelError) {
    let expected = configuration.shape.parameters
    for (name, shape) in expected {
      guard let tensor = tensors[name] else { throw .missingTensor(name) }
      guard tensor.shape == shape else { throw .wrongShape(tensor: name, shape: tensor.shape, expected: shape) }
      for (index, value) in tensor.values.enumerated() where !value.isFinite {
        throw .nonFiniteWeight(tensor: name, index: index)
      }
    }
    let known = Set(expected.map { $0.name })
    for name in names where !known.contains(name) { throw .unexpectedTensor(name) }
  }
}
