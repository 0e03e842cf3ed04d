// LOS-6, TRN-1, TRN-2: one step of training once the gradients are known: the learning rate, the clipping of the gradients, and
// AdamW with decoupled weight decay and bias correction, as PyTorch computes it.

// MARK: - Learning rate

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
  /// The fall after the warm-up.
  public let decay: Decay

  /// A peak η ≥ 0 and a warm-up of 0 ≤ W < S steps.
  public init(peak: Double, warmUp: Int, steps: Int, decay: Decay) {
    precondition(peak >= 0 && warmUp >= 0 && warmUp < steps, "a warm-up that ends before the run")
    self.peak = peak
    self.warmUp = warmUp
    self.steps = steps
    self.decay = decay
  }

  /// Of step s in 1...S: η · s / W up to W; then, with x = (s − W) / (S − W + 1), η · (1 + cos πx) / 2 or η · (1 − x).
  ///
  /// The rate of the last step is not zero: x stays below 1.
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

// MARK: - Gradient clipping

extension ParameterSet {
  /// √Σ g² over every value: a sum per tensor by rising index, those added by rising name (TRN-2).
  public var globalNorm: Double {
    var sum = 0.0
    for name in names {
      var own = 0.0
      for value in tensors[name]?.values ?? [] { own += value * value }
      sum += own
    }
    return sum.squareRoot()
  }

  /// Multiplies every value by limit / norm if the norm is above the limit; answers the norm before.
  public mutating func clip(toGlobalNorm limit: Double) -> Double {
    let norm = globalNorm
    guard norm > limit else { return norm }
    let factor = limit / norm
    tensors = tensors.mapValues { tensor in
      Tensor(shape: tensor.shape, values: tensor.values.map { $0 * factor })
    }
    return norm
  }
}

// MARK: - AdamW

/// The hyperparameters of AdamW (LOS-6).
public struct AdamWSettings: Hashable, Sendable {
  /// η.
  public let learningRate: Double
  /// β₁, the decay of the first moment.
  public let beta1: Double
  /// β₂, the decay of the second moment.
  public let beta2: Double
  /// ε, added to the root.
  public let epsilon: Double
  /// λ, the decoupled decay.
  public let weightDecay: Double

  /// η, β₁, β₂, ε and λ.
  public init(learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }
}

/// One value of a parameter with its two moments.
public struct AdamWValue: Hashable, Sendable {
  /// p, the parameter.
  public var parameter: Double
  /// m, the first moment.
  public var firstMoment: Double
  /// v, the second moment.
  public var secondMoment: Double
}

/// The numbers of one step that are the same for every value.
public struct AdamWFactors: Hashable, Sendable {
  /// η, β₁, β₂, ε and λ.
  public let settings: AdamWSettings
  /// 1 − η·λ.
  public let keep: Double
  /// η / (1 − β₁ˢ).
  public let stepSize: Double
  /// √(1 − β₂ˢ).
  public let correction: Double

  /// The settings and the three factors derived from them.
  public init(settings: AdamWSettings, keep: Double, stepSize: Double, correction: Double) {
    self.settings = settings
    self.keep = keep
    self.stepSize = stepSize
    self.correction = correction
  }
}

/// The state of AdamW between two steps.
public struct AdamW: Hashable, Sendable {
  /// Steps taken so far, s.
  public private(set) var steps = 0
  /// m, one tensor per parameter.
  public private(set) var firstMoments: ParameterSet
  /// v, one tensor per parameter.
  public private(set) var secondMoments: ParameterSet
  private var beta1Power = 1.0
  private var beta2Power = 1.0

  /// The state before the first step: moments of zero.
  public init(configuration: Configuration) {
    firstMoments = ParameterSet(zerosFor: configuration)
    secondMoments = ParameterSet(zerosFor: configuration)
  }

  /// The state after `steps` steps with these decay rates, from its moments.
  public init(
    resumingAfter steps: Int, firstMoments: ParameterSet, secondMoments: ParameterSet, settings: AdamWSettings
  ) {
    self.steps = steps
    self.firstMoments = firstMoments
    self.secondMoments = secondMoments
    for _ in 0..<steps {
      beta1Power *= settings.beta1
      beta2Power *= settings.beta2
    }
  }

  /// What a step does to one value with gradient g, in this order:
  /// 1. p ← p · (1 − η·λ)
  /// 2. m ← m + (g − m) · (1 − β₁)
  /// 3. v ← v · β₂ + (1 − β₂) · g · g
  /// 4. p ← p − (η / (1 − β₁ˢ)) · (m / (√v / √(1 − β₂ˢ) + ε))
  /// with βˢ the product of s factors, from the left.
  public static let update: @Sendable (AdamWValue, Double, AdamWFactors) -> AdamWValue = { updated($0, $1, $2) }

  @inline(__always)
  private static func updated(_ old: AdamWValue, _ g: Double, _ factors: AdamWFactors) -> AdamWValue {
    var value = old
    let settings = factors.settings
    value.parameter *= factors.keep
    value.firstMoment += (g - value.firstMoment) * (1 - settings.beta1)
    value.secondMoment = value.secondMoment * settings.beta2 + (1 - settings.beta2) * g * g
    value.parameter -=
      factors.stepSize
      * (value.firstMoment / (value.secondMoment.squareRoot() / factors.correction + settings.epsilon))
    return value
  }

  /// One step on every parameter (LOS-6).
  public mutating func step(
    _ parameters: inout ParameterSet, gradients: ParameterSet, settings: AdamWSettings
  ) {
    step(&parameters, gradients: gradients, settings: settings, workers: .single)
  }

  /// One step on every parameter; threads share the parameters.
  public mutating func step(
    _ parameters: inout ParameterSet, gradients: ParameterSet, settings: AdamWSettings, workers: Workers
  ) {
    let factors = nextFactors(settings)
    let names = parameters.names
    let old = names.map { tensors($0, parameters, gradients) }
    let new = workers.map(names.count) { Self.stepped(old[$0], factors) { Self.updated($0, $1, $2) } }
    for (name, tensors) in zip(names, new) { set(tensors, name, &parameters) }
  }

  /// One step that applies another rule, `update`, to every value.
  public mutating func step(
    _ parameters: inout ParameterSet, gradients: ParameterSet, settings: AdamWSettings,
    update: (AdamWValue, Double, AdamWFactors) -> AdamWValue
  ) {
    let factors = nextFactors(settings)
    for name in parameters.names {
      set(Self.stepped(tensors(name, parameters, gradients), factors, update), name, &parameters)
    }
  }

  /// Counts a step; the numbers of that step.
  private mutating func nextFactors(_ settings: AdamWSettings) -> AdamWFactors {
    steps += 1
    beta1Power *= settings.beta1
    beta2Power *= settings.beta2
    return AdamWFactors(
      settings: settings, keep: 1 - settings.learningRate * settings.weightDecay,
      stepSize: settings.learningRate / (1 - beta1Power), correction: (1 - beta2Power).squareRoot())
  }

  /// A parameter with its gradient and moments.
  private struct Tensors: Sendable {
    var parameter: Tensor
    let gradient: Tensor
    var firstMoment: Tensor
    var secondMoment: Tensor
  }

  private func tensors(_ name: String, _ parameters: ParameterSet, _ gradients: ParameterSet) -> Tensors {
    guard let p = parameters.tensors[name], let g = gradients.tensors[name], let m = firstMoments.tensors[name],
      let v = secondMoments.tensors[name]
    else { preconditionFailure("a gradient and moments for every parameter") }
    return Tensors(parameter: p, gradient: g, firstMoment: m, secondMoment: v)
  }

  private mutating func set(_ tensors: Tensors, _ name: String, _ parameters: inout ParameterSet) {
    parameters.tensors[name] = tensors.parameter
    firstMoments.tensors[name] = tensors.firstMoment
    secondMoments.tensors[name] = tensors.secondMoment
  }

  @inline(__always)
  private static func stepped(
    _ old: Tensors, _ factors: AdamWFactors, _ update: (AdamWValue, Double, AdamWFactors) -> AdamWValue
  ) -> Tensors {
    var new = old
    for i in old.parameter.values.indices {
      let value = AdamWValue(
        parameter: old.parameter.values[i], firstMoment: old.firstMoment.values[i],
        secondMoment: old.secondMoment.values[i])
      let next = update(value, old.gradient.values[i], factors)
      new.parameter.values[i] = next.parameter
      new.firstMoment.values[i] = next.firstMoment
      new.secondMoment.values[i] = next.secondMoment
    }
    return new
  }
}
