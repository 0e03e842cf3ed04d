// OWN-8: what is computed before a port is asked: texts, types, alternatives, passes, and what they cost.

import LoMA
import LoMAModels
import LoMAVectors
import NaiveLlama

/// Which mistakes are looked for by name.
package enum OwnNaming: String, CaseIterable, Sendable {
  /// None: a verdict without names, in the fewest passes.
  case none
  /// The other values of the profile's axes, and what the model's own parts ask for: ids, base, head map, scaling, biases, norms.
  case axes
  /// Also mutants, and mistakes of a whole model.
  case all
}

/// The judgement of one checkpoint, before anything is computed.
package struct OwnPlan: Sendable {
  package let model: LoadedModel
  /// The element types that a port is asked in: F32, BF16, F16.
  package private(set) var types: [ElementType]
  package private(set) var texts: [OwnText]
  /// What is looked for by name.
  package let naming: OwnNaming
  /// Mistakes that are looked for by name, of those that change a pass of some text; empty without naming.
  package private(set) var alternatives: [OwnAlternative]
  /// The layers that are asked alone.
  package let sliceLayers: [Int]
  /// Seeds texts, roundings and the choice of columns (NUM-5).
  package let seed: UInt64

  /// M: simulated ports per element type (OWN-1).
  static let simulations = 3
  /// The most columns of the logits that β is taken over (OWN-4).
  static let logitColumns = 4096
  /// The most columns of a layer's context that β is taken over.
  static let contextColumns = 256

  /// The first two, the middle one and the last of so many layers or chunks.
  package static func sample(of count: Int) -> [Int] {
    Set([0, 1, count / 2, count - 1]).filter { $0 < count }.sorted()
  }

  /// Checks types and text, and chooses texts and alternatives.
  ///
  /// Layers 0, 1, the middle one and the last are asked alone, or all of them. Throws `type`, `textTooShort`, or why the
  /// text is refused.
  package init(
    model: LoadedModel, types: [ElementType], naming: OwnNaming, text: [Int]?, crossesTiles: Bool, allLayers: Bool,
    seed: UInt64
  ) throws(OwnError) {
    for type in types where NumberFormat.of(type) == nil { throw .type(type) }
    self.model = model
    self.types = types
    self.naming = naming
    texts = try OwnTexts.texts(of: model, own: text, crossesTiles: crossesTiles, seed: seed)
    alternatives = OwnAlternative.all(naming, profile: model.profile)
    let layers = model.checkpoint.configuration.layers
    sliceLayers = allLayers ? Array(0..<layers) : Self.sample(of: layers)
    self.seed = seed
    var forms: [(OwnText, PassForm)] = []
    for text in texts { forms.append((text, try PassForm(self, text, workers: .single))) }
    let whole = self
    alternatives = alternatives.filter { alternative in
      alternative.concerns(whole.configuration)
        && forms.contains { text, right in
          var form = right
          return alternative.change(&form, whole, text)
        }
    }
  }

  /// The plan that looks for one alternative in one type, in a smaller text (OWN-9).
  package func narrowed(to text: OwnText, _ alternative: OwnAlternative, _ type: ElementType) -> OwnPlan {
    var plan = self
    (plan.texts, plan.alternatives, plan.types) = ([text], [alternative], [type])
    return plan
  }

  var configuration: Configuration { model.checkpoint.configuration }

  /// The element types whose values the stored weights do not all have, so that the reference rounds its weights (OWN-7).
  var roundedTypes: [ElementType] {
    types.filter { type in
      configuration.parameters.contains { name, _ in
        model.checkpoint.entry(name).map { !type.holds($0.elementType) } ?? false
      }
    }
  }

  /// The passes of one text through the whole model, by kind.
  func passes(_ text: OwnText) -> [PassKind: Int] {
    var counts: [PassKind: Int] = [.reference: 1 + roundedTypes.count, .alternative: alternatives.count]
    for type in types { counts[type == .f32 ? .noisy : .narrow, default: 0] += Self.simulations }
    return counts
  }
}

/// Passes that cost alike.
enum PassKind: Hashable, Sendable {
  /// The reference, or the reference with rounded weights.
  case reference
  case alternative
  /// A simulated port with noisy sums, in binary32.
  case noisy
  /// A simulated port of 16 bits.
  case narrow
}

extension ElementType {
  /// Whether every finite value of another floating-point type is a value of this one.
  func holds(_ other: ElementType) -> Bool {
    switch (self, other) {
    case (.f64, _), (.f32, .f32), (.f32, .bf16), (.f32, .f16), (.bf16, .bf16), (.f16, .f16): true
    default: false
    }
  }
}
