// CCM-20…CCM-27: why a peer did not compute, in names and numbers.

import LoMAPeers
import NaiveLlama

/// Why a pass or a request of a peer stopped.
package enum PeerReferenceError: Error, Hashable, Sendable {
  /// The text or the parameters break a clause of part II.
  case rejected(PeerError)
  /// The model or the adapter is not one that can be computed.
  case model(ModelError)
  /// CCM-20: r < 1.
  case rankBelowOne(Int)
  /// CCM-21: fewer embedding rows than memory embeddings, which are to start as means of some.
  case noRowsToAverage(textVocabulary: Int, memoryEmbeddings: Int)
  /// CCM-24: a final segment has been read, and no context segment may follow it.
  case contextAfterFinal(segment: Int)
  /// CCM-27: a logit of a fed row is NaN or infinite; no token follows.
  case nonFiniteLogits(segment: Int, role: String, index: Int)
}

extension PeerReferenceError: CustomStringConvertible {
  /// One line: a code or what is wrong, then the numbers.
  package var description: String {
    switch self {
    case .rejected(let error): error.description
    case .model(let error): error.description
    case .rankBelowOne(let rank): "invalid-adapter: r is \(rank), must be at least 1"
    case .noRowsToAverage(let rows, let count):
      "no-rows-to-average: \(count) memory embeddings start as means of \(rows) rows"
    case .contextAfterFinal(let segment):
      "context-after-final: segment \(segment) is the final one, and has been read"
    case .nonFiniteLogits(let segment, let role, let index):
      "non-finite-logits: \(role) row \(index) of segment \(segment)"
    }
  }
}

/// The value of an expression of the model, its error as a `PeerReferenceError`.
func modelling<Value>(_ pass: @autoclosure () throws(ModelError) -> Value) throws(PeerReferenceError) -> Value {
  do { return try pass() } catch { throw .model(error) }
}

/// The value of an expression of integers, its error as a `PeerReferenceError`.
func checking<Value>(_ check: @autoclosure () throws(PeerError) -> Value) throws(PeerReferenceError) -> Value {
  do { return try check() } catch { throw .rejected(error) }
}
