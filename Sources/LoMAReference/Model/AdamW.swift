// The optimiser of `train_step`: AdamW with decoupled weight decay and bias correction, as PyTorch computes it.

/// Step size, decay rates, ε and weight decay.
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

  /// Any settings.
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
  /// p.
  public var parameter: Double
  /// m.
  public var firstMoment: Double
  /// v.
  public var secondMoment: Double
}

/// What a step applies to every value.
public struct AdamWFactors: Hashable, Sendable {
  /// Step size, decay rates, ε and weight decay.
  public let settings: AdamWSettings
  /// 1 − η·λ.
  public let keep: Double
  /// η / (1 − β₁ˢ).
  public let stepSize: Double
  /// √(1 − β₂ˢ).
  public let correction: Double

  /// Any factors.
  public init(settings: AdamWSettings, keep: Double, stepSize: Double, correction: Double) {
    self.settings = settings
    self.keep = keep
    self.stepSize = stepSize
    self.correction = correction
  }
}

/// The optimiser's state between steps.
public struct AdamW: Hashable, Sendable {
  /// Steps taken so far, s.
  public private(set) var steps = 0
  /// m, one tensor per parameter.
  public private(set) var firstMoments: ParameterSet
  /// v, one tensor per parameter.
  public private(set) var secondMoments: ParameterSet
  private var beta1Power = 1.0
  private var beta2Power = 1.0

  /// Moments of zero.
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
  public static let update: @Sendable (AdamWValue, Double, AdamWFactors) -> AdamWValue = { old, g, factors in
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

  /// One step of LOS-6.
  public mutating func step(
    _ parameters: inout ParameterSet, gradients: ParameterSet, settings: AdamWSettings
  ) {
    step(&parameters, gradients: gradients, settings: settings, update: Self.update)
  }

  /// One step with another rule: `update` on every value.
  public mutating func step(
    _ parameters: inout ParameterSet, gradients: ParameterSet, settings: AdamWSettings,
    update: (AdamWValue, Double, AdamWFactors) -> AdamWValue
  ) {
    steps += 1
    beta1Power *= settings.beta1
    beta2Power *= settings.beta2
    let factors = AdamWFactors(
      settings: settings, keep: 1 - settings.learningRate * settings.weightDecay,
      stepSize: settings.learningRate / (1 - beta1Power), correction: (1 - beta2Power).squareRoot())
    for name in parameters.names {
      guard var p = parameters.tensors[name], let g = gradients.tensors[name],
        var m = firstMoments.tensors[name], var v = secondMoments.tensors[name]
      else { preconditionFailure("a gradient and moments for every parameter") }
      for i in p.values.indices {
        let old = AdamWValue(parameter: p.values[i], firstMoment: m.values[i], secondMoment: v.values[i])
        let new = update(old, g.values[i], factors)
        (p.values[i], m.values[i], v.values[i]) = (new.parameter, new.firstMoment, new.secondMoment)
      }
      parameters.tensors[name] = p
      firstMoments.tensors[name] = m
      secondMoments.tensors[name] = v
    }
  }
}
