// Part II: what its answers are computed with, why its requests are bad, and which function answers which operation.

import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

/// What the methods of part II compute with beside the base models.
package struct PeerAnswers: Sendable {
  /// The adapter in a model's directory, or why it is refused (CCM-22).
  package typealias AdapterInModel = Result<ContextAdapter, PeerRefusal>

  /// Adapters by the path of their models.
  package var adapters: [String: AdapterInModel] = [:]
  /// The parallel layout of a text (CCM-5…CCM-7, CCM-23) as it is used: the Spec's, or one made wrong of it.
  package var layout: @Sendable (ContextLayout) -> ContextLayout = { $0 }
  /// The rules of compressed context memory (chapter 16), or deliberately wrong ones.
  package var rules = ContextRules.spec

  /// The groups that a quantiser makes of a matrix.
  package typealias Quantising = @Sendable (Quantiser, Tensor) -> [QuantisedGroup]

  /// Models with latent attention by path, refused ones among them (LAT-10).
  package var latents: [String: StoredLatent] = [:]
  /// The rules of latent attention (chapter 17), or deliberately wrong ones.
  package var latentRules = LatentRules.spec
  /// The groups whose codes an answer shows (chapter 18), or deliberately wrong ones; what a pass reads of its entries
  /// is a rule of `latentRules`.
  package var quantise: Quantising = { $0.groups(of: $1) }

  /// The rules of the baselines (chapter 19), or deliberately wrong ones.
  package var baselines = BaselineRules.spec

  /// Takes over the models of other answers, and none of their rules.
  mutating func know(_ other: PeerAnswers) { (adapters, latents) = (other.adapters, other.latents) }
}

/// Why the files of a model of part II are refused; `code` is nil if no recorded request has the fault.
package struct PeerRefusal: Error, Hashable, Sendable {
  package let code: String?
  package let description: String

  package init(code: String?, description: String) {
    self.code = code
    self.description = description
  }
}

/// Why a request of part II cannot be answered with tensors.
package enum PeerFault: Error, Hashable, Sendable {
  /// Parameters, profile, text or adapter break a clause, or a pass stopped.
  case reference(PeerReferenceError)
  /// CCM-30: a text has no segment, or segments, lengths and tokens do not add up.
  case segmentsMismatch(segments: [Int], lengths: Int, tokens: Int)
  /// CCM-22: the files of the adapter are refused.
  case adapter(PeerRefusal)
  /// LAT-12: a text without a token; nil if there is no text.
  case textEmpty(text: Int?)
  /// LAT-12: the lengths do not add up to the tokens.
  case textsMismatch(lengths: [Int], tokens: Int)
  /// LAT-12: the profile is not that of the model.
  case profileMismatch(asked: String, model: String)
  /// LAT-10: the files of the model are refused.
  case latentModel(PeerRefusal)
}

extension PeerFault: CustomStringConvertible {
  /// The code in the list of part II; nil if the fault has none.
  var code: String? {
    switch self {
    case .reference(let error): error.code
    case .segmentsMismatch: "segments-mismatch"
    case .adapter(let refusal): refusal.code
    case .textEmpty: "text-empty"
    case .textsMismatch: "texts-mismatch"
    case .profileMismatch: "profile-mismatch"
    case .latentModel(let refusal): refusal.code
    }
  }

  package var description: String {
    switch self {
    case .reference(let error): error.description
    case .segmentsMismatch(let segments, let lengths, let tokens):
      "segments-mismatch: texts of \(segments) segments, \(lengths) lengths, \(tokens) tokens"
    case .adapter(let refusal): refusal.description
    case .textEmpty(let text): "text-empty: " + (text.map { "text \($0) has no token" } ?? "there is no text")
    case .textsMismatch(let lengths, let tokens): "texts-mismatch: texts of \(lengths) tokens, \(tokens) in all"
    case .profileMismatch(let asked, let model):
      "profile-mismatch: \(asked.onOneLine) is asked, the model is of \(model.onOneLine)"
    case .latentModel(let refusal): refusal.description
    }
  }
}

extension ReferenceAnswers {
  /// The result tensors of a request of part II.
  func answer(_ operation: PeerOperation, _ request: Request) throws(RequestError) -> [ResultTensor] {
    switch operation {
    case .ccmLayout: try contextLayout(request)
    case .ccmMask: try contextMask(request)
    case .ccmSchedule: try contextSchedule(request)
    case .ccmCost: try contextCost(request)
    case .merge: try merge(request)
    case .conditionalLinear: try conditionalLinear(request)
    case .ccmForward: try contextForward(request)
    case .ccmLoss: try contextLoss(request)
    case .ccmGradients: try contextGradients(request)
    case .ccmOnline: try contextOnline(request)
    case .latentCost: try latentCost(request)
    case .quantise: try quantise(request)
    case .latentAttention: try latentAttention(request)
    case .latentForward: try latentForward(request)
    case .latentGradients: try latentGradients(request)
    case .latentGenerate: try latentGenerate(request)
    case .evict: try evict(request)
    case .zigzagBudgets: try zigzagBudgets(request)
    case .think: try think(request)
    case .zipCache: try zipCache(request)
    case .pyramidStep: try pyramidStep(request)
    case .layerDistances: try layerDistances(request)
    case .dmc: try dynamicMemory(request)
    case .truncateRank: try truncateRank(request)
    case .pursue: try pursue(request)
    case .storeNoise: try storeNoise(request)
    case .cachedForward: try cachedForward(request)
    }
  }
}

extension Request {
  /// Rethrows a `PeerError` as a `RequestError`.
  func peer<Value>(_ check: () throws(PeerError) -> Value) throws(RequestError) -> Value {
    do { return try check() } catch { throw .peer(.reference(.rejected(error))) }
  }

  /// Rethrows a `PeerReferenceError` as a `RequestError`.
  func peer<Value>(_ step: () throws(PeerReferenceError) -> Value) throws(RequestError) -> Value {
    do { return try step() } catch { throw .peer(.reference(error)) }
  }
}
