// `loma explain` as a value: checked inputs and the results that LoMA computes from them (chapters 1–7 and 9 of the
// Spec).

import LoMA

/// Inputs that passed all checks, with their costs and counts; layouts are built only when a section needs them.
package struct Explanation: MethodExplanation {
  package static let drawnSections: [ExplanationSection] = [.mask, .positions, .schedule, .cost]

  package let inputs: ExplanationInputs
  /// c, t and L.
  package let parameters: Parameters
  /// Nil if no text has ids and no vocabulary was given.
  package let vocabulary: Vocabulary?
  /// The number of tokens fed for each text: its length, or prompt + m − 1 (GEN-5).
  package let fedLengths: [Int]
  /// The cost of each fed text (COST-2).
  package let costs: [Cost]
  /// The size of a cache entry in bytes, if its factors are given (COST-1); else nil.
  package let entryBytes: Int?
  /// The counts of REC-2 pooled over the texts, if reconstructions are given or no text has a full chunk; else nil.
  package let metrics: Metrics?

  /// Makes all checks of the Spec; throws the Spec's rejections.
  package init(_ inputs: ExplanationInputs) throws(InputError) {
    let parameters = try Parameters(c: inputs.c, t: inputs.t)
    let vocabulary = try Explanation.vocabulary(inputs)
    var fedLengths: [Int] = []
    var costs: [Cost] = []
    for text in inputs.texts {
      if let ids = text.ids { try vocabulary?.check(text: ids) } else { try Parameters.check(textLength: text.length) }
      let fed = try parameters.fedLength(prompt: text.length, generating: inputs.generationLength ?? 0)
      let cost = try Cost(textLength: fed, parameters: parameters, profile: inputs.profile)
      if let chunk = inputs.chunk { _ = try cost.reconstruction(chunk: chunk) }
      fedLengths.append(fed)
      costs.append(cost)
    }
    self.inputs = inputs
    self.parameters = parameters
    self.vocabulary = vocabulary
    self.fedLengths = fedLengths
    self.costs = costs
    self.metrics = try Explanation.metrics(inputs, parameters)
    self.entryBytes = try Explanation.entryBytes(inputs, parameters, fedLengths)
  }

  /// The number of rows of the longest layout, to which a batch is padded; in closed form (LAY-4, LAY-5).
  package var rowCount: Int {
    let counts = inputs.texts.map { text in
      switch inputs.layout {
      case .training: parameters.trainingRows(text.length)
      case .generation: parameters.generationRows(text.length)
      }
    }
    return counts.max() ?? 0
  }

  /// The rows of every text, padded to the same length (MSK-11); call it only if `rowCount` rows fit in memory.
  package func batch() throws(InputError) -> Batch {
    var layouts: [Layout] = []
    for text in inputs.texts {
      // The ids of a text given by its length do not matter: each token's id is its index, and only its name is shown.
      let (tokens, ids) =
        if let tokens = text.ids {
          (tokens, try vocabulary(ofGivenIds: tokens))
        } else {
          (Array(0..<text.length), try Vocabulary(textSize: max(text.length, 1)))
        }
      let layout =
        switch inputs.layout {
        case .training:
          try Layout.training(text: tokens, vocabulary: ids, parameters: parameters, profile: inputs.profile)
        case .generation:
          try Layout.generation(text: tokens, vocabulary: ids, parameters: parameters, profile: inputs.profile)
        }
      layouts.append(layout)
    }
    return Batch(layouts)
  }

  /// The vocabulary of a text given as ids; `init` has checked that there is one.
  private func vocabulary(ofGivenIds tokens: [Int]) throws(InputError) -> Vocabulary {
    guard let vocabulary else { return try Vocabulary(textSize: 1) }
    return vocabulary
  }

  /// PAR-2 with its defaults; nil if nothing about ids was given.
  private static func vocabulary(_ inputs: ExplanationInputs) throws(InputError) -> Vocabulary? {
    var largest: Int?
    for text in inputs.texts {
      switch text {
      case .length: continue
      case .tokens(let tokens): largest = max(largest ?? 0, tokens.max() ?? 0)
      // A byte may be any of 256.
      case .string: largest = max(largest ?? 0, 255)
      }
    }
    let given = [inputs.textVocabulary, inputs.memoryToken, inputs.repetitionToken, inputs.modelVocabulary]
    guard largest != nil || given.contains(where: { $0 != nil }) else { return nil }
    let size = inputs.textVocabulary ?? (largest ?? 0).successor
    let defaults = try Vocabulary(textSize: size)
    let memory = inputs.memoryToken ?? defaults.memoryToken
    let repetition = inputs.repetitionToken ?? defaults.repetitionToken
    return try Vocabulary(
      textSize: size, memoryToken: memory, repetitionToken: repetition,
      modelSize: inputs.modelVocabulary ?? max(memory, repetition).successor)
  }

  /// REC-2; in a text given by its length, token g has id g. Only full chunks are compared, so no tail is built.
  private static func metrics(_ inputs: ExplanationInputs, _ parameters: Parameters) throws(InputError) -> Metrics? {
    let compared = inputs.texts.map { parameters.fullChunks($0.length) * parameters.chunkLength }
    guard !inputs.reconstructed.isEmpty || compared.allSatisfy({ $0 == 0 }) else { return nil }
    var pairs: [(text: [Int], reconstruction: [Int])] = []
    for (index, reconstruction) in inputs.reconstructed.enumerated() where index < inputs.texts.count {
      guard reconstruction.count == compared[index] else {
        throw .reconstructionLengthMismatch(reconstruction.count, expected: compared[index])
      }
      let ids = inputs.texts[index].ids ?? Array(0..<compared[index])
      pairs.append((Array(ids.prefix(compared[index])), reconstruction))
    }
    return try Metrics(pairs, parameters: parameters)
  }

  /// COST-1, checked for overflow against the largest cache it will be multiplied by.
  private static func entryBytes(
    _ inputs: ExplanationInputs, _ parameters: Parameters, _ fedLengths: [Int]
  ) throws(InputError) -> Int? {
    try inputs.cacheEntry?.bytes(forEntries: fedLengths.map { max($0, parameters.cacheMaximum(whileFeeding: $0)) })
  }
}

extension CacheEntryFactors {
  /// The bytes of an entry (COST-1); throws if they, or those of so many entries, do not fit an integer.
  func bytes(forEntries counts: [Int]) throws(InputError) -> Int {
    let size = try CacheEntrySize(
      layers: layers, keyValueHeads: keyValueHeads, headDimension: headDimension, bytesPerElement: bytesPerElement)
    for count in counts where size.bytes.multipliedReportingOverflow(by: count).overflow {
      throw .cacheSizeOutOfRange(
        layers: layers, keyValueHeads: keyValueHeads, headDimension: headDimension, bytesPerElement: bytesPerElement)
    }
    return size.bytes
  }
}

extension Int {
  /// The successor, or the same value if there is none: the checks of PAR-2 then reject it.
  fileprivate var successor: Int { self == .max ? self : self + 1 }
}
