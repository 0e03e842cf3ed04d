// COST-1, COST-2: what the cache weighs and how many scores attention evaluates, in closed form. Paper §3.4.

/// Score evaluations of one text: visible (query, key) pairs per layer and query head, pads excluded (COST-2).
public struct Cost: Hashable, Sendable {
  /// c, t and L.
  public let parameters: Parameters
  /// The decisions that change what is visible.
  public let profile: Profile
  /// n, the number of text tokens.
  public let textLength: Int

  /// The cost of a text of n tokens; rejects n outside 0…`Parameters.limit`.
  public init(textLength: Int, parameters: Parameters, profile: Profile) throws(InputError) {
    try Parameters.check(textLength: textLength)
    self.parameters = parameters
    self.profile = profile
    self.textLength = textLength
  }

  private var fullChunks: Int { parameters.fullChunks(textLength) }

  /// T = F(F − 1)/2, the pairs of an earlier and a later full chunk.
  private var chunkPairs: Int { fullChunks * (fullChunks - 1) / 2 }

  /// L·t·T + F·L(L+1)/2 + r·t·F + r(r+1)/2 + F·(t·L + A) + B: the generation layout's visible pairs.
  public var generation: Int {
    let (t, length) = (parameters.t, parameters.chunkLength)
    let tail = parameters.tailLength(textLength)
    let fullReading = length * t * chunkPairs + fullChunks * (length * (length + 1) / 2)
    let tailReading = tail * t * fullChunks + tail * (tail + 1) / 2
    let memoryPairs =
      switch profile.memoryAttention {
      case .bidirectional: t * t
      case .causal: t * (t + 1) / 2
      }
    let pastMemories =
      switch profile.memoryContext {
      case .pastMemories: t * t * chunkPairs
      case .ownChunk: 0
      }
    return fullReading + tailReading + fullChunks * (t * length + memoryPairs) + pastMemories
  }

  /// S + L·t, with L·t·(k+1) where the memories of earlier chunks are seen too: reconstructing chunk k.
  ///
  /// Rejects a chunk outside 0..<F.
  public func reconstruction(chunk: Int) throws(InputError) -> Int {
    guard chunk >= 0, chunk < fullChunks else { throw .noSuchChunk(chunk, fullChunks: fullChunks) }
    let memories = parameters.chunkLength * parameters.t
    return switch profile.repetitionContext {
    case .ownMemory: repetitionPairs + memories
    case .pastMemories: repetitionPairs + memories * (chunk + 1)
    }
  }

  /// generation + F·(S + L·t), and L·t·T where repetition rows see earlier memories: the training layout's pairs.
  public var training: Int {
    let memories = parameters.chunkLength * parameters.t
    let pastMemories =
      switch profile.repetitionContext {
      case .ownMemory: 0
      case .pastMemories: memories * chunkPairs
      }
    return generation + fullChunks * (repetitionPairs + memories) + pastMemories
  }

  /// n(n + 1)/2: causal attention over the text alone.
  public var fullAttention: Int { textLength * (textLength + 1) / 2 }

  /// S: the pairs among the L repetition rows of one chunk.
  private var repetitionPairs: Int {
    let length = parameters.chunkLength
    return switch profile.repetitionAttention {
    case .causal: length * (length + 1) / 2
    case .bidirectional: length * length
    case .selfOnly: length
    }
  }
}

/// What one cache entry weighs (COST-1).
public struct CacheEntrySize: Hashable, Sendable {
  /// 2 · layers · KV heads · head dimension · bytes per element.
  public let bytes: Int

  /// Rejects factors below one and products that do not fit an integer.
  public init(layers: Int, keyValueHeads: Int, headDimension: Int, bytesPerElement: Int) throws(InputError) {
    var bytes = 2
    for factor in [layers, keyValueHeads, headDimension, bytesPerElement] {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: factor)
      guard factor >= 1, !overflow else {
        throw .cacheSizeOutOfRange(
          layers: layers, keyValueHeads: keyValueHeads, headDimension: headDimension,
          bytesPerElement: bytesPerElement)
      }
      bytes = product
    }
    self.bytes = bytes
  }
}
