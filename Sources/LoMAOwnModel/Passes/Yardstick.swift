// OWN-1, OWN-4, OWN-8: the yardstick of one text in all types: reference, spreads, differences of the alternatives.

import LoMA
import LoMAModels
import LoMAVectors
import NaiveLlama

/// Where β is taken (OWN-4).
package enum OwnEvidence: String, CaseIterable, Hashable, Sendable {
  /// The logits of the free run.
  case logits
  /// The contexts of all layers of the free run.
  case contexts
  /// The logits of layers asked alone, summed over them.
  case slices
}

/// How far a computation has come.
package struct OwnProgress: Sendable {
  package let text: String
  /// `layer 3 of 22`.
  package let step: String
  /// The share that is done, 0…1.
  package let done: Double
}

/// Whether an alternative can be told from a right port in an element type.
package struct OwnDecidability: Sendable {
  package let alternative: OwnAlternative
  /// σ over the free run's logits; nil if the alternative changes nothing there.
  package let logits: Double?
  /// σ over the contexts; counts only for a port that captures them.
  package let contexts: Double?

  /// β counts where σ is below this (OWN-4).
  package static let limit = 1.0 / 16

  /// Whether the free run decides it, with contexts if the port captures them.
  package func isDecidable(capturing: Bool) -> Bool {
    (logits ?? .infinity) < Self.limit || capturing && (contexts ?? .infinity) < Self.limit
  }
}

/// The reference's numbers and their yardsticks for one text; tensors lie in files and are read when they are asked for.
package struct OwnYardstick: Sendable {
  package let plan: OwnPlan
  package let text: OwnText
  /// The rows of the training layout.
  package let rows: [Row]
  let files: YardstickFiles
  /// The spread of every captured tensor and of the logits.
  let spreads: [ElementType: [String: Spread]]
  /// β's sums of the simulated ports, by alternative.
  let projections: [ElementType: [OwnEvidence: [Projected]]]
  /// The captured tensors that each alternative changes, and `logits` if it changes those.
  let changed: [Set<String>]

  init(
    plan: OwnPlan, text: OwnText, rows: [Row], files: YardstickFiles, spreads: [ElementType: [String: Spread]],
    projections: [ElementType: [OwnEvidence: [Projected]]], changed: [Set<String>]
  ) {
    self.plan = plan
    self.text = text
    self.rows = rows
    self.files = files
    self.spreads = spreads
    self.projections = projections
    self.changed = changed
  }

  /// The tensors to ask `forward` for beside the logits, in the order of computation (MOD-7).
  package var captures: [String] { Self.captures(of: plan) }

  static func captures(of plan: OwnPlan) -> [String] {
    ["hidden.0"]
      + (0..<plan.configuration.layers).flatMap { layer in
        LayerOutput.names.map { name($0, layer: layer) }
      }
  }

  /// The name that `forward` has for an output of a layer.
  static func name(_ output: String, layer: Int) -> String {
    output == "hidden" ? "hidden.\(layer + 1)" : "layers.\(layer).attention.\(output)"
  }

  /// The columns of the logits that β is taken over.
  var columns: [Int] {
    sampledColumns(plan.configuration.vocabularySize, atMost: OwnPlan.logitColumns, seed: plan.seed)
  }

  /// The columns of a context that β is taken over.
  var contextColumns: [Int] {
    let heads = plan.configuration.heads
    return sampledColumns(heads.query * heads.dimension, atMost: OwnPlan.contextColumns, seed: plan.seed)
  }

  /// The yardstick of a captured tensor, or of `logits`.
  package func spread(_ tensor: String, _ type: ElementType) -> Spread? { spreads[type]?[tensor] }

  /// The reference's numbers for a captured tensor, or for `logits`: [R, columns] (OWN-7).
  package func reference(_ tensor: String, _ type: ElementType) throws(OwnError) -> Tensor {
    try files.tensor(key(type) + "." + tensor, in: file(of: tensor))
  }

  /// An alternative's differences from the reference at the chosen columns of the logits, or of a layer's context.
  func differences(_ alternative: Int, layer: Int?) throws(OwnError) -> Tensor {
    try files.tensor(
      "difference.\(alternative)", in: layer.map { YardstickFiles.layer($0) } ?? YardstickFiles.differences)
  }

  /// The prefix of the reference for a type: weights as stored, or rounded to it.
  func key(_ type: ElementType) -> String { plan.roundedTypes.contains(type) ? type.word : "exact" }

  private func file(of tensor: String) -> String {
    let parts = tensor.split(separator: ".")
    guard parts.count > 1, let number = Int(parts[1]) else { return YardstickFiles.logits }
    if parts[0] == "hidden" { return number == 0 ? YardstickFiles.logits : YardstickFiles.layer(number - 1) }
    return YardstickFiles.layer(number)
  }

  /// What can be told apart in a type, in the order of the alternatives; those that are no mistake in it are left out.
  package func decidability(_ type: ElementType) -> [OwnDecidability] {
    plan.alternatives.enumerated().filter { $1.types.contains(type) }.map { index, alternative in
      func scatter(_ evidence: OwnEvidence) -> Double? {
        guard let sums = projections[type]?[evidence]?[index], sums.denominator > 0 else { return nil }
        return sums.scatter
      }
      return OwnDecidability(alternative: alternative, logits: scatter(.logits), contexts: scatter(.contexts))
    }
  }

  // MARK: - Validity

  /// Why the free run decides nothing in a type: the simulated ports' logits scatter too far, or their numbers leave the range
  /// of the type; nil if it does (OWN-8).
  package func isChaotic(_ type: ElementType) -> String? {
    for name in captures + ["logits"] {
      guard let spread = spread(name, type) else { continue }
      guard spread.square.isFinite else { return "\(name): simulated ports leave the range of \(type.word)" }
      guard name == "logits" else { continue }
      if let reason = spread.unsteadiness(type, freeRun: true) { return "\(name): \(reason)" }
    }
    return nil
  }

  /// The yardstick of a tensor of the free run; nil if it is none, and the tensor is then not compared.
  func steadySpread(_ tensor: String, _ type: ElementType) -> Spread? {
    spread(tensor, type).flatMap { $0.unsteadiness(type, freeRun: true) == nil ? $0 : nil }
  }
}

extension Spread {
  /// Why this is no yardstick: a simulated port stands far below it, or the one that rounds to nearest leaves the bounds that
  /// the others set (OWN-8); nil if it is one.
  package func unsteadiness(_ type: ElementType, freeRun: Bool) -> String? {
    guard square.isFinite else { return "simulated ports leave the range of \(type.word)" }
    guard square > 0 else { return nil }
    for port in meanSquares.indices where size(ofPort: port) < whole / 8 {
      return "simulated port \(port + 1) errs by less than an eighth of the yardstick"
    }
    guard meanSquares.count > 2 else { return nil }
    let others = withoutNearest
    let bounds = OwnBounds.of(type)
    if freeRun, size(ofPort: 0) > bounds.freeWhole * others.whole {
      return "the simulated port that rounds to nearest errs beyond the bound of the others"
    }
    if let bound = freeRun ? bounds.freeRow : bounds.sliceRow {
      for (row, hat) in others.hats().enumerated() where meanSquares[0][row].squareRoot() > bound * hat {
        return "in row \(row), the simulated port that rounds to nearest errs beyond the bound of the others"
      }
    }
    return nil
  }
}

/// The bounds of OWN-2, in yardsticks.
struct OwnBounds: Sendable {
  /// The root mean square of a tensor of the free run, over S.
  let freeWhole: Double
  /// A row of the free run, over ŝ; none in 16 bits, where a rounding flips a row in which attention is nearly tied.
  let freeRow: Double?
  /// A row of a layer asked alone, over ŝ.
  let sliceRow: Double
  /// A loss, over the mean of s_row · ‖p − e‖ and the roundings of a cross-entropy (OWN-2).
  let loss: Double
  /// How far below the best score a chosen token may be, over ŝ (OWN-5).
  let token: Double

  static func of(_ type: ElementType) -> OwnBounds {
    OwnBounds(
      freeWhole: 4, freeRow: type == .f32 ? 16 : nil, sliceRow: type == .f32 ? 16 : 8, loss: 2, token: 16)
  }
}
