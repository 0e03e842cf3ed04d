// OPS-1: which requests can show a mistake; a mutant is asked only these.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors
import NaiveLlama

extension Mutant {
  /// The mistake, for requests that can show it; to others its author answers rightly.
  func asked(where leavesRoom: @escaping @Sendable (ReferenceAnswers, Request) -> Bool) -> Mutant {
    let apply = apply
    return Mutant(id, family, sentence, on: Set(Operation.allCases)) { answers, request in
      leavesRoom(answers, request) ? apply(answers, request) : nil
    }
  }

  /// The mistake in some types; in the others it does not show, or stays within what TOL-4 allows a right port.
  func asked(in types: Set<ElementType>) -> Mutant { asked { answers, _ in types.contains(answers.type) } }
}

extension Set where Element == Operation {
  /// The operations with attention.
  static let attending: Self = models.union([.attention, .decoderLayer])
  /// The operations with a rotary embedding.
  static let rotating: Self = models.union([.rope, .decoderLayer])
  /// The operations with RMSNorm.
  static let normalising: Self = models.union([.rmsNorm, .decoderLayer])
  /// The operations with gradients.
  static let differentiating: Self = [.gradients, .trainStep]
}

extension Request {
  /// The padded rows of every text of a batch, as `answers` lays them out; empty if there is no batch.
  func rows(_ answers: ReferenceAnswers) -> [[Row]] { (try? batch(.training, rows: answers.rows))?.texts ?? [] }

  /// The number of tokens fed; nil if there is no compressed cache.
  var fedLength: Int? {
    guard Set.caches.union([.schedule]).contains(operation), let parameters = try? lomaParameters(),
      let prompt = operation == .schedule ? try? integer("prompt_length") : (try? texts())?.first?.count
    else { return nil }
    let count = operation == .reconstruct ? 0 : (try? integer("generate")) ?? 0
    return try? parameters.fedLength(prompt: prompt, generating: count)
  }

  /// The number of tokens fed before the first is chosen.
  var promptLength: Int {
    operation == .schedule ? (try? integer("prompt_length")) ?? 0 : (try? texts())?.first?.count ?? 0
  }

  var lengths: [Int] { (try? texts())?.map { $0.count } ?? [] }

  /// The largest number of full chunks of a text.
  var fullChunks: Int {
    guard let parameters = try? lomaParameters() else { return 0 }
    return fedLength.map { parameters.fullChunks($0) } ?? lengths.map { parameters.fullChunks($0) }.max() ?? 0
  }

  /// The largest number of tokens of a text.
  var longest: Int { fedLength ?? lengths.max() ?? 0 }

  /// L; 0 if the request has no c and t.
  var chunkLength: Int { (try? lomaParameters())?.chunkLength ?? 0 }

  /// What the rows of a stage or of every text see; nil if there is a growing cache.
  func visible(_ answers: ReferenceAnswers) -> [VisibleKeys]? {
    switch operation {
    case .attention: return (try? visibleKeys(rows: matrix("q").rows)).map { [$0] }
    case .decoderLayer: return (try? visibleKeys(rows: matrix("x").rows)).map { [$0] }
    case .generate, .reconstruct: return nil
    default:
      guard let profile = try? profile() else { return [] }
      return rows(answers).map { answers.rules.visible(Mask(rows: $0, profile: profile), $0.indices) }
    }
  }

  /// The largest number of keys that attention gets at once while text is fed to a cache.
  var mostKeys: Int {
    guard let parameters = try? lomaParameters(), let fed = fedLength else { return 0 }
    let recited = operation == .reconstruct ? parameters.cacheSize(afterFeeding: fed) + parameters.chunkLength : 0
    return max(parameters.cacheMaximum(whileFeeding: fed), recited)
  }

  /// The largest position of the rows fed.
  func largestPosition(_ answers: ReferenceAnswers) -> Int {
    guard let fed = fedLength else {
      return rows(answers).flatMap { $0 }.reduce(0) { Swift.max($0, $1.position) }
    }
    guard let parameters = try? lomaParameters(), let profile = try? profile() else { return 0 }
    let (length, chunks) = (parameters.chunkLength, parameters.fullChunks(fed))
    var places: [Place] = fed > 0 ? [.reading(chunk: (fed - 1) / length, index: (fed - 1) % length)] : []
    if chunks > 0 { places.append(.memory(chunk: chunks - 1, index: parameters.t - 1)) }
    if operation == .reconstruct { places.append(.repetition(chunk: chunks - 1, index: length - 1)) }
    return places.map { answers.rules.position($0, parameters, profile) }.max() ?? 0
  }

  func configuration(_ answers: ReferenceAnswers) -> Configuration? {
    model.flatMap { answers.models[$0]?.configuration }
  }

  /// H, H_kv and d of the model, or of the stage.
  func heads(_ answers: ReferenceAnswers) -> AttentionHeads? {
    if let configuration = configuration(answers) { return configuration.heads }
    switch operation {
    case .attention: return try? heads(queryWidth: matrix("q").columns, of: "q")
    case .decoderLayer: return try? heads(queryWidth: matrix("q_proj").rows, of: "q_proj")
    default: return nil
    }
  }

  /// θ of the model, or of the stage.
  func theta(_ answers: ReferenceAnswers) -> Double? { configuration(answers)?.theta ?? (try? theta()) }
}

extension [[Row]] {
  var havePads: Bool { contains { $0.contains { $0.place == .pad } } }
}
