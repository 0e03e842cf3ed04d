// RUN-17: a case that is in no folder of vectors, as the few properties it is drawn from.

import LoMA
import LoMAReference
import LoMAVectors

/// A case drawn from a seed; everything else about it follows from these properties.
package struct FreshCase: DrawnCase {
  /// A text: a prefix of the stream of tokens that its seed and number determine, so that shortening keeps a prefix.
  struct Text: Hashable, Sendable {
    var stream: Int
    var length: Int
  }

  package let operation: Operation
  /// The sizes that the operation takes.
  var extents: [SizeParameter: Int] = [:]
  /// The texts; empty if the operation takes none.
  var texts: [Text] = []
  /// The profile; for a stage, that of the rows whose mask it uses.
  var profile = Profile.base
  /// The name of its model; nil if the operation needs none.
  var model: String?
  /// What its model or stage has beyond the plain Llama; nil: nothing.
  package var family: CaseFamily?
  /// The layout that is asked for.
  var layout = LayoutKind.training
  /// Whether rows of numbers are given in place of tokens.
  var hasEmbeddings = false
  /// Whether the tokens to feed are given instead of chosen.
  var isForced = false
  /// The intermediates to return.
  var captures: [String] = []
  /// Whether the numbers of a stage use all 24 bits of F32.
  var fillsF32 = false
  /// Whether V and the special ids differ from those of the model's config.json.
  var hasOwnIDs = false
  package var faults: [FreshFault] = []
  /// The seed of tokens, weights and numbers.
  package var seed: UInt64

  subscript(_ extent: SizeParameter) -> Int { extents[extent] ?? extent.least }

  /// L, text tokens per chunk.
  var chunkLength: Int { self[.c] * self[.t] }

  var lengths: [Int] { texts.map(\.length) }

  /// Whether the operation accepts these values; drawn cases are valid, and shrinking must keep them so.
  var isValid: Bool {
    switch operation {
    case .schedule: self[.length] > 0 || self[.generate] == 0
    case .generate:
      texts.count == 1 && (lengths[0] > 0 || self[.generate] == 0) && !(isForced && self[.generate] == 0)
        && isBelowLimit
    case .reconstruct: texts.count == 1 && self[.chunk] < lengths[0] / chunkLength && isBelowLimit
    // A stage without rows is not a valid request.
    case .attention: lengths.allSatisfy { $0 > 0 }
    // Hugging Face also refuses a width that is not a multiple of the number of heads.
    case .decoderLayer:
      lengths.allSatisfy { $0 > 0 }
        && StageRequests.layerWidth.isMultiple(of: self[.keyValueHeads] * self[.sharing])
    case .forward, .loss, .gradients, .trainStep: isBelowLimit
    case .layout, .mask, .metrics, .cost, .rmsNorm, .rope, .feedForward, .crossEntropy: true
    case .peer: false
    }
  }

  /// Whether a narrow type cannot start from the same numbers.
  var isPrecise: Bool { fillsF32 || CaseModel.all.contains { $0.name == model && $0.fillsF32 } }
}

extension FreshCase {
  package static func kind(seed: UInt64, index: Int) -> FreshKind { FreshDrawing.kind(seed: seed, index: index) }

  package static func drawn(seed: UInt64, index: Int) -> FreshCase {
    var drawing = FreshDrawing(seed: seed, index: index)
    let kind = kind(seed: seed, index: index)
    var drawn = drawing.draw(kind.operation, of: nil)
    if kind.isFaulty { drawing.spoil(&drawn) }
    return drawn
  }

  package static let shakes = 2

  package var kind: FreshKind { faults.isEmpty ? .answer(operation) : .rejection(of: operation) }

  package var clauses: [String] {
    faults.isEmpty ? operation.clauses + (family.flatMap { FamilyCases.hunted[$0]?.clauses } ?? []) : ["OPS-6"]
  }

  package var types: [String] {
    let all = Case.types(of: kind.level)
    return isPrecise && faults.isEmpty ? all.filter { NumberType.preciseWords.contains($0) } : all
  }

  package var hidesScores: Bool { operation == .reconstruct && profile.repetitionLabels == .shifted }
}

extension Operation {
  /// The level of cases whose answers are this operation's tensors.
  package var level: Level {
    switch self {
    case .layout, .mask, .schedule, .metrics, .cost: .structure
    case .rmsNorm, .rope, .attention, .feedForward, .decoderLayer, .crossEntropy: .stage
    case .forward, .loss: .model
    case .gradients, .trainStep: .training
    case .generate, .reconstruct: .generation
    case .peer(let operation): operation.level
    }
  }

  /// The clauses whose mistakes its answers can show.
  var clauses: [String] {
    switch self {
    case .layout: ["PAR-2", "LAY-1", "LAY-2", "LAY-3", "LAY-4", "LAY-5", "LAY-6", "POS-1", "POS-2", "POS-3", "LOS-1"]
    case .mask: (1...11).map { "MSK-\($0)" }
    case .schedule: ["GEN-2", "GEN-3", "GEN-5", "GEN-6", "GEN-8"]
    case .metrics: ["REC-2"]
    case .cost: ["COST-1", "COST-2", "GEN-6"]
    case .rmsNorm: ["MOD-2"]
    case .rope: ["MOD-3"]
    case .attention: ["MOD-4", "MSK-12"]
    case .feedForward: ["MOD-5"]
    case .decoderLayer: ["MOD-6"]
    case .crossEntropy: ["LOS-5"]
    case .forward: ["MOD-2", "MOD-3", "MOD-4", "MOD-5", "MOD-6", "MOD-7", "LAY-6", "MSK-11"]
    case .loss: ["LOS-1", "LOS-2", "LOS-3", "LOS-4", "LOS-5"]
    case .gradients: ["LOS-4", "MOD-6"]
    case .trainStep: ["LOS-6"]
    case .generate: (1...8).map { "GEN-\($0)" }
    case .reconstruct: ["REC-1", "REC-3", "REC-4", "MSK-8", "MSK-9"]
    case .peer: []
    }
  }
}

extension PeerOperation {
  /// The level of cases whose answers are this operation's tensors.
  package var level: Level {
    switch self {
    case .ccmLayout, .ccmMask, .ccmSchedule, .ccmCost, .latentCost: .structure
    case .merge, .conditionalLinear, .quantise, .latentAttention, .evict, .zigzagBudgets, .think, .zipCache,
      .pyramidStep, .layerDistances, .dmc, .truncateRank, .pursue, .storeNoise:
      .stage
    case .ccmForward, .ccmLoss, .latentForward, .cachedForward: .model
    case .ccmGradients, .latentGradients: .training
    case .ccmOnline, .latentGenerate: .generation
    }
  }
}

extension FreshCase: CustomStringConvertible {
  /// One line, such as `forward c=2 t=1 n=5,0 memory_attention=causal models/gqa`.
  package var description: String {
    var words = [operation.rawValue]
    words += SizeParameter.allCases.compactMap { extent in extents[extent].map { "\(extent.rawValue)=\($0)" } }
    if !texts.isEmpty { words.append("n=" + lengths.map { "\($0)" }.joined(separator: ",")) }
    if layout == .generation { words.append("layout=generation") }
    words.append(profile.name)
    if let family { words.append("family=" + family.rawValue) }
    if let model { words.append("models/" + model) }
    if hasEmbeddings { words.append("embeddings") }
    if isForced { words.append("forced") }
    if fillsF32 { words.append("24-bits") }
    if hasOwnIDs { words.append("own-ids") }
    if !faults.isEmpty { words.append("faults=" + faults.map { $0.rawValue }.joined(separator: ",")) }
    return (words + captures).joined(separator: " ")
  }
}
