// BAS-15, BAS-26: weighted means of which a share is carried over, and their gradients. With shares 0 and 1 they are the
// entries of BAS-15, bit for bit.

import NaiveLlama

/// The means of one head's tokens x [tokens, width], each as it is after its token.
///
///     z_0 = ω_0                       m_0 = x_0
///     z_t = α_t·z_{t−1} + ω_t         m_t = (α_t·z_{t−1}·m_{t−1} + ω_t·x_t)/z_t
///
/// m_t is m_{t−1} where α_t = 1 and z_t = 0, as in BAS-15, and x_t where α_t = 0.
package struct RelaxedMeans: Hashable, Sendable {
  /// m: [tokens, width].
  package let means: Tensor
  /// z.
  package let sums: [Double]

  /// The means of all tokens.
  package init(_ x: Tensor, accumulated: [Double], weights: [Double]) {
    self.init(x, accumulated: accumulated, weights: weights, before: nil)
  }

  /// The means of tokens that go on behind an entry of a mean and a sum of weights; nil: they are the first.
  package init(
    _ x: Tensor, accumulated: [Double], weights: [Double], before: (mean: [Double], sum: Double)?
  ) {
    var rows: [[Double]] = []
    var sums: [Double] = []
    var (mean, z) = before ?? ([Double](repeating: 0, count: x.columns), 0)
    for t in 0..<x.rows {
      let carried = accumulated[t] * z
      let sum = carried + weights[t]
      if accumulated[t] == 0 {
        mean = Array(x.row(t))
      } else if sum > 0 {
        for (i, number) in x.row(t).enumerated() { mean[i] = (carried * mean[i] + weights[t] * number) / sum }
      }
      z = sum
      rows.append(mean)
      sums.append(z)
    }
    means = Tensor(rows: rows, width: x.columns)
    self.sums = sums
  }

  /// The gradients of x, α and ω, given that of the means.
  ///
  /// With a_t = α_t·z_{t−1}: dx_t = dm_t·ω_t/z_t, dm_{t−1} += dm_t·a_t/z_t, da_t = Σ dm_t·(m_{t−1} − m_t)/z_t + dz_t,
  /// dω_t = Σ dm_t·(x_t − m_t)/z_t + dz_t, dα_t = da_t·z_{t−1}, dz_{t−1} = da_t·α_t.
  package func backward(
    _ dMeans: Tensor, x: Tensor, accumulated: [Double], weights: [Double]
  ) -> (x: Tensor, accumulated: [Double], weights: [Double]) {
    var dx = Tensor(zeros: x.shape)
    var (dAccumulated, dWeights) = (
      [Double](repeating: 0, count: x.rows), [Double](repeating: 0, count: x.rows)
    )
    var dMean = [Double](repeating: 0, count: x.columns)
    var dSum = 0.0
    for t in (0..<x.rows).reversed() {
      for (i, number) in dMeans.row(t).enumerated() { dMean[i] += number }
      // A sum of 0 is one of weights that have underflowed: nothing depends on them.
      let inverse = sums[t] > 0 ? 1 / sums[t] : 0
      let before = t > 0 ? sums[t - 1] : 0
      let carried = accumulated[t] * before
      // The share of this token is 1 where nothing is carried over, whatever it weighs.
      let (own, old) = carried == 0 ? (1, 0) : (weights[t] * inverse, carried * inverse)
      var (dCarried, dWeight) = (dSum, dSum)
      for i in 0..<x.columns {
        dx[t, i] = dMean[i] * own
        dWeight += dMean[i] * (x[t, i] - means[t, i]) * inverse
        if t > 0 { dCarried += dMean[i] * (means[t - 1, i] - means[t, i]) * inverse }
        dMean[i] *= old
      }
      dWeights[t] = dWeight
      dAccumulated[t] = t > 0 ? dCarried * before : 0
      dSum = dCarried * accumulated[t]
    }
    return (dx, dAccumulated, dWeights)
  }
}
