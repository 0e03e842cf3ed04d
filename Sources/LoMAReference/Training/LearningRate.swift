// TRN-1: the step size over a run: it rises in a line, then falls along a cosine or a line to zero.

/// How the step size falls after the warm-up.
public enum Decay: String, CaseIterable, Hashable, Sendable {
  /// Half a period of a cosine.
  case cosine
  /// A line.
  case linear
}

/// The learning rate of every step of a run (TRN-1).
public struct LearningRate: Hashable, Sendable {
  /// η, reached at the end of the warm-up.
  public let peak: Double
  /// W, steps of the warm-up.
  public let warmUp: Int
  /// S, steps of the run.
  public let steps: Int
  /// The way down.
  public let decay: Decay

  /// Any η ≥ 0; 0 ≤ W < S.
  public init(peak: Double, warmUp: Int, steps: Int, decay: Decay) {
    precondition(peak >= 0 && warmUp >= 0 && warmUp < steps, "a warm-up that ends before the run")
    self.peak = peak
    self.warmUp = warmUp
    self.steps = steps
    self.decay = decay
  }

  /// Of step s in 1...S: η · s / W up to W; then, with x = (s − W) / (S − W + 1), η · (1 + cos πx) / 2 or η · (1 − x).
  ///
  /// The last step is not wasted on a rate of zero: x stays below 1.
  public subscript(step: Int) -> Double {
    precondition(step >= 1 && step <= steps, "a step of the run")
    if step <= warmUp { return peak * (Double(step) / Double(warmUp)) }
    let x = Double(step - warmUp) / Double(steps - warmUp + 1)
    switch decay {
    case .cosine: return peak * ((1 + Elementary.cosine(Double.pi * x)) / 2)
    case .linear: return peak * (1 - x)
    }
  }
}
