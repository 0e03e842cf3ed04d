// MOD-6: the decoder as a whole, over tokens or row embeddings, positions and visible keys; forward, then backward.

/// Everything a forward pass computed for the rows fed.
public struct ForwardTrace: Hashable, Sendable {
  /// One trace per layer; the first one's input is the embedding.
  public let layers: [DecoderLayerTrace]
  /// The last layer's output: [rows, hidden].
  public let hidden: Tensor
  /// RMSNorm of the last layer's output: [rows, hidden].
  public let finalNorm: Tensor
  /// [rows, V'].
  public let logits: Tensor
}

/// A Llama decoder: configuration, weights and the functions it is made of.
public struct Transformer: Sendable {
  /// The shape of every parameter.
  public let configuration: Configuration
  /// The parameters, read when they are needed.
  public let weights: Weights
  /// What each layer computes, and how its output is rounded.
  public let functions: LayerFunctions

  /// A model of weights that fit the configuration; `ParameterSet.check` checks that they do.
  public init(configuration: Configuration, weights: Weights, functions: LayerFunctions) {
    self.configuration = configuration
    self.weights = weights
    self.functions = functions
  }

  /// The embeddings of token ids: [tokens.count, hidden]. Throws `tokenOutsideModel`.
  public func embed(_ tokens: [Int]) throws(ModelError) -> Tensor {
    for (index, token) in tokens.enumerated() where token < 0 || token >= configuration.vocabularySize {
      throw .tokenOutsideModel(token: token, index: index, vocabulary: configuration.vocabularySize)
    }
    return try functions.embedding(of: tokens, from: weights)
  }

  /// An empty cache: no entries in any layer.
  public var noPast: [KeyValues] {
    let empty = Tensor(zeros: [0, configuration.heads.keyValue * configuration.heads.dimension])
    return Array(repeating: KeyValues(keys: empty, values: empty), count: configuration.layers)
  }

  /// A forward pass of rows given as embeddings [rows, hidden]; keys are the entries of `past`, then these rows. Throws
  /// `positionBeyondLimit`.
  public func forward(
    embeddings: Tensor, positions: [Int], visible: VisibleKeys, past: [KeyValues]
  ) throws(ModelError) -> ForwardTrace {
    precondition(embeddings.rows == positions.count && embeddings.rows == visible.lists.count, "one of each per row")
    precondition(past.count == configuration.layers, "a cache per layer")
    try configuration.check(positions: positions)
    let angles = functions.angles(positions, configuration.rotation)
    var layers: [DecoderLayerTrace] = []
    var hidden = embeddings
    for index in 0..<configuration.layers {
      let trace = try layer(index).forward(
        hidden, angles: angles, visible: functions.visibleInLayer(visible, index), past: past[index])
      hidden = trace.output
      layers.append(trace)
    }
    let gain = try weights.tensor(ParameterName.finalNorm).values
    let finalNorm = functions.rmsNorm(hidden, gain: gain, epsilon: configuration.epsilon)
    let logits = try functions.linear(
      finalNorm, parameter: configuration.headName, outputs: configuration.vocabularySize, from: weights)
    return ForwardTrace(layers: layers, hidden: hidden, finalNorm: finalNorm, logits: logits)
  }

  /// One layer alone on rows [rows, hidden], without past entries; only that layer's parameters are read.
  public func forward(
    layer index: Int, _ x: Tensor, positions: [Int], visible: VisibleKeys
  ) throws(ModelError) -> DecoderLayerTrace {
    precondition(x.rows == positions.count && x.rows == visible.lists.count, "one of each per row")
    try configuration.check(positions: positions)
    let angles = functions.angles(positions, configuration.rotation)
    return try layer(index).forward(x, angles: angles, visible: visible, past: noPast[index])
  }

  func layer(_ index: Int) -> DecoderLayer {
    DecoderLayer(
      name: ParameterName.layer(index), configuration: configuration, weights: weights, functions: functions)
  }
}

/// The gradients of a loss with respect to the parameters and the rows fed.
public struct ModelGradients: Hashable, Sendable {
  /// One tensor per parameter.
  public var parameters: ParameterSet
  /// The gradient of the row embeddings that were fed: [rows, hidden].
  public var embeddings: Tensor
}

extension Transformer {
  /// Gradients given those of the logits, [rows, V']; `trace` is of a forward pass without past entries.
  ///
  /// `tokens` are the ids whose embeddings were fed, nil if embeddings were given: then no gradient reaches the table. A tied
  /// table receives the head's gradient first, then the embedding's (MOD-6).
  public func backward(
    _ dLogits: Tensor, trace: ForwardTrace, tokens: [Int]?, positions: [Int], visible: VisibleKeys
  ) throws(ModelError) -> ModelGradients {
    let f = functions
    var gradients = ParameterSet([:])
    // logits = finalNorm · headᵀ
    let head = try weights.tensor(configuration.headName)
    let dHead = f.linearBackward(dLogits, input: trace.finalNorm, weight: head)
    gradients.add(dHead.weight, to: configuration.headName)
    // finalNorm = RMSNorm(hidden)
    let gain = try weights.tensor(ParameterName.finalNorm)
    let dNorm = f.rmsNormBackward(
      dHead.input, input: trace.hidden, gain: gain.values, epsilon: configuration.epsilon)
    gradients.add(Tensor(shape: gain.shape, values: dNorm.gain), to: ParameterName.finalNorm)

    let angles = f.angles(positions, configuration.rotation)
    var dHidden = dNorm.input
    for index in (0..<configuration.layers).reversed() {
      dHidden = try layer(index).backward(
        dHidden, trace: trace.layers[index], angles: angles, visible: f.visibleInLayer(visible, index),
        gradients: &gradients)
    }
    if let tokens {
      let dTable = f.embeddingBackward(dHidden, tokens: tokens, vocabularySize: configuration.vocabularySize)
      gradients.add(dTable, to: ParameterName.embedding)
    }
    for (name, shape) in configuration.parameters where gradients.tensors[name] == nil {
      gradients.tensors[name] = Tensor(zeros: shape)
    }
    return ModelGradients(parameters: gradients, embeddings: dHidden)
  }
}
