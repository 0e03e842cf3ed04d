// MOD-3, MOD-8, MOD-9: how fast each pair of a head turns: plain, or scaled so that a longer text fits.

/// The rotation of a model: the frequencies of its d/2 pairs, and the factor on its cosines and sines.
public struct Rotation: Hashable, Sendable {
  /// d, an even number.
  public let headDimension: Int
  /// `rope_theta`, θ.
  public let theta: Double
  /// What is done to the plain frequencies.
  public let scaling: RotationScaling

  /// A rotation of heads of dimension d, an even number; unscaled unless said otherwise.
  public init(headDimension: Int, theta: Double, scaling: RotationScaling = .none) {
    precondition(headDimension % 2 == 0, "an even head dimension")
    self.headDimension = headDimension
    self.theta = theta
    self.scaling = scaling
  }

  /// θ^(−2i/d) to the correctly rounded quotient: [d/2] (MOD-3).
  public var plainFrequencies: [Double] {
    (0..<headDimension / 2).map { i in Elementary.power(theta, Double(-2 * i) / Double(headDimension)) }
  }

  /// The frequencies that positions are multiplied with: [d/2] (MOD-8, MOD-9).
  public var frequencies: [Double] {
    switch scaling {
    case .none, .dynamic: plainFrequencies
    case .linear(let factor): plainFrequencies.map { $0 / factor }
    case .llama3(let scaling): plainFrequencies.map { scaling.scaled($0) }
    case .yarn(let scaling): scaling.scaled(plainFrequencies, theta: theta)
    }
  }

  /// a, the factor on every cosine and sine; 1 except in yarn (MOD-9).
  public var attentionFactor: Double {
    if case .yarn(let scaling) = scaling { scaling.attentionFactor } else { 1 }
  }

  /// The same rotation with another θ.
  public func with(theta: Double) -> Rotation {
    Rotation(headDimension: headDimension, theta: theta, scaling: scaling)
  }

  /// The same θ and d with another scaling.
  public func with(scaling: RotationScaling) -> Rotation {
    Rotation(headDimension: headDimension, theta: theta, scaling: scaling)
  }
}

/// What is done to the plain frequencies; the words of `rope_type` (MOD-8, MOD-9).
public enum RotationScaling: Hashable, Sendable {
  /// `default`: nothing.
  case none
  /// `dynamic`: nothing as long as every position is below `max_position_embeddings`, beyond which it is not computed.
  case dynamic(factor: Double)
  /// `linear`: every frequency divided by one number.
  case linear(factor: Double)
  /// `llama3`: slow pairs divided, fast ones kept, those between mixed.
  case llama3(Llama3Scaling)
  /// `yarn`: a ramp from kept to divided, and a factor on cosines and sines.
  case yarn(YarnScaling)

  /// Throws `invalidConfiguration` for a number with which the formulas have no meaning.
  func check(theta: Double) throws(ModelError) {
    switch self {
    case .none: break
    case .linear(let factor), .dynamic(let factor): try Self.positive("factor", factor)
    case .llama3(let scaling): try scaling.check()
    case .yarn(let scaling): try scaling.check(theta: theta)
    }
  }

  static func positive(_ key: String, _ value: Double) throws(ModelError) {
    guard value > 0, value.isFinite else {
      throw .invalidConfiguration(
        key: "rope." + key, value: Configuration.text(value), requirement: "finite and above 0")
    }
  }
}

/// The numbers of `llama3`: pairs are sorted by how often they turn within the old context.
public struct Llama3Scaling: Hashable, Sendable {
  /// `factor`.
  public var factor: Double
  /// `low_freq_factor`: at most so many turns within the old context, and a frequency is divided.
  public var lowFrequencyFactor: Double
  /// `high_freq_factor`: more turns than that, and a frequency is kept.
  public var highFrequencyFactor: Double
  /// `original_max_position_embeddings`, the old context.
  public var originalPositions: Double

  /// The four numbers as config.json names them.
  public init(factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalPositions: Double) {
    self.factor = factor
    self.lowFrequencyFactor = lowFrequencyFactor
    self.highFrequencyFactor = highFrequencyFactor
    self.originalPositions = originalPositions
  }

  /// A plain frequency f as llama3 changes it.
  ///
  /// With w = 2π/f and old the old context: f if w < old/high, f/factor if w > old/low, and otherwise
  /// (1 − m)·f/factor + m·f with m = (old/w − low)/(high − low).
  public func scaled(_ f: Double) -> Double {
    let wavelength = 2 * Double.pi / f
    if wavelength < originalPositions / highFrequencyFactor { return f }
    if wavelength > originalPositions / lowFrequencyFactor { return f / factor }
    let mix = (originalPositions / wavelength - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor)
    return (1 - mix) * f / factor + mix * f
  }

  func check() throws(ModelError) {
    try RotationScaling.positive("factor", factor)
    try RotationScaling.positive("low_freq_factor", lowFrequencyFactor)
    try RotationScaling.positive("high_freq_factor", highFrequencyFactor)
    try RotationScaling.positive("original_max_position_embeddings", originalPositions)
    guard highFrequencyFactor > lowFrequencyFactor else {
      throw .invalidConfiguration(
        key: "rope.high_freq_factor", value: Configuration.text(highFrequencyFactor),
        requirement: "above low_freq_factor")
    }
  }
}

/// The numbers of `yarn`.
public struct YarnScaling: Hashable, Sendable {
  /// `factor`.
  public var factor: Double
  /// `original_max_position_embeddings`, the old context.
  public var originalPositions: Double
  /// `beta_fast`: pairs that turn more often than that within the old context are kept.
  public var betaFast = 32.0
  /// `beta_slow`: pairs that turn less often than that are divided.
  public var betaSlow = 1.0
  /// `truncate`: the ramp begins and ends at whole pairs.
  public var truncates = true
  /// `attention_factor`; nil: it follows from `factor`.
  public var givenAttentionFactor: Double?
  /// `mscale`; counts only if both it and `mscale_all_dim` are given and not 0.
  public var scale: Double?
  /// `mscale_all_dim`.
  public var scaleOfAllDimensions: Double?

  /// The two numbers that have no default.
  public init(factor: Double, originalPositions: Double) {
    self.factor = factor
    self.originalPositions = originalPositions
  }

  /// a: as given, or μ(mscale)/μ(mscale_all_dim) if both are, or μ(1).
  public var attentionFactor: Double {
    if let givenAttentionFactor { return givenAttentionFactor }
    if let scale, let scaleOfAllDimensions, scale != 0, scaleOfAllDimensions != 0 {
      return magnitude(scale) / magnitude(scaleOfAllDimensions)
    }
    return magnitude(1)
  }

  /// μ(x) = 0.1·x·ln(factor) + 1; 1 if nothing is stretched.
  private func magnitude(_ x: Double) -> Double {
    factor <= 1 ? 1 : 0.1 * x * Elementary.logarithm(factor) + 1
  }

  /// The pairs between which the ramp rises: before the first all is kept, after the last all is divided.
  public func ramp(headDimension d: Int, theta: Double) -> (first: Double, last: Double) {
    /// The pair, as a real number, that turns so many times within the old context.
    func pair(turning times: Double) -> Double {
      Double(d) * Elementary.logarithm(originalPositions / (times * 2 * Double.pi)) / (2 * Elementary.logarithm(theta))
    }
    var (first, last) = (pair(turning: betaFast), pair(turning: betaSlow))
    if truncates { (first, last) = (first.rounded(.down), last.rounded(.up)) }
    // Not d/2 − 1, although no pair beyond it exists: the slope depends on it.
    (first, last) = (max(first, 0), min(last, Double(d - 1)))
    return (first, first == last ? last + 0.001 : last)
  }

  /// Plain frequencies as yarn changes them: (f/factor)·γ + f·(1 − γ) with γ the ramp at pair i, within 0…1.
  func scaled(_ frequencies: [Double], theta: Double) -> [Double] {
    let (first, last) = ramp(headDimension: 2 * frequencies.count, theta: theta)
    return frequencies.enumerated().map { i, f in
      let share = min(max((Double(i) - first) / (last - first), 0), 1)
      return f / factor * share + f * (1 - share)
    }
  }

  func check(theta: Double) throws(ModelError) {
    try RotationScaling.positive("factor", factor)
    try RotationScaling.positive("original_max_position_embeddings", originalPositions)
    try RotationScaling.positive("beta_fast", betaFast)
    try RotationScaling.positive("beta_slow", betaSlow)
    guard betaFast >= betaSlow else {
      throw .invalidConfiguration(
        key: "rope.beta_fast", value: Configuration.text(betaFast), requirement: "at least beta_slow")
    }
    guard theta > 1 else {
      throw .invalidConfiguration(
        key: "rope_theta", value: Configuration.text(theta), requirement: "above 1 for yarn")
    }
    try RotationScaling.positive("attention_factor", attentionFactor)
  }
}
