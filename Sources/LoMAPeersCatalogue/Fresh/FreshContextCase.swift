// RUN-17, CCM-30: a case of chapter 16 that is in no folder of vectors, as the few properties it is drawn from.

import LoMA
import LoMACatalogue
import LoMAPeers
import LoMAVectors

/// A case of compressed context memory drawn from a seed.
package struct FreshContextCase: DrawnCase {
  /// A segment: a prefix of the stream of tokens that its seed and number determine, so that shortening keeps a prefix.
  struct Segment: Hashable, Sendable {
    var stream: Int
    var length: Int
  }

  /// A text: its context segments, the final one, and how many tokens at the end of that are the output.
  struct Text: Hashable, Sendable {
    var segments: [Segment]
    var output: Int

    var final: Segment { segments[segments.count - 1] }
  }

  /// Where BOS stands.
  enum Beginning: String, Sendable {
    /// At the start of each text, and nowhere else.
    case first
    /// At places drawn for each token.
    case anywhere
    /// There is none.
    case none
  }

  let operation: PeerOperation
  /// The property that is asked of the operation; nil if its tensors are.
  var property: Property?
  /// The sizes that the operation takes.
  var extents: [SizeParameter: Int] = [:]
  /// The texts; empty for a stage.
  var texts: [Text] = []
  var beginning = Beginning.first
  var profile = ContextProfile.base
  /// The name of its model; nil if the operation needs none.
  var model: String?
  /// Whether rows of numbers are given in place of tokens.
  var hasEmbeddings = false
  /// Whether the tokens to feed are given instead of chosen.
  var isForced = false
  /// The intermediates to return.
  var captures: [String] = []
  /// Whether the numbers of a stage use all 24 bits of F32.
  var fillsF32 = false
  package var faults: [FreshContextFault] = []
  package var seed: UInt64

  init(_ operation: PeerOperation, seed: UInt64) {
    self.operation = operation
    self.seed = seed
  }

  subscript(_ extent: SizeParameter) -> Int { extents[extent] ?? extent.least }

  /// The model; a drawn name is always that of a model.
  var caseModel: ContextCaseModel? { ContextCaseModel.all.first { $0.name == model } }

  /// n; a model has its own.
  var memoryTokens: Int { caseModel?.memoryTokens ?? self[.memoryTokens] }
}

extension FreshContextCase {
  package static func kind(seed: UInt64, index: Int) -> FreshKind { FreshContextDrawing.kind(seed: seed, index: index) }

  package static func drawn(seed: UInt64, index: Int) -> FreshContextCase {
    var drawing = FreshContextDrawing(seed: seed, index: index)
    return drawing.draw(kind(seed: seed, index: index))
  }

  /// More than in part I: a text has few labels, often one, so that a single cancellation can decide a whole gradient,
  /// and two shakes may both miss it.
  package static let shakes = 8

  package var kind: FreshKind {
    if !faults.isEmpty { return .rejection(of: .peer(operation)) }
    return property.map { .property($0, of: .peer(operation)) } ?? .answer(.peer(operation))
  }

  package var clauses: [String] {
    if !faults.isEmpty { return ["CCM-35"] }
    return property.map { Self.clauses(of: $0) } ?? operation.clauses
  }

  package var types: [String] {
    switch kind {
    case .property(.interference, _): ContextPropertyCases.interferenceTypes
    case .answer where fillsF32: NumberType.preciseWords
    case .answer, .property, .rejection: Case.types(of: kind.level)
    }
  }

  package var hidesScores: Bool { false }

  /// Whether the operation accepts these values; drawn cases are valid, and shrinking must keep them so.
  var isValid: Bool {
    let takesOne = [.ccmSchedule, .ccmCost, .ccmOnline].contains(operation)
    guard !takesOne || texts.count == 1, !isForced || self[.generate] > 0,
      profile.memory == .concat || caseModel?.holdsSums ?? true,
      texts.allSatisfy({ 0..<$0.final.length ~= $0.output })
    else { return false }
    switch property {
    // The questions are fixed before the first answer.
    case .online: return isForced || self[.generate] < 2
    case .inert: return texts.count == 1 && texts[0].segments.count > 1 && profile.memory == .merge
    case .interference: return texts.count == 1 && model == ContextCaseModel.shallow.name
    case nil, .batch, .repeat, .gate, .poison, .prefix, .cache, .shift: return true
    }
  }

  /// The properties that fresh cases ask, in turn.
  static let properties: [(property: Property, operation: Operation)] = [
    (.online, .peer(.ccmOnline)), (.inert, .peer(.ccmForward)), (.interference, .peer(.ccmForward)),
    (.gate, .peer(.conditionalLinear)), (.batch, .peer(.ccmForward)), (.repeat, .peer(.ccmForward)),
  ]

  private static func clauses(of property: Property) -> [String] {
    switch property {
    case .online: ["CCM-24", "CCM-25", "CCM-26"]
    case .inert: ["CCM-17", "CCM-18"]
    case .interference: (9...17).map { "CCM-\($0)" } + ["MSK-12"]
    case .gate: ["CCM-20"]
    case .batch: ["CCM-8"]
    case .repeat, .poison, .prefix, .cache, .shift: ["OPS-7"]
    }
  }
}

extension FreshContextCase: CustomStringConvertible {
  /// One line, such as `ccm_forward segments=3,1,2;4 memory=merge models/ccm-gqa`.
  package var description: String {
    var words = [property.map { "\($0.rawValue) of \(operation.rawValue)" } ?? operation.rawValue]
    words += SizeParameter.allCases.compactMap { extent in extents[extent].map { "\(extent.rawValue)=\($0)" } }
    if !texts.isEmpty {
      let lengths = texts.map { $0.segments.map { "\($0.length)" }.joined(separator: ",") }
      words.append("segments=" + lengths.joined(separator: ";"))
      if beginning != .first { words.append("bos=" + beginning.rawValue) }
    }
    if operation.readsOutputs { words.append("outputs=" + texts.map { "\($0.output)" }.joined(separator: ",")) }
    words.append(profile.name)
    if let model { words.append("models/" + model) }
    if hasEmbeddings { words.append("embeddings") }
    if isForced { words.append("forced") }
    if fillsF32 { words.append("24-bits") }
    if !faults.isEmpty { words.append("faults=" + faults.map { $0.rawValue }.joined(separator: ",")) }
    return (words + captures).joined(separator: " ")
  }
}
