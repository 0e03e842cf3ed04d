// MOD-3: rotary position embedding, half-split ("rotate half").

/// Cosines and sines of every row's angles: the rotation that positions stand for.
public struct RotaryAngles: Hashable, Sendable {
  /// cos(position · θ^(−2i/d)): [rows, d/2].
  public let cosines: Tensor
  /// sin(position · θ^(−2i/d)): [rows, d/2].
  public let sines: Tensor

  /// Cosines and sines of the same angles.
  public init(cosines: Tensor, sines: Tensor) {
    precondition(cosines.shape == sines.shape, "a cosine and a sine per angle")
    self.cosines = cosines
    self.sines = sines
  }

  /// The angles of some positions for heads of dimension d, an even number.
  ///
  /// The frequency is θ to the correctly rounded quotient −2i/d, the angle the rounded product with the position.
  public init(positions: [Int], headDimension: Int, theta: Double) {
    precondition(headDimension % 2 == 0, "an even head dimension")
    let half = headDimension / 2
    let frequencies = (0..<half).map { i in
      Elementary.power(theta, Double(-2 * i) / Double(headDimension))
    }
    // Memory and repetition rows repeat positions; the angles of each are computed once.
    var known: [Int: (cosines: [Double], sines: [Double])] = [:]
    for position in positions where known[position] == nil {
      let angles = frequencies.map { Double(position) * $0 }
      known[position] = (angles.map(Elementary.cosine), angles.map(Elementary.sine))
    }
    var cosines: [Double] = []
    var sines: [Double] = []
    for position in positions {
      if let row = known[position] {
        cosines += row.cosines
        sines += row.sines
      }
    }
    self.cosines = Tensor(shape: [positions.count, half], values: cosines)
    self.sines = Tensor(shape: [positions.count, half], values: sines)
  }
}

/// (a, b) → (a·cos − b·sin, b·cos + a·sin), a and b the two halves of each head.
public enum RotaryPosition {
  /// Rotates every head of every row: [rows, heads · d] → [rows, heads · d].
  public static func forward(_ x: Tensor, angles: RotaryAngles) -> Tensor {
    rotate(x, angles: angles, direction: 1)
  }

  /// The gradient of x given that of y: the same rotation backwards.
  ///
  /// From `y = R(angle) x` with R orthogonal: dx = R(−angle) dy.
  public static func backward(_ dy: Tensor, angles: RotaryAngles) -> Tensor {
    rotate(dy, angles: angles, direction: -1)
  }

  private static func rotate(_ x: Tensor, angles: RotaryAngles, direction: Double) -> Tensor {
    let half = angles.cosines.columns
    precondition(x.rows == angles.cosines.rows && x.columns % (2 * half) == 0, "whole heads, one angle row per row")
    let width = x.columns
    var y = x.values
    for r in 0..<x.rows {
      let row = x.values.span.extracting(r * width..<(r + 1) * width)
      let cosines = angles.cosines.values.span.extracting(r * half..<(r + 1) * half)
      let sines = angles.sines.values.span.extracting(r * half..<(r + 1) * half)
      for head in stride(from: 0, to: width, by: 2 * half) {
        for i in 0..<half {
          let (a, b) = (row[head + i], row[head + half + i])
          let (cosine, sine) = (cosines[i], direction * sines[i])
          y[r * width + head + i] = a * cosine - b * sine
          y[r * width + head + half + i] = b * cosine + a * sine
        }
      }
    }
    return Tensor(shape: x.shape, values: y)
  }
}
