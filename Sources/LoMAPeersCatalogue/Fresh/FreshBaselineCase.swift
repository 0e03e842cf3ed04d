// RUN-17, BAS-25: a case of chapter 19 that is in no folder of vectors, as the few properties it is drawn from.

import LoMACatalogue
import LoMAPeers
import LoMAVectors

/// A case of a baseline drawn from a seed.
package struct FreshBaselineCase: DrawnCase {
  let operation: PeerOperation
  /// The method; of a stage its own.
  var baseline: Baseline
  /// The property that is asked of the operation; nil if its tensors are.
  var property: Property?
  /// The sizes that the operation takes.
  var extents: [SizeParameter: Int] = [:]
  /// The name of its model; nil for a stage.
  var model: String?
  /// Whether a choice is given.
  var isForced = false
  /// Whether some rows alone are asked (BAS-11).
  var probes = false
  /// Whether the method has its neutral parameter (BAS-7).
  var isNeutral = false
  package var faults: [FreshBaselineFault] = []
  package var seed: UInt64

  init(_ operation: PeerOperation, _ baseline: Baseline, seed: UInt64) {
    self.operation = operation
    self.baseline = baseline
    self.seed = seed
  }

  subscript(_ extent: SizeParameter) -> Int { extents[extent] ?? extent.least }

  /// The model; a drawn name is always that of a model.
  var caseModel: BaselineCaseModel? { BaselineCaseModel.all.first { $0.name == model } }
}

extension FreshBaselineCase {
  package static func kind(seed: UInt64, index: Int) -> FreshKind {
    FreshBaselineDrawing.kind(seed: seed, index: index)
  }

  package static func drawn(seed: UInt64, index: Int) -> FreshBaselineCase {
    var drawing = FreshBaselineDrawing(seed: seed, index: index)
    return drawing.draw(kind(seed: seed, index: index))
  }

  /// As many as for the other chapters of part II.
  package static let shakes = FreshContextCase.shakes

  package var kind: FreshKind {
    if !faults.isEmpty { return .rejection(of: .peer(operation)) }
    return property.map { .property($0, of: .peer(operation)) } ?? .answer(.peer(operation))
  }

  package var clauses: [String] {
    if !faults.isEmpty { return ["BAS-22"] }
    switch property {
    case .cache: return ["BAS-7", "BAS-9", "BAS-23"]
    case .repeat: return ["OPS-7"]
    case nil, .poison, .prefix, .shift, .online, .inert, .gate, .batch, .interference: return operation.clauses
    }
  }

  package var types: [String] {
    if !faults.isEmpty { return Case.types(of: kind.level) }
    return operation == .cachedForward ? CachedModelCases.types(baseline) : NumberType.words
  }

  package var hidesScores: Bool { false }

  /// Whether the operation accepts these values; drawn cases are valid, and shrinking must keep them so.
  var isValid: Bool {
    switch property {
    case .cache: isNeutral
    case .repeat: baseline == .noise
    case nil, .poison, .prefix, .shift, .online, .inert, .gate, .batch, .interference: true
    }
  }

  /// The properties that fresh cases ask, in turn.
  static let properties: [(property: Property, operation: Operation)] = [
    (.cache, .peer(.cachedForward)), (.repeat, .peer(.cachedForward)),
  ]
}

extension FreshBaselineCase: CustomStringConvertible {
  /// One line, such as `evict rows=7 window=2 baseline=eviction`.
  package var description: String {
    var words = [property.map { "\($0.rawValue) of \(operation.rawValue)" } ?? operation.rawValue]
    words += SizeParameter.allCases.compactMap { extent in extents[extent].map { "\(extent.rawValue)=\($0)" } }
    words.append(Baseline.axis + "=" + baseline.rawValue)
    if let model { words.append("models/" + model) }
    if isForced { words.append("forced") }
    if probes { words.append("probe") }
    if isNeutral { words.append("neutral") }
    if !faults.isEmpty { words.append("faults=" + faults.map { $0.rawValue }.joined(separator: ",")) }
    return words.joined(separator: " ")
  }
}

// MARK: - Smaller cases (RUN-18)

extension FreshBaselineCase {
  package var smaller: [FreshBaselineCase] { (smallerExtents + plainer).filter { $0.isValid && $0 != self } }

  private func with(_ change: (inout FreshBaselineCase) -> Void) -> FreshBaselineCase {
    var other = self
    change(&other)
    return other
  }

  private var smallerExtents: [FreshBaselineCase] {
    SizeParameter.allCases.filter { extents[$0] != nil }.flatMap { extent in
      extent.below(self[extent]).map { value in with { $0.extents[extent] = value } }
    }
  }

  private var plainer: [FreshBaselineCase] {
    var plainer: [FreshBaselineCase] = []
    if isForced { plainer.append(with { $0.isForced = false }) }
    if probes { plainer.append(with { $0.probes = false }) }
    if faults.count > 1 { plainer += faults.map { fault in with { $0.faults = [fault] } } }
    if operation == .cachedForward, property == nil, baseline != .none, faults.isEmpty {
      plainer.append(with { $0.baseline = .none })
    }
    return plainer
  }
}
