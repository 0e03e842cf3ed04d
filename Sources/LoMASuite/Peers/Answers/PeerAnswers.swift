// Part II: what its answers are computed with, why its requests are bad, and which function answers which operation.

import LoMAPeers
import LoMAPeersReference
import LoMAVectors

/// What the methods of part II compute with beside the base models.
package struct PeerAnswers: Sendable {
  /// The adapter in a model's directory, or why it is refused (CCM-22).
  package typealias AdapterInModel = Result<ContextAdapter, AdapterRefusal>

  /// Adapters by the path of their models.
  package var adapters: [String: AdapterInModel] = [:]
  /// The parallel layout of a text (CCM-5…CCM-7, CCM-23) as it is used: the Spec's, or one made wrong of it.
  package var layout: @Sendable (ContextLayout) -> ContextLayout = { $0 }
  /// The rules of compressed context memory (chapter 16), or deliberately wrong ones.
  package var rules = ContextRules.spec
}

/// Why the adapter of a model is refused; `code` is nil if no recorded request has the fault.
package struct AdapterRefusal: Error, Hashable, Sendable {
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
  case adapter(AdapterRefusal)
}

extension PeerFault: CustomStringConvertible {
  /// The code in the list of part II; nil if the fault has none.
  var code: String? {
    switch self {
    case .reference(let error): error.code
    case .segmentsMismatch: "segments-mismatch"
    case .adapter(let refusal): refusal.code
    }
  }

  package var description: String {
    switch self {
    case .reference(let error): error.description
    case .segmentsMismatch(let segments, let lengths, let tokens):
      "segments-mismatch: texts of \(segments) segments, \(lengths) lengths, \(tokens) tokens"
    case .adapter(let refusal): refusal.description
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
