// GEN, REC: a cache that is filled, emptied or read wrongly.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors
import NaiveLlama

extension Mutant {
  /// Other rules of generation, for `schedule` too; attention then sees the whole cache that the mask allows.
  static func scheduled(
    _ id: String, _ sentence: String, on operations: Set<Operation> = Set.caches.union([.schedule]),
    seesWholeCache: Bool, _ change: @escaping @Sendable (inout LoMARules, _ promptLength: Int) -> Void
  ) -> Mutant {
    answers(id, .generation, sentence, on: operations) { answers, request in
      let integers = request.parameters["prompt_length"]
      let length = integers.map { if case .integer(let value) = $0 { value } else { 0 } }
      change(&answers.rules, length ?? (try? request.texts().first?.count) ?? 0)
      if request.operation == .schedule {
        guard let tensors = try? request.schedule(answers.rules.compression, compressesAtStart: false) else { return }
        answers.finish = { _ in tensors }
      } else if seesWholeCache {
        answers.rules.visible = { mask, queries in wholeCache(mask, queries) }
      }
    }
  }

  /// All entries cached before, and those of the rows fed now that the mask shows.
  static func wholeCache(_ mask: Mask, _ queries: Range<Int>) -> VisibleKeys {
    let lists = queries.map { query in
      mask.rows.indices.filter { key in
        let isRepetition = mask.rows[query].place.zone == .repetition
        return key < queries.lowerBound && !isRepetition || mask.allows(query: query, key: key)
      }
    }
    return VisibleKeys(lists: lists, keyCount: mask.rows.count)
  }

  static var generation: [Mutant] { timings + entries + choices + rooms }

  private static var timings: [Mutant] {
    [
      scheduled("M140", "I compressed one token late", seesWholeCache: true) { rules, _ in
        rules.compression.next = { fed, parameters in
          (max(fed - 1, 0) / parameters.chunkLength + 1) * parameters.chunkLength + 1
        }
      },
      scheduled("M141", "I compressed one token early", seesWholeCache: true) { rules, _ in
        rules.compression.next = { fed, parameters in
          let length = parameters.chunkLength
          return length == 1 ? fed + 1 : ((fed + 1) / length + 1) * length - 1
        }
        rules.compression.keeps = { place, _ in place.zone != .reading }
      },
      // A chunk that was never compressed cannot be reconstructed.
      scheduled("M142", "I compressed a long prompt once", on: [.generate, .schedule], seesWholeCache: true) {
        rules, prompt in
        rules.compression.next = { fed, parameters in
          let length = parameters.chunkLength
          let end = (prompt + length - 1) / length * length
          return fed < length || fed >= end ? (fed / length + 1) * length : end
        }
        rules.compression.keeps = { place, _ in place.zone != .reading }
      },
      answers("M151", .generation, "I compressed at 0 tokens, a multiple of L", on: [.schedule]) { answers, request in
        guard let tensors = try? request.schedule(answers.rules.compression, compressesAtStart: true) else { return }
        answers.finish = { _ in tensors }
      },
      Mutant("M143", .generation, "I fed the last token chosen", on: [.schedule]) { answers, request in
        guard case .integer(let count)? = request.parameters["generate"], count > 0 else { return nil }
        return (answers, request.with(parameters: request.parameters.adding(["generate": .integer(count + 1)])))
      },
    ]
  }

  private static var entries: [Mutant] {
    [
      scheduled("M144", "I kept the reading entries of a compressed chunk", seesWholeCache: true) { rules, _ in
        rules.compression.keeps = { _, _ in true }
      },
      scheduled("M145", "I kept the memory of the last chunk only", seesWholeCache: false) { rules, _ in
        rules.compression.keeps = { place, chunk in place.zone == .memory && place.chunk == chunk }
      },
      answers("M153", .generation, "I dropped the first L entries of the cache at every compression", on: .caches) {
        answers, request in
        guard let parameters = try? request.lomaParameters() else { return }
        // Each compression feeds L + t rows and drops L, so the (k + 1)·t rows fed last stay.
        let order = FedRows(parameters)
        answers.rules.compression.keeps = { place, chunk in
          (order.index(of: place) ?? 0) >= (chunk + 1) * parameters.chunkLength
        }
      },
      answers("M146", .generation, "I fed memory rows one at a time", on: .caches) { answers, _ in
        answers.rules.memoryPasses = { t in (0..<t).map { $0..<$0 + 1 } }
      },
      Mutant("M147", .generation, "I cached keys before their rotation and rotated them by their slot", on: .caches) {
        answers, request in
        guard let rotation = request.model.flatMap({ answers.models[$0] })?.configuration.rotation else { return nil }
        var answers = answers
        let right = answers.functions.attend
        answers.functions.rotate = { x, _ in x }
        answers.functions.attend = { q, k, v, visible, heads, workers in
          let slots = Array(0..<k.rows)
          func turned(_ x: Tensor, _ slots: [Int]) -> Tensor {
            RotaryPosition.forward(x, angles: RotaryAngles(positions: slots, rotation: rotation))
          }
          return right(turned(q, Array(slots.suffix(q.rows))), turned(k, slots), v, visible, heads, workers)
        }
        return (answers, request)
      },
    ]
  }

  private static var choices: [Mutant] {
    [
      answers("M148", .generation, "I chose the token after a chunk from `<m>`", on: [.generate]) { answers, _ in
        answers.rules.logitsAfterCompression = { _, memory in memory }
      },
      answers("M149", .generation, "I let special ids be chosen", on: .caches) { answers, _ in
        answers.rules.choose = { _, scores in
          scores.indices.reduce(0) { scores[$1] > scores[$0] ? $1 : $0 }
        }
        // A port that lets special tokens be chosen feeds them too.
        answers.rules.check = { _, _ in }
      },
      answers("M150", .generation, "I took the highest id among equal scores", on: .caches) { answers, _ in
        answers.rules.choose = { vocabulary, scores in
          (0..<vocabulary.textSize).reduce(0) { scores[$1] >= scores[$0] ? $1 : $0 }
        }
      },
    ]
  }
}

extension Request {
  /// The events of a wrong compression rule as integers, in the form of OPS-2.
  fileprivate func schedule(
    _ rule: CompressionRule, compressesAtStart: Bool
  ) throws(RequestError) -> [ResultTensor] {
    let parameters = try lomaParameters()
    let (prompt, count) = (try integer("prompt_length"), try integer("generate"))
    let n = try input { () throws(InputError) in try parameters.fedLength(prompt: prompt, generating: count) }
    let order = FedRows(parameters)
    var state = CacheState(parameters: parameters, rule: rule)
    var steps: [(CacheStep, entries: [Int])] = []
    func note(_ step: CacheStep, _ places: [Place]) { steps.append((step, places.compactMap { order.index(of: $0) })) }
    if compressesAtStart { state.compress(note) }
    for _ in 0..<n { state.feed(note) }
    return Request.scheduleTensors(steps)
  }
}
