// RUN-17, LAT-19: a case of chapters 17 and 18 that is in no folder of vectors, as the few properties it is drawn from.

import LoMACatalogue
import LoMAPeers
import LoMAVectors

/// A case of latent attention drawn from a seed.
package struct FreshLatentCase: DrawnCase {
  /// A text: a prefix of the stream of tokens that its seed and number determine, so that shortening keeps a prefix.
  struct Text: Hashable, Sendable {
    var stream: Int
    var length: Int
  }

  /// What the numbers of `quantise` are like.
  enum Numbers: String, Sendable {
    /// Normal numbers.
    case drawn
    /// Every other group has equal numbers.
    case constant
    /// Whole numbers and halves between 0 and 2^b − 1, so that Δ is 1 or 2.
    case halves
  }

  let operation: PeerOperation
  /// The property that is asked of the operation; nil if its tensors are.
  var property: Property?
  /// The sizes that the operation takes.
  var extents: [SizeParameter: Int] = [:]
  /// The lengths of texts; empty for an operation without texts.
  var texts: [Text] = []
  /// The profile of a cost or of a quantiser; a model has its own.
  var profile = LatentProfile.base
  /// The name of its model; nil if the operation needs none.
  var model: String?
  var numbers = Numbers.drawn
  /// Whether entries are hidden at random.
  var hidesEntries = false
  /// Whether rows of numbers are given in place of tokens.
  var hasEmbeddings = false
  /// Whether the tokens to feed are given instead of chosen.
  var isForced = false
  /// The intermediates to return.
  var captures: [String] = []
  /// Whether the numbers of a stage use all 24 bits of F32.
  var fillsF32 = false
  package var faults: [FreshLatentFault] = []
  package var seed: UInt64

  init(_ operation: PeerOperation, seed: UInt64) {
    self.operation = operation
    self.seed = seed
  }

  subscript(_ extent: SizeParameter) -> Int { extents[extent] ?? extent.least }

  /// The model; a drawn name is always that of a model.
  var caseModel: LatentCaseModel? { LatentCaseModel.all.first { $0.name == model } }
}

extension FreshLatentCase {
  package static func kind(seed: UInt64, index: Int) -> FreshKind { FreshLatentDrawing.kind(seed: seed, index: index) }

  package static func drawn(seed: UInt64, index: Int) -> FreshLatentCase {
    var drawing = FreshLatentDrawing(seed: seed, index: index)
    return drawing.draw(kind(seed: seed, index: index))
  }

  /// As many as for the other chapters of part II.
  package static let shakes = FreshContextCase.shakes

  package var kind: FreshKind {
    if !faults.isEmpty { return .rejection(of: .peer(operation)) }
    return property.map { .property($0, of: .peer(operation)) } ?? .answer(.peer(operation))
  }

  package var clauses: [String] {
    if !faults.isEmpty { return ["LAT-16"] }
    switch property {
    case .cache: return ["LAT-9", "LAT-17"]
    case .batch, .interference: return ["LAT-12", "LAT-17"]
    case .repeat: return ["OPS-7"]
    case nil, .poison, .prefix, .shift, .online, .inert, .gate: return operation.clauses
    }
  }

  package var types: [String] {
    let all = Case.types(of: kind.level)
    if !faults.isEmpty { return all }
    if operation == .quantise { return LatentStageCases.types(bits: self[.bits], fills: fillsF32) }
    let types =
      property == .interference ? ContextPropertyCases.interferenceTypes : all
    let isPrecise = fillsF32 || caseModel?.isQuantised ?? false
    return isPrecise ? types.filter { NumberType.preciseWords.contains($0) } : types
  }

  package var hidesScores: Bool { false }

  /// Whether the operation accepts these values; drawn cases are valid, and shrinking must keep them so.
  var isValid: Bool {
    switch operation {
    case .latentCost:
      return profile.canonical == profile
        && (profile.quantiser == .asymmetric || [.bits, .rotatedBits].allSatisfy { extents[$0] != 1 })
    case .quantise: return profile.quantiser == .asymmetric || self[.bits] > 1
    case .latentAttention: return self[.plain] + self[.rotatedPairs] >= 1 && self[.rows] <= self[.entries]
    case .latentGenerate:
      return texts.count == 1 && (!isForced || self[.generate] > 0)
        && (property != .cache || isForced || self[.generate] < 2)
    default: return !texts.isEmpty && (property != .interference || caseModel?.layers == 1 && texts.count == 1)
    }
  }

  /// The properties that fresh cases ask, in turn.
  static let properties: [(property: Property, operation: Operation)] = [
    (.cache, .peer(.latentGenerate)), (.interference, .peer(.latentForward)), (.batch, .peer(.latentForward)),
    (.repeat, .peer(.latentForward)),
  ]
}

extension FreshLatentCase: CustomStringConvertible {
  /// One line, such as `latent_forward n=3,1 models/lat-mla`.
  package var description: String {
    var words = [property.map { "\($0.rawValue) of \(operation.rawValue)" } ?? operation.rawValue]
    words += SizeParameter.allCases.compactMap { extent in extents[extent].map { "\(extent.rawValue)=\($0)" } }
    if !texts.isEmpty { words.append("n=" + texts.map { "\($0.length)" }.joined(separator: ",")) }
    if model == nil { words.append(profile.name) }
    if let model { words.append("models/" + model) }
    if numbers != .drawn { words.append(numbers.rawValue) }
    if hidesEntries { words.append("hidden-entries") }
    if hasEmbeddings { words.append("embeddings") }
    if isForced { words.append("forced") }
    if fillsF32 { words.append("24-bits") }
    if !faults.isEmpty { words.append("faults=" + faults.map { $0.rawValue }.joined(separator: ",")) }
    return (words + captures).joined(separator: " ")
  }
}

// MARK: - Smaller cases (RUN-18)

extension FreshLatentCase {
  package var smaller: [FreshLatentCase] {
    (fewerTexts + smallerExtents + shorterTexts + plainer).filter { $0.isValid && $0 != self }
  }

  private func with(_ change: (inout FreshLatentCase) -> Void) -> FreshLatentCase {
    var other = self
    change(&other)
    if other[.generate] == 0 { other.isForced = false }
    return other
  }

  private var fewerTexts: [FreshLatentCase] { texts.fewer.map { texts in with { $0.texts = texts } } }

  private var smallerExtents: [FreshLatentCase] {
    SizeParameter.allCases.filter { extents[$0] != nil }.flatMap { extent in
      extent.below(self[extent]).map { value in with { $0.extents[extent] = value } }
    }
  }

  private var shorterTexts: [FreshLatentCase] {
    texts.indices.flatMap { place in
      SizeParameter.below(texts[place].length, least: 1).map { length in with { $0.texts[place].length = length } }
    }
  }

  /// Base, or one axis less; nothing captured, given, hidden or special; the model with one layer.
  private var plainer: [FreshLatentCase] {
    var plainer: [FreshLatentCase] = []
    let differing = LatentAxis.allCases.filter { profile[$0] != LatentProfile.base[$0] }
    if differing.count > 1 { plainer.append(with { $0.profile = .base }) }
    plainer += differing.compactMap { axis in
      profile.choosing(axis, LatentProfile.base[axis]).map { profile in with { $0.profile = profile.canonical } }
    }
    if numbers != .drawn { plainer.append(with { $0.numbers = .drawn }) }
    if hidesEntries { plainer.append(with { $0.hidesEntries = false }) }
    if hasEmbeddings { plainer.append(with { $0.hasEmbeddings = false }) }
    if isForced { plainer.append(with { $0.isForced = false }) }
    if fillsF32 { plainer.append(with { $0.fillsF32 = false }) }
    if faults.count > 1 { plainer += faults.map { fault in with { $0.faults = [fault] } } }
    if !captures.isEmpty { plainer.append(with { $0.captures = [] }) }
    if let model, model != LatentCaseModel.shallow.name, captures.isEmpty {
      plainer.append(with { $0.model = LatentCaseModel.shallow.name })
    }
    return plainer
  }
}
