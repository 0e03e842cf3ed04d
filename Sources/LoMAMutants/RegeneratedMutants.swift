// GEN-3, GEN-4, REC-1: wrong schedules, cache orders, chosen tokens and reconstructions.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors
import NaiveLlama

extension Mutant {
  static var regenerated: [Mutant] { borders + tails + tokens + recitals + orders }

  private static var borders: [Mutant] {
    [
      scheduled(
        "M280", "I counted chunks from the end of the prompt again", on: [.generate, .schedule], seesWholeCache: true
      ) {
        rules, prompt in
        rules.compression.next = { fed, parameters in
          let length = parameters.chunkLength
          let next = (fed / length + 1) * length
          return next <= prompt ? next : prompt + (max(fed - prompt, 0) / length + 1) * length
        }
        rules.compression.keeps = { place, _ in place.zone != .reading }
      }.asked { _, request in
        let (length, prompt) = (request.chunkLength, request.promptLength)
        return length > 0 && prompt % length != 0 && request.longest >= (prompt / length + 1) * length
      },
      scheduled("M281", "I compressed as soon as the cache had L entries, memory among them", seesWholeCache: true) {
        rules, _ in
        rules.compression.next = { fed, parameters in
          var (border, chunks) = (parameters.chunkLength, 1)
          while border <= fed {
            border += max(1, parameters.chunkLength - parameters.t * chunks)
            chunks += 1
          }
          return border
        }
        rules.compression.keeps = { place, _ in place.zone != .reading }
      }.asked { _, request in
        guard let parameters = try? request.lomaParameters(), parameters.chunkLength > 1 else { return false }
        return request.longest >= parameters.chunkLength + max(1, parameters.chunkLength - parameters.t)
      },
    ]
  }

  /// Compresses what is left of the prompt once the prompt was fed.
  private static func compressing(
    _ id: String, _ sentence: String, _ leavesRoom: @escaping @Sendable (_ prompt: Int, _ chunkLength: Int) -> Bool
  ) -> Mutant {
    answers(id, .generation, sentence, on: [.generate]) { answers, request in
      let prompt = request.promptLength
      answers.rules.compressesTail = { fed, _ in fed == prompt }
      answers.rules.compression.keeps = { place, _ in place.zone != .reading }
      answers.rules.visible = { wholeCache($0, $1) }
    }.asked { _, request in
      let length = request.chunkLength
      return length > 0 && leavesRoom(request.promptLength, length)
    }
  }

  private static var tails: [Mutant] {
    [
      compressing("M285", "I compressed an empty prompt") { prompt, _ in prompt == 0 },
      compressing("M286", "I compressed the empty tail of a prompt of full chunks") { prompt, length in
        prompt > 0 && prompt % length == 0
      },
      compressing("M293", "I compressed the tail of the prompt too") { prompt, length in prompt % length != 0 },
    ]
  }

  private static var tokens: [Mutant] {
    [
      answers("M287", .generation, "I fed `<m>` + j in memory row j, the last id of the model at most", on: .models) {
        answers, request in
        guard let size = try? request.integer("model_vocabulary") else { return }
        let right = answers.rows
        @Sendable func wrong(_ token: Int, _ place: Place) -> Int {
          place.zone == .memory ? min(token + (place.index ?? 0), size - 1) : token
        }
        answers.rows = { (kind, text, vocabulary, parameters, profile) throws(InputError) in
          try right(kind, text, vocabulary, parameters, profile).map { row in
            Row(token: wrong(row.token, row.place), place: row.place, position: row.position, label: row.label)
          }
        }
        answers.rules.token = wrong
      }.asked { _, request in
        guard let vocabulary = try? request.vocabulary(), let parameters = try? request.lomaParameters() else {
          return false
        }
        return parameters.t > 1 && vocabulary.memoryToken + 1 < vocabulary.modelSize && request.fullChunks > 0
          && request.input["embeddings"] == nil
      },
      answers("M290", .generation, "I fed my own choice behind a compression, whatever was forced", on: [.generate]) {
        answers, request in
        let length = request.chunkLength
        answers.next = { chosen, forced, fed in fed % length == 0 ? chosen : forced ?? chosen }
      }.asked { _, request in
        guard let fed = request.fedLength, request.input["forced"] != nil, request.chunkLength > 0 else { return false }
        return (request.promptLength..<fed).contains { $0 % request.chunkLength == 0 }
      },
    ]
  }

  /// Repetition rows that are fed tokens of the text.
  private static func told(
    _ id: String, _ sentence: String, _ told: @escaping @Sendable (_ text: [Int], _ first: Int, _ index: Int) -> Int?
  ) -> Mutant {
    answers(id, .generation, sentence, on: [.reconstruct]) { answers, request in
      guard let text = (try? request.texts())?.first else { return }
      let length = request.chunkLength
      answers.rules.token = { token, place in
        guard case .repetition(let chunk, let index) = place else { return token }
        return told(text, chunk * length, index) ?? token
      }
    }
  }

  private static var recitals: [Mutant] {
    [
      told("M288", "I fed the text itself where it is to be reconstructed") { text, first, index in text[first + index]
      },
      told("M289", "I fed the token before where one is to be reconstructed") { text, first, index in
        index > 0 ? text[first + index - 1] : nil
      }.asked { _, request in request.chunkLength > 1 },
      answers("M282", .positions, "I started the positions of every reconstruction at 0", on: [.reconstruct]) {
        answers, _ in
        let right = answers.rules.position
        answers.rules.position = { place, parameters, profile in
          guard case .repetition(_, let index) = place else { return right(place, parameters, profile) }
          return index
        }
      }.asked { _, request in
        ((try? request.integer("chunk")) ?? 0) > 0 || request.axes["numbering"] == "sequential"
      },
      seeing("M283", .generation, "I let a reconstruction see the memories of all chunks", on: [.reconstruct]) {
        mask, query, key in
        let (a, b) = (mask.rows[query].place.zone, mask.rows[key].place.zone)
        return a == .repetition && b == .memory || mask.allows(query: query, key: key)
      }.asked { _, request in
        guard let chunk = try? request.integer("chunk"), let profile = try? request.profile() else { return false }
        return request.fullChunks > (profile.repetitionContext == .pastMemories ? chunk + 1 : 1)
      },
      seeing("M291", .generation, "I let a reconstruction see the tail of the text", on: [.reconstruct]) {
        mask, query, key in
        let (a, b) = (mask.rows[query].place.zone, mask.rows[key].place.zone)
        return a == .repetition && b == .reading || mask.allows(query: query, key: key)
      }.asked { _, request in request.chunkLength > 0 && request.longest % request.chunkLength != 0 },
    ]
  }

  private static var orders: [Mutant] {
    [
      answers("M284", .generation, "I put new memories in front of earlier ones", on: [.generate]) { answers, request in
        guard let parameters = try? request.lomaParameters(), let fed = request.fedLength else { return }
        let (t, length) = (parameters.t, parameters.chunkLength)
        let memories = parameters.fullChunks(fed) * t
        // The cache ends with the memories by rising chunk, then the tail.
        let order = Array(stride(from: memories - t, through: 0, by: -t)).flatMap { Array($0..<$0 + t) }
        let all = order + Array(memories..<parameters.cacheSize(afterFeeding: fed))
        precondition(all.count == memories + fed % length, "every entry once")
        answers.finish = { tensors in tensors.map { $0.name.hasPrefix("cache.") ? $0.choosing(entries: all) : $0 } }
      }.asked { _, request in request.fullChunks > 1 }
    ]
  }
}

extension ResultTensor {
  /// A tensor of cache entries in another order; they are its first dimension, or of three dimensions the second.
  fileprivate func choosing(entries order: [Int]) -> ResultTensor {
    switch content {
    case .integers(let values) where values.count == order.count:
      return .integers(name, shape: shape, order.map { values[$0] })
    case .doubles(let values) where shape.count == 3 && shape[1] == order.count:
      let (rows, width) = (shape[1], shape[2])
      let entries = (0..<shape[0]).flatMap { layer in order.map { layer * rows + $0 } }
      return .tensor(
        name, Tensor(shape: shape, values: entries.flatMap { values[$0 * width..<($0 + 1) * width] }))
    case .integers, .booleans, .doubles: return self
    }
  }
}
