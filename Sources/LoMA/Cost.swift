// COST-1, COST-2: the bytes of the cache and the number of scores that attention computes, in closed form. Paper §3.4.

/// The scores computed for one text: visible (query, key) pairs per layer and query head, without pads (COST-2).
public struct Cost: Hashable, Sendable {
  /// Compression ratio, memory length and chunk length.
  public let parameters: Parameters
  /// The decisions, some of which change what is visible.
  public let profile: Profile
  /// n, the number of text tokens.
  public let textLength: Int

  /// The cost of a text of n tokens; throws `InputError` for n outside 0…`Parameters.limit`.
  public init(textLength: Int, parameters: Parameters, profile: Profile) throws(InputError) {
    try Parameters.check(textLength: textLength)
    self.parameters = parameters
    self.profile = profile
    self.textLength = textLength
  }

  private var fullChunks: Int { parameters.fullChunks(textLength) }

  /// T = F(F − 1)/2: the number of pairs of a full chunk and an earlier one.
  private var chunkPairs: Int { fullChunks * (fullChunks - 1) / 2 }

  /// The visible pairs of the generation layout: L·t·T + F·L(L+1)/2 + r·t·F + r(r+1)/2 + F·(t·L + A) + B.
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

  /// The visible pairs of reconstructing chunk k: S + L·t, or S + L·t·(k+1) if earlier memories are visible too.
  ///
  /// Throws `InputError` for a chunk outside 0..<F.
  public func reconstruction(chunk: Int) throws(InputError) -> Int {
    guard chunk >= 0, chunk < fullChunks else { throw .noSuchChunk(chunk, fullChunks: fullChunks) }
    let memories = parameters.chunkLength * parameters.t
    return switch profile.repetitionContext {
    case .ownMemory: repetitionPairs + memories
    case .pastMemories: repetitionPairs + memories * (chunk + 1)
    }
  }

  /// The training layout's visible pairs: generation + F·(S + L·t), plus L·t·T if earlier memories are visible too.
  public var training: Int {
    let memories = parameters.chunkLength * parameters.t
    let pastMemories =
      switch profile.repetitionContext {
      case .ownMemory: 0
      case .pastMemories: memories * chunkPairs
      }
    return generation + fullChunks * (repetitionPairs + memories) + pastMemories
  }

  /// The visible pairs of causal attention over the text alone, without LoMA: n(n + 1)/2.
  public var fullAttention: Int { textLength * (textLength + 1) / 2 }

  /// S: the visible pairs among the L repetition rows of one chunk.
  private var repetitionPairs: Int {
    let length = parameters.chunkLength
    return switch profile.repetitionAttention {
    case .causal: length * (length + 1) / 2
    case .bidirectional: length * length
    case .selfOnly: length
    }
  }
}

/// The size of one cache entry, a row's key and value in all layers (COST-1).
public struct CacheEntrySize: Hashable, Sendable {
  /// Bytes: 2 · layers · KV heads · head dimension · bytes per element.
  public let bytes: Int

  /// Throws `InputError` for a factor below one and for a product that does not fit an `Int`.
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
