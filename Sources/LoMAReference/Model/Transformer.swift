// MOD-6: the decoder as a whole, over (tokens or row embeddings, positions, visible keys).

/// What a forward pass computed for the rows fed.
public struct ForwardTrace: Hashable, Sendable {
  /// One trace per layer; the first one's input is the embedding.
  public let layers: [DecoderLayerTrace]
  /// The last layer's output: [rows, hidden].
  public let hidden: Tensor
  /// RMSNorm of the last layer's output.
  public let finalNorm: Tensor
  /// [rows, V'].
  public let logits: Tensor
}

/// A Llama decoder: configuration, weights and the functions it is made of.
public struct Transformer: Sendable {
  /// The shape of the model.
  public let configuration: Configuration
  /// Its parameters.
  public let weights: Weights
  /// Its layer functions.
  public let functions: LayerFunctions

  /// A model; the weights are taken to fit the configuration (`ParameterSet.check`).
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
    return functions.round(try weights.rows(tokens, of: ParameterName.embedding))
  }

  /// An empty cache: no entries in any layer.
  public var noPast: [KeyValues] {
    let empty = Tensor(zeros: [0, configuration.heads.keyValue * configuration.heads.dimension])
    return Array(repeating: KeyValues(keys: empty, values: empty), count: configuration.layers)
  }

  /// A forward pass of rows given as embeddings [rows, hidden]; keys are the entries of `past`, then these rows.
  public func forward(
    embeddings: Tensor, positions: [Int], visible: VisibleKeys, past: [KeyValues]
  ) throws(ModelError) -> ForwardTrace {
    precondition(embeddings.rows == positions.count && embeddings.rows == visible.lists.count, "one of each per row")
    precondition(past.count == configuration.layers, "a cache per layer")
    let angles = functions.angles(positions, configuration.heads.dimension, configuration.theta)
    var layers: [DecoderLayerTrace] = []
    var hidden = embeddings
    for index in 0..<configuration.layers {
      let trace = try layer(index).forward(
        hidden, angles: angles, visible: functions.visibleInLayer(visible, index), past: past[index])
      hidden = trace.output
      layers.append(trace)
    }
    let gain = try weights.tensor(ParameterName.finalNorm).values
    let finalNorm = functions.round(functions.rmsNorm(hidden, gain, configuration.epsilon))
    let logits = try functions.linear(
      finalNorm, configuration.headName, outputs: configuration.vocabularySize, from: weights)
    return ForwardTrace(layers: layers, hidden: hidden, finalNorm: finalNorm, logits: logits)
  }

  /// One layer alone on rows [rows, hidden], without past entries; only that layer's parameters are read.
  public func forward(
    layer index: Int, _ x: Tensor, positions: [Int], visible: VisibleKeys
  ) throws(ModelError) -> DecoderLayerTrace {
    precondition(x.rows == positions.count && x.rows == visible.lists.count, "one of each per row")
    let angles = functions.angles(positions, configuration.heads.dimension, configuration.theta)
    return try layer(index).forward(x, angles: angles, visible: visible, past: noPast[index])
  }

  func layer(_ index: Int) -> DecoderLayer {
    DecoderLayer(
      name: ParameterName.layer(index), configuration: configuration, weights: weights, functions: functions)
  }
}
