// OPS-5: one text through the compressed cache, and a chunk reconstructed from it.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

extension ReferenceAnswers {
  /// A generator and the text that it is to be fed. Faults are found in the order of the list of rejections (OPS-6): c
  /// and t, ids, tokens, the faults that `check` finds, the profile, and a refused model last.
  private func generator(
    _ request: Request, forced: [Int], check: (Parameters, [Int]) throws(InputError) -> Void
  ) throws(RequestError) -> (Generator, [Int]) {
    let (parameters, vocabulary, texts) = (try request.lomaParameters(), try request.vocabulary(), try request.texts())
    guard texts.count == 1 else { throw .shape(tensor: "lengths") }
    try request.input { () throws(InputError) in
      try vocabulary.check(text: texts[0])
      try rules.check(vocabulary, forced)
      try check(parameters, texts[0])
    }
    let profile = try request.profile()
    let (configuration, weights) = try loaded(request)
    guard vocabulary.modelSize == configuration.vocabularySize else { throw .parameter("model_vocabulary") }
    let model = Transformer(configuration: configuration, weights: Weights(weights), functions: functions)
    var generator = Generator(
      transformer: model, vocabulary: vocabulary, parameters: parameters, profile: profile)
    generator.rules = rules
    return (generator, texts[0])
  }

  func generate(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let m = try request.integer("generate")
    let forced = request.input["forced"] == nil ? nil : try request.integers("forced")
    var (generator, prompt) = try generator(request, forced: forced ?? []) { (parameters, prompt) throws(InputError) in
      _ = try parameters.fedLength(prompt: prompt.count, generating: m)
    }
    if let forced, forced.count != m { throw .shape(tensor: "forced") }
    var record = GenerationRecord(configuration: generator.transformer.configuration)
    try request.model { () throws(ReferenceError) in
      try generator.feed(prompt, passLength: generator.parameters.chunkLength) { record.saw($0) }
    }
    var chosen: [Int] = []
    for step in 0..<m {
      guard let logits = generator.lastLogits else { break }
      chosen.append(rules.choose(generator.vocabulary, logits))
      guard step < m - 1 else { break }
      let next = next(chosen[step], forced?[step], prompt.count + step)
      try request.model { () throws(ReferenceError) in
        try generator.feed([next], passLength: 1) { record.saw($0) }
      }
    }
    return [.integers("chosen", shape: [chosen.count], chosen)] + record.results(generator)
  }

  func reconstruct(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let chunk = try request.integer("chunk")
    var (generator, text) = try generator(request, forced: []) { (parameters, text) throws(InputError) in
      let fullChunks = parameters.fullChunks(text.count)
      guard chunk >= 0, chunk < fullChunks else { throw .noSuchChunk(chunk, fullChunks: fullChunks) }
    }
    try request.model { () throws(ReferenceError) in
      try generator.feed(text, passLength: generator.parameters.chunkLength) { _ in }
    }
    for before in request.input["before"] == nil ? [] : try request.integers("before") {
      _ = try request.model { () throws(ReferenceError) in try generator.reconstruct(chunk: before) }
    }
    let result = try request.model { () throws(ReferenceError) in try generator.reconstruct(chunk: chunk) }
    return [.integers("tokens", shape: [result.tokens.count], result.tokens), .tensor("logits", result.logits)]
  }
}

/// The record of a generation: logits of text tokens, events, and the entries of every row fed.
private struct GenerationRecord {
  private let configuration: Configuration
  private var logits: [Double] = []
  private var events: [Int] = []
  /// The entries of the rows fed, per layer, including those dropped since.
  private var appended: [KeyValues]

  init(configuration: Configuration) {
    self.configuration = configuration
    let empty = Tensor(zeros: [0, configuration.heads.keyValue * configuration.heads.dimension])
    appended = Array(repeating: KeyValues(keys: empty, values: empty), count: configuration.layers)
  }

  mutating func saw(_ event: GenerationEvent) {
    switch event.event {
    case .read(let last):
      logits += event.logits.values
      // Tokens that were fed in one pass count as one read event each.
      for (offset, _) in event.fed.enumerated() {
        let behind = event.fed.count - 1 - offset
        events += [0, last - behind, event.cache.count - behind]
      }
    case .compress(let chunk): events += [1, chunk, event.cache.count]
    case .drop(let chunk): events += [2, chunk, event.cache.count]
    }
    let new = Array(event.cache.count - event.fed.count..<event.cache.count)
    for (layer, entries) in event.cache.layers.enumerated() {
      appended[layer] = appended[layer].appending(
        KeyValues(keys: entries.keys.selecting(rows: new), values: entries.values.selecting(rows: new)))
    }
  }

  func results(_ generator: Generator) -> [ResultTensor] {
    let width = configuration.vocabularySize
    return [
      .tensor("logits", Tensor(shape: [logits.count / width, width], values: logits)),
      .integers("events", shape: [events.count / 3, 3], events),
      stacked("appended.keys", appended.map { $0.keys }), stacked("appended.values", appended.map { $0.values }),
      .integers("cache.rows", shape: [generator.cache.count], generationRows(generator)),
      stacked("cache.keys", generator.cache.layers.map { $0.keys }),
      stacked("cache.values", generator.cache.layers.map { $0.values }),
    ]
  }

  private func generationRows(_ generator: Generator) -> [Int] {
    let (t, length) = (generator.parameters.t, generator.parameters.chunkLength)
    return generator.cache.rows.map { row in
      switch row.place {
      case .reading(let chunk, let index): chunk * (length + t) + index
      case .memory(let chunk, let index): chunk * (length + t) + length + index
      case .repetition, .pad: -1
      }
    }
  }

  private func stacked(_ name: String, _ layers: [Tensor]) -> ResultTensor {
    let (rows, width) = (layers.first?.rows ?? 0, layers.first?.columns ?? 0)
    return .tensor(name, Tensor(shape: [layers.count, rows, width], values: layers.flatMap { $0.values }))
  }
}
