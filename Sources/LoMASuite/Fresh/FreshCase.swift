// RUN-17: a case that no folder holds, as the few things it is drawn from.

import LoMA
import LoMAReference
import LoMAVectors

/// A case drawn from a seed; everything else of it follows from what stands here.
package struct FreshCase: Hashable, Sendable {
  /// A text: the first tokens of a stream that the seed and its number determine, so that a shorter one is a prefix.
  struct Text: Hashable, Sendable {
    var stream: Int
    var length: Int
  }

  /// What is asked.
  package let operation: Operation
  /// The numbers that the operation takes.
  var extents: [Extent: Int] = [:]
  /// The texts; none where the operation takes none.
  var texts: [Text] = []
  /// The decisions; in a stage those of the rows that its mask is of.
  var profile = Profile.base
  /// The name of its model.
  var model: String?
  /// The rows that are asked for.
  var layout = LayoutKind.training
  /// Whether rows of numbers are given in place of tokens.
  var hasEmbeddings = false
  /// Whether the tokens that are fed are given.
  var isForced = false
  /// Intermediates to return.
  var captures: [String] = []
  /// Whether numbers of a stage fill the 24 bits of F32.
  var fillsF32 = false
  /// Whether V and the special ids are others than those of the model's config.json.
  var hasOwnIDs = false
  /// What is wrong with the request; nothing where it is to be answered.
  var faults: [FreshFault] = []
  /// What tokens, weights and numbers are drawn from.
  var seed: UInt64

  subscript(_ extent: Extent) -> Int { extents[extent] ?? extent.least }

  /// Text tokens a chunk has.
  var chunkLength: Int { self[.c] * self[.t] }

  /// The lengths of the texts.
  var lengths: [Int] { texts.map(\.length) }

  /// Whether the operation accepts what stands here; draws do, and so must what they shrink to.
  var isValid: Bool {
    switch operation {
    case .schedule: self[.length] > 0 || self[.generate] == 0
    case .generate:
      texts.count == 1 && (lengths[0] > 0 || self[.generate] == 0) && !(isForced && self[.generate] == 0)
    case .reconstruct: texts.count == 1 && self[.chunk] < lengths[0] / chunkLength
    // A stage of no rows is no stage.
    case .attention: lengths.allSatisfy { $0 > 0 }
    // Nor do Hugging Face's heads leave a remainder of the width.
    case .decoderLayer:
      lengths.allSatisfy { $0 > 0 }
        && StageRequests.layerWidth.isMultiple(of: self[.keyValueHeads] * self[.sharing])
    case .layout, .mask, .metrics, .cost, .rmsNorm, .rope, .feedForward, .crossEntropy, .forward, .loss, .gradients,
      .trainStep:
      true
    }
  }

  /// The level its answer is compared at.
  var level: Level { faults.isEmpty ? operation.level : .rejection }

  /// Whether a narrow type does not start from the same numbers.
  var isPrecise: Bool { fillsF32 || CaseModel.all.contains { $0.name == model && $0.fillsF32 } }
}

extension Operation {
  /// The level of the cases whose answers are its tensors.
  var level: Level {
    switch self {
    case .layout, .mask, .schedule, .metrics, .cost: .structure
    case .rmsNorm, .rope, .attention, .feedForward, .decoderLayer, .crossEntropy: .stage
    case .forward, .loss: .model
    case .gradients, .trainStep: .training
    case .generate, .reconstruct: .generation
    }
  }

  /// The clauses that its answers show.
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
    }
  }
}

extension FreshCase: CustomStringConvertible {
  /// One line: `forward c=2 t=1 n=5,0 memory_attention=causal models/gqa`.
  package var description: String {
    var words = [operation.rawValue]
    words += Extent.allCases.compactMap { extent in extents[extent].map { "\(extent.rawValue)=\($0)" } }
    if !texts.isEmpty { words.append("n=" + lengths.map { "\($0)" }.joined(separator: ",")) }
    if layout == .generation { words.append("layout=generation") }
    words.append(profile.name)
    if let model { words.append("models/" + model) }
    if hasEmbeddings { words.append("embeddings") }
    if isForced { words.append("forced") }
    if fillsF32 { words.append("24-bits") }
    if hasOwnIDs { words.append("own-ids") }
    if !faults.isEmpty { words.append("faults=" + faults.map { $0.rawValue }.joined(separator: ",")) }
    return (words + captures).joined(separator: " ")
  }
}
