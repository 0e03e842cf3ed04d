// Chapter 19: what its mutants are made of: other rules of a method, asked where the method is.

import LoMAAnswers
import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

/// A request of chapter 19, as a mutant asks whether it can show.
struct AskedBaseline {
  let operation: PeerOperation
  let baseline: Baseline
  let request: Request

  init?(_ request: Request) {
    guard case .peer(let operation) = request.operation, operation.method == .cache,
      let baseline = try? request.baseline()
    else { return nil }
    (self.operation, self.baseline, self.request) = (operation, baseline, request)
  }

  /// An integer parameter; 0 if there is none.
  func integer(_ name: String) -> Int { (try? request.integer(name)) ?? 0 }

  /// Whether a choice is made, not given.
  var chooses: Bool { request.input["forced_choice"] == nil }

  /// T, of the prefill or the tensors of a stage.
  var rows: Int {
    if operation == .cachedForward { return integer("prefill") }
    return ["probabilities", "key", "numbers"].lazy.compactMap { request.input[$0] }.first.map {
      $0.name == "probabilities" ? $0.shape.last ?? 0 : $0.shape.first ?? 0
    } ?? 0
  }

  /// H, G and d of a stage on keys; a head of one channel where there are none.
  var heads: AttentionHeads {
    let (query, keyValue) = (max(1, integer("heads")), max(1, integer("kv_heads")))
    let width = request.input["key"]?.shape.last ?? keyValue
    return AttentionHeads(query: query, keyValue: keyValue, dimension: max(1, width / keyValue))
  }

  /// Whether a row is fed behind the prefill.
  var feeds: Bool {
    operation == .cachedForward && (request.input["tokens"]?.shape.first ?? 0) > integer("prefill")
  }
}

extension Mutant {
  /// A mutant with other rules of a method, in its stage and in models under it.
  static func baseline(
    _ id: String, _ sentence: String, as family: Family = .policies, of baselines: Set<Baseline>,
    on operations: Set<PeerOperation>, where leavesRoom: @escaping @Sendable (AskedBaseline) -> Bool = { _ in true },
    _ change: @escaping @Sendable (inout BaselineRules) -> Void
  ) -> Mutant {
    .answers(id, family, sentence, on: Set<Operation>(operations.map { .peer($0) })) { answers, _ in
      change(&answers.peers.baselines)
    }.asked { _, request in
      AskedBaseline(request).map { baselines.contains($0.baseline) && leavesRoom($0) } ?? false
    }
  }

  /// A mutant that changes the bits that are counted, given the layers and heads that they are of, and the right bits.
  static func countedBits(
    _ id: String, _ sentence: String, of baselines: Set<Baseline>, on operations: Set<PeerOperation>,
    _ change: @escaping @Sendable (AskedBaseline, _ layers: Int, AttentionHeads, Int) -> Int
  ) -> Mutant {
    .answers(id, .cost, sentence, on: Set<Operation>(operations.map { .peer($0) })) { answers, request in
      guard let asked = AskedBaseline(request) else { return }
      let model = request.model.flatMap { answers.models[$0]?.configuration }
      let heads = model?.heads ?? asked.heads
      answers.finish = { tensors in
        tensors.map { tensor in
          guard tensor.name == "bits", case .integers(let bits) = tensor.content, let count = bits.first else {
            return tensor
          }
          return .integer("bits", change(asked, model?.layers ?? 1, heads, count))
        }
      }
    }.asked { _, request in AskedBaseline(request).map { baselines.contains($0.baseline) } ?? false }
  }
}
