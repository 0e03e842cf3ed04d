// CCM-20…CCM-27: why a peer did not compute, in names and numbers.

import LoMA
import LoMAPeers
import LoMAReference
import NaiveLlama

/// Why a pass or a request of a peer stopped.
package enum PeerReferenceError: Error, Hashable, Sendable {
  /// The text or the parameters break a clause of part II.
  case rejected(PeerError)
  /// CCM-22: r < 1.
  case rankBelowOne(Int)
  /// CCM-22: α is NaN or infinite.
  case nonFiniteAlpha
  /// CCM-22: a tensor of the adapter is missing, is not one of its own, or has another shape.
  case adapterShapeMismatch(tensor: String)
  /// CCM-21: fewer embedding rows than memory embeddings, which are to start as means of some.
  case noRowsToAverage(textVocabulary: Int, memoryEmbeddings: Int)
  /// CCM-24: a row of the final segment was fed, and no context segment may follow it.
  case contextAfterFinal(segment: Int)
  /// CCM-27: tokens were asked for before any row of the final segment was fed.
  case nothingRead(generationLength: Int)
  /// CCM-27: a logit of a fed row is NaN or infinite; no token follows.
  case nonFiniteLogits(segment: Int, role: String, index: Int)
  /// The model is not one that can be computed, or a weight is not.
  case model(ModelError)
}

extension PeerReferenceError {
  /// The code in the Spec's list of rejections; nil if no request can bring it about.
  package var code: String? {
    switch self {
    case .rejected(let error): error.code
    case .rankBelowOne, .nonFiniteAlpha: "invalid-adapter"
    case .adapterShapeMismatch: "adapter-shape-mismatch"
    case .model(let error): error.rejectionCode
    case .noRowsToAverage, .contextAfterFinal, .nothingRead, .nonFiniteLogits: nil
    }
  }
}

extension PeerReferenceError: CustomStringConvertible {
  /// A code or what is wrong, and the numbers, on one line.
  package var description: String {
    switch self {
    case .rejected(let error): error.description
    case .rankBelowOne(let rank): "invalid-adapter: r is \(rank), must be at least 1"
    case .nonFiniteAlpha: "invalid-adapter: lora_alpha is no finite number"
    case .adapterShapeMismatch(let tensor):
      "adapter-shape-mismatch: tensor \(tensor.unicodeScalars.reduce("") { $0 + $1.escaped(asASCII: true) })"
    case .noRowsToAverage(let rows, let count):
      "no-rows-to-average: \(count) memory embeddings start as means of \(rows) rows"
    case .contextAfterFinal(let segment): "context-after-final: segment \(segment) is the final one, and is being read"
    case .nothingRead(let length): "nothing-read: \(length) tokens asked for before the final segment"
    case .nonFiniteLogits(let segment, let role, let index):
      "non-finite-logits: \(role) row \(index) of segment \(segment)"
    case .model(let error): error.description
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
