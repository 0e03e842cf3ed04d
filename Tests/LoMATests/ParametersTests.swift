// Spec chapter 1, Parameters: PAR-1…PAR-4.

import LoMA
import Testing

@Suite("1 Parameters") struct ParametersTests {
  @Test func `PAR-1 the chunk length is t times c`() throws {
    for c in 1...20 {
      for t in 1...20 {
        let parameters = try Parameters(c: c, t: t)
        #expect(parameters.c == c)
        #expect(parameters.t == t)
        #expect(parameters.chunkLength == (0..<t).reduce(0) { sum, _ in sum + c })
      }
    }
  }

  @Test func `PAR-1 c and t are at least one`() {
    for value in [0, -1, Int.min] {
      #expect(throws: InputError.ratioBelowOne(value)) { try Parameters(c: value, t: 1) }
      #expect(throws: InputError.memoryLengthBelowOne(value)) { try Parameters(c: 1, t: value) }
    }
  }

  @Test func `PAR-1 a chunk length beyond the limit is rejected, overflow included`() throws {
    let limit = Parameters.limit
    #expect(try Parameters(c: limit, t: 1).chunkLength == limit)
    #expect(try Parameters(c: 1, t: limit).chunkLength == limit)
    for (c, t) in [(limit + 1, 1), (limit / 2 + 1, 2), (Int.max, 1), (Int.max, 2), (Int.max, Int.max), (3, Int.max)] {
      #expect(throws: InputError.chunkTooLong(c: c, t: t, limit: limit)) { try Parameters(c: c, t: t) }
    }
  }

  @Test func `PAR-2 the special ids are V and V + 1 where nothing else is said`() throws {
    let vocabulary = try Vocabulary(textSize: 32_000)
    #expect(vocabulary.textSize == 32_000)
    #expect(vocabulary.memoryToken == 32_000)
    #expect(vocabulary.repetitionToken == 32_001)
    #expect(vocabulary.modelSize == 32_002)
  }

  @Test func `PAR-2 the special ids may stand anywhere from V to below the model's size`() throws {
    for (memory, repetition) in [(4, 5), (5, 4), (9, 4), (8, 9)] {
      let vocabulary = try Vocabulary(
        textSize: 4, memoryToken: memory, repetitionToken: repetition, modelSize: 10)
      #expect(vocabulary.memoryToken == memory)
      #expect(vocabulary.repetitionToken == repetition)
      #expect(vocabulary.modelSize == 10)
    }
  }

  @Test func `PAR-2 a special id inside the text vocabulary is rejected`() {
    for id in [3, 0, -1, Int.min] {
      #expect(throws: InputError.specialTokenInTextVocabulary(id: id, textVocabulary: 4)) {
        try Vocabulary(textSize: 4, memoryToken: id, repetitionToken: 5, modelSize: 10)
      }
      #expect(throws: InputError.specialTokenInTextVocabulary(id: id, textVocabulary: 4)) {
        try Vocabulary(textSize: 4, memoryToken: 5, repetitionToken: id, modelSize: 10)
      }
    }
  }

  @Test func `PAR-2 equal special ids are rejected`() {
    #expect(throws: InputError.equalSpecialTokens(5)) {
      try Vocabulary(textSize: 4, memoryToken: 5, repetitionToken: 5, modelSize: 10)
    }
  }

  @Test func `PAR-2 a model without room for a special id is rejected`() {
    #expect(throws: InputError.noRoomForSpecialToken(id: 4, modelVocabulary: 4)) {
      try Vocabulary(textSize: 4, memoryToken: 4, repetitionToken: 5, modelSize: 4)
    }
    #expect(throws: InputError.noRoomForSpecialToken(id: 5, modelVocabulary: 5)) {
      try Vocabulary(textSize: 4, memoryToken: 4, repetitionToken: 5, modelSize: 5)
    }
    #expect(throws: InputError.noRoomForSpecialToken(id: Int.max, modelVocabulary: 10)) {
      try Vocabulary(textSize: 4, memoryToken: 4, repetitionToken: Int.max, modelSize: 10)
    }
  }

  @Test func `PAR-2 a vocabulary size outside 1 to the limit is rejected`() throws {
    let limit = Parameters.limit
    for size in [0, -1, Int.min, limit + 1, Int.max] {
      #expect(throws: InputError.vocabularySizeOutOfRange(size, limit: limit)) {
        try Vocabulary(textSize: size, memoryToken: 4, repetitionToken: 5, modelSize: 10)
      }
      #expect(throws: InputError.vocabularySizeOutOfRange(size, limit: limit)) {
        try Vocabulary(textSize: 4, memoryToken: 4, repetitionToken: 5, modelSize: size)
      }
    }
    #expect(try Vocabulary(textSize: limit - 2).modelSize == limit)
    for size in [0, -1, limit - 1, Int.max] {
      #expect(throws: InputError.vocabularySizeOutOfRange(size, limit: limit - 2)) { try Vocabulary(textSize: size) }
    }
  }

  @Test func `PAR-3 a text token outside the text vocabulary is rejected, with its index`() throws {
    let vocabulary = try Vocabulary(textSize: 10)
    #expect(throws: Never.self) { try vocabulary.check(text: [0, 9, 5]) }
    for token in [10, 11, 12, -1, Int.max, Int.min] {
      let expected = InputError.textTokenOutOfRange(token: token, index: 2, textVocabulary: 10)
      #expect(throws: expected) { try vocabulary.check(text: [0, 9, token, -5]) }
      let parameters = try Parameters(c: 2, t: 1)
      #expect(throws: expected) {
        try Layout.training(text: [0, 9, token], vocabulary: vocabulary, parameters: parameters, profile: .base)
      }
      #expect(throws: expected) {
        try Layout.generation(text: [0, 9, token], vocabulary: vocabulary, parameters: parameters, profile: .base)
      }
    }
  }

  @Test func `PAR-4 the empty text has no rows, no cost and nothing to cache`() throws {
    for profile in Profile.all {
      let sample = try Sample(c: 2, t: 2, n: 0, profile)
      #expect(try sample.training().rows.isEmpty)
      #expect(try sample.generation().rows.isEmpty)
      #expect(Mask(rows: [], profile: profile).cells().isEmpty)
      let cost = try Cost(textLength: 0, parameters: sample.parameters, profile: profile)
      #expect([cost.generation, cost.training, cost.fullAttention] == [0, 0, 0])
    }
    let parameters = try Parameters(c: 2, t: 2)
    #expect(try CacheSchedule(fedLength: 0, parameters: parameters).steps.isEmpty)
    #expect([parameters.cacheSize(afterFeeding: 0), parameters.cacheMaximum(whileFeeding: 0)] == [0, 0])
    let batch = Batch([try Sample(c: 2, t: 2, n: 0).training()])
    #expect(LossTerm.allCases.map { batch.labelledRows($0) } == [0, 0])
    #expect(Batch([]).rowCount == 0)
  }
}
