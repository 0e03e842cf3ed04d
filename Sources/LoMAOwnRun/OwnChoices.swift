// OWN-8: what a person chooses for a run on a model, and the plan that follows.

import LoMAModels
import LoMAOwnModel
import LoMAVectors

/// The choices of a run on a model, but for the model.
package struct OwnChoices: Sendable {
  /// The element types that are named, in the order in which they are asked; nil for all that a candidate declares.
  package let types: [ElementType]?
  package let naming: OwnNaming
  /// A text of one's own, in token ids.
  package let text: [Int]?
  package let crossesTiles: Bool
  package let allLayers: Bool
  package let seed: UInt64

  package init(
    types: [ElementType]?, naming: OwnNaming, text: [Int]?, crossesTiles: Bool, allLayers: Bool, seed: UInt64
  ) {
    self.types = types
    self.naming = naming
    self.text = text
    self.crossesTiles = crossesTiles
    self.allLayers = allLayers
    self.seed = seed
  }

  /// The types in which a model can be judged (OWN-1).
  package static let judgedTypes: [ElementType] = [.f32, .bf16, .f16]

  /// The plan for given types. Throws why the model or the text is refused.
  func plan(_ model: LoadedModel, types: [ElementType]) throws(OwnError) -> OwnPlan {
    try OwnPlan(
      model: model, types: types, naming: naming, text: text, crossesTiles: crossesTiles, allLayers: allLayers,
      seed: seed)
  }

  /// The plan for a candidate that declares these types: those that are named, or all that a model is judged in. Throws
  /// `noJudgedType` if it declares none of these.
  package func plan(_ model: LoadedModel, declaring dtypes: [String]) throws(OwnError) -> OwnPlan {
    let types = types ?? Self.judgedTypes.filter { dtypes.contains($0.word) }
    guard !types.isEmpty else { throw .noJudgedType(declared: dtypes) }
    return try plan(model, types: types)
  }
}
