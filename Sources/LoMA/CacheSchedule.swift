// GEN-1…GEN-6, GEN-8: what enters the compressed cache, what leaves it, and when. Paper §3.3, decision D-10.

/// Something that happens to the cache.
public enum CacheEvent: Hashable, Sendable {
  /// One text token is fed and its entry appended (GEN-2).
  case read(textIndex: Int)
  /// The t memory rows of a full chunk are fed in one pass and their entries appended (GEN-3).
  case compress(chunk: Int)
  /// The L reading entries of that chunk leave the cache (GEN-3).
  case drop(chunk: Int)
}

/// One event, the rows of the generation layout that it feeds, and the number of entries cached afterwards.
public struct CacheStep: Hashable, Sendable {
  /// The event: a read, a compression or a drop.
  public let event: CacheEvent
  /// The rows of the generation layout that are fed, empty for a drop.
  public let fedRows: Range<Int>
  /// Memory entries in the cache after the event; they come first, in order (GEN-6).
  public let memoryEntries: Int
  /// Reading entries in the cache after the event; they follow the memory entries unless a compression has just
  /// appended newer ones behind them.
  public let readingEntries: Int
  /// All entries in the cache after the event.
  public var cacheSize: Int { memoryEntries + readingEntries }
}

/// When a chunk is compressed and what then stays; the Spec's rule, or a deliberately wrong one.
public struct CompressionRule: Sendable {
  /// The number of text tokens after which the next chunk is compressed, given how many were fed; more than those.
  public var next: @Sendable (_ fedLength: Int, Parameters) -> Int
  /// Whether an entry stays once a chunk has been compressed.
  public var keeps: @Sendable (Place, _ chunk: Int) -> Bool

  /// GEN-3: a chunk is compressed as soon as it is full, and its own reading entries go.
  public static let spec = CompressionRule(
    next: { fedLength, parameters in (fedLength / parameters.chunkLength + 1) * parameters.chunkLength },
    keeps: { place, chunk in place.zone != .reading || place.chunk != chunk })
}

/// The cache as places, fed one text token at a time.
public struct CacheState: Sendable {
  private let parameters: Parameters
  private let rule: CompressionRule
  private var entries: [Place] = []
  private var (memoryEntries, readingEntries) = (0, 0)
  /// Text tokens fed, chunks compressed, and all rows fed.
  private var (fedLength, compressions, fedRows) = (0, 0, 0)
  /// The number of text tokens after which the next chunk is compressed.
  private var border: Int

  /// A cache without entries.
  public init(parameters: Parameters, rule: CompressionRule) {
    self.parameters = parameters
    self.rule = rule
    self.border = rule.next(0, parameters)
  }

  /// Feeds the next text token (GEN-2) and compresses at once if that is due, not before the next token (D-10).
  ///
  /// `observe` is told each event, and the places cached after it, in cache order.
  public mutating func feed(_ observe: (CacheStep, [Place]) -> Void) {
    let (chunk, index) = fedLength.quotientAndRemainder(dividingBy: parameters.chunkLength)
    entries.append(.reading(chunk: chunk, index: index))
    readingEntries += 1
    fedLength += 1
    observe(step(.read(textIndex: fedLength - 1), feeding: 1), entries)
    if fedLength == border { compress(observe) }
  }

  /// Feeds the memory rows of the next chunk, after which entries go (GEN-3); `observe` is told both events.
  public mutating func compress(_ observe: (CacheStep, [Place]) -> Void) {
    let (t, chunk) = (parameters.t, compressions)
    for index in 0..<t { entries.append(.memory(chunk: chunk, index: index)) }
    memoryEntries += t
    observe(step(.compress(chunk: chunk), feeding: t), entries)
    let keeps = rule.keeps
    entries.removeAll { !keeps($0, chunk) }
    memoryEntries = entries.count { $0.zone == .memory }
    readingEntries = entries.count - memoryEntries
    compressions += 1
    border = rule.next(fedLength, parameters)
    observe(step(.drop(chunk: chunk), feeding: 0), entries)
  }

  private mutating func step(_ event: CacheEvent, feeding count: Int) -> CacheStep {
    let rows = fedRows..<fedRows + count
    fedRows += count
    return CacheStep(event, feeding: rows, memoryEntries, readingEntries)
  }
}

/// The cache events of feeding n text tokens, prompt and generated alike (GEN-8).
public struct CacheSchedule: Hashable, Sendable {
  /// Compression ratio, memory length and chunk length.
  public let parameters: Parameters
  /// n, the number of text tokens fed.
  public let fedLength: Int
  /// The events in order, each with the state of the cache after it.
  public let steps: [CacheStep]

  /// The schedule of n fed text tokens; throws `InputError` for n outside 0…`Parameters.limit`.
  public init(fedLength: Int, parameters: Parameters) throws(InputError) {
    try Parameters.check(textLength: fedLength)
    var state = CacheState(parameters: parameters, rule: .spec)
    var steps: [CacheStep] = []
    for _ in 0..<fedLength { state.feed { step, _ in steps.append(step) } }
    self.parameters = parameters
    self.fedLength = fedLength
    self.steps = steps
  }

  /// The rows of the generation layout whose entries are in the cache after a step, in cache order.
  public func entries(after step: CacheStep) -> [Int] {
    let (t, length) = (parameters.t, parameters.chunkLength)
    let rowsPerChunk = length + t
    func memories(of chunks: Int) -> [Int] {
      (0..<chunks * t).map { $0 / t * rowsPerChunk + length + $0 % t }
    }
    switch step.event {
    case .read(let textIndex):
      let firstReading = textIndex / length * rowsPerChunk
      return memories(of: textIndex / length) + (firstReading..<step.fedRows.upperBound)
    case .compress(let chunk):
      return memories(of: chunk) + (chunk * rowsPerChunk..<step.fedRows.upperBound)
    case .drop(let chunk):
      return memories(of: chunk + 1)
    }
  }
}

extension CacheStep {
  fileprivate init(_ event: CacheEvent, feeding rows: Range<Int>, _ memory: Int, _ reading: Int) {
    self.event = event
    self.fedRows = rows
    self.memoryEntries = memory
    self.readingEntries = reading
  }
}

extension Parameters {
  /// The number of entries cached after n fed text tokens: t⌊n/L⌋ + n mod L (GEN-6).
  public func cacheSize(afterFeeding n: Int) -> Int { t * fullChunks(n) + tailLength(n) }

  /// The number of entries cached while chunk k is being compressed: tk + L + t (GEN-6).
  public func cachePeak(whileCompressing chunk: Int) -> Int { t * chunk + chunkLength + t }

  /// The largest number of entries cached while feeding n text tokens: tF + L, or n if no chunk fills (GEN-6).
  public func cacheMaximum(whileFeeding n: Int) -> Int {
    let fullChunks = fullChunks(n)
    return fullChunks >= 1 ? t * fullChunks + chunkLength : n
  }

  /// The number of text tokens fed to generate m tokens after a prompt: the last one is chosen, not fed (GEN-5).
  ///
  /// Throws `InputError` for m < 0, and for m > 0 after an empty prompt.
  public func fedLength(prompt: Int, generating m: Int) throws(InputError) -> Int {
    try Parameters.check(textLength: prompt)
    guard m >= 0 else { throw .negativeGenerationLength(m) }
    guard m > 0 else { return prompt }
    guard prompt > 0 else { throw .emptyPrompt(generationLength: m) }
    guard m <= Self.limit else { throw .textTooLong(m, limit: Self.limit) }
    let fed = prompt + m - 1
    try Parameters.check(textLength: fed)
    return fed
  }
}
