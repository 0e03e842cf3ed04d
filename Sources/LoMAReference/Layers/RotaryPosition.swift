// MOD-3: rotary position embedding, half-split ("rotate half").

/// Cosines and sines of every row's angles: the rotation that positions stand for.
public struct RotaryAngles: Hashable, Sendable {
  /// cos(position · θ^(−2i/d)): [rows, d/2].
  public let cosines: Tensor
  /// sin(position · θ^(−2i/d)): [rows, d/2].
  public let sines: Tensor

  /// The angles of some positions for heads of dimension d, an even number.
  ///
  /// The frequency is θ to the correctly rounded quotient −2i/d, the angle the rounded product with the position.
  public init(positions: [Int], headDimension: Int, theta: Double) {
    precondition(headDimension % 2 == 0, "an even head dimension")
    let half = headDimension / 2
    let frequencies = (0..<half).map { i in
      Elementary.power(theta, Double(-2 * i) / Double(headDimension))
    }
    var cosines: [Double] = []
    var sines: [Double] = []
    for position in positions {
      for frequency in frequencies {
        let angle = Double(position) * frequency
        cosines.append(Elementary.cosine(angle))
        sines.append(Elementary.sine(angle))
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
    var y = x
    for r in 0..<x.rows {
      for head in stride(from: 0, to: x.columns, by: 2 * half) {
        for i in 0..<half {
          let (a, b) = (x[r, head + i], x[r, head + half + i])
          let (cosine, sine) = (angles.cosines[r, i], direction * angles.sines[r, i])
          y[r, head + i] = a * cosine - b * sine
          y[r, head + half + i] = b * cosine + a * sine
        }
      }
    }
    return y
  }
}
