// CCM-22: why an adapter on disk is refused, and because of which key or tensor.

import LoMAPeers
import LoMAPeersReference
import LoMAReference
import LoMAVectors
import NaiveLlama

/// Why a base with a PEFT directory in it is refused, or an adapter cannot be written.
package enum AdapterError: Error, Equatable, Sendable {
  /// The base's own files (MOD-1).
  case base(CheckpointError)
  /// n, V, BOS, the profile, a text, or a pass.
  case peer(PeerReferenceError)
  /// A file of the adapter could not be read or written.
  case file(FileError)
  /// adapter_config.json is not JSON.
  case json(JSONError)
  /// adapter_model.safetensors is not a container.
  case container(ContainerError)
  /// A key that would change the arithmetic does not have its plain value.
  case unsupported(key: String, value: String)
  /// r or `lora_alpha` is absent, of another type or out of range.
  case invalid(key: String, value: String, requirement: String)
  /// A tensor that the base's sizes imply is absent.
  case missingTensor(String)
  /// A tensor that nothing reads.
  case unexpectedTensor(String)
  /// A tensor has another shape than the base's sizes and r imply.
  case wrongShape(tensor: String, shape: [Int], expected: [Int])
  /// The memory embeddings are neither 2n rows nor, where nothing is merged, n.
  case memoryRows(Int, memoryTokens: Int, merges: Bool)
  /// A tensor is not of a floating-point type.
  case notFloating(tensor: String, elementType: ElementType)
  /// A value is NaN or infinite; `index` counts in row-major order.
  case nonFinite(tensor: String, index: Int)
  /// A value becomes infinite when it is rounded to the element type; `index` is row-major.
  case valueOutOfRange(tensor: String, index: Int, elementType: ElementType)
  /// A trace would have more bytes of probabilities, masks and logits than `limit`.
  case traceTooLarge(texts: Int, rows: Int, limit: Int)
}

extension AdapterError {
  /// The code in the Spec's list of rejections; nil for a fault that no recorded request has.
  package var code: String? {
    switch self {
    case .base(let error): error.refusal?.rejectionCode
    case .peer(let error): error.code
    case .unsupported: "unsupported-adapter"
    case .invalid: "invalid-adapter"
    case .missingTensor, .unexpectedTensor, .wrongShape, .memoryRows: "adapter-shape-mismatch"
    case .file, .json, .container, .notFloating, .nonFinite, .valueOutOfRange, .traceTooLarge: nil
    }
  }
}

extension AdapterError: CustomStringConvertible {
  /// One line: a code or what is wrong, then the key or tensor and the numbers.
  package var description: String {
    switch self {
    case .base(let error): error.description
    case .peer(let error): error.description
    case .file(let error): "file: \(error)"
    case .json(let error): "malformed-json: \(AdapterConfigurationFile.name): \(error)"
    case .container(let error): "malformed-container: \(StoredAdapter.tensorsName): \(error)"
    case .unsupported(let key, let value): "unsupported-adapter: \(key) is \(value)"
    case .invalid(let key, let value, let requirement): "invalid-adapter: \(key) is \(value), must be \(requirement)"
    case .missingTensor(let name): "adapter-shape-mismatch: \(name) is missing"
    case .unexpectedTensor(let name): "adapter-shape-mismatch: \(name) is not a tensor of this adapter"
    case .wrongShape(let name, let shape, let expected):
      "adapter-shape-mismatch: \(name) is \(shape), must be \(expected)"
    case .memoryRows(let rows, let n, let merges):
      "adapter-shape-mismatch: \(AdapterParameterName.memoryEmbedding) has \(rows) rows, n = \(n) "
        + (merges ? "and memory=merge need 2n" : "needs n or 2n")
    case .notFloating(let name, let type):
      "unreadable-tensor: \(name): \(type.rawValue) is not a floating-point type"
    case .nonFinite(let name, let index): "non-finite-weight: \(name) at index \(index)"
    case .valueOutOfRange(let name, let index, let type):
      "value-out-of-range: \(name) at index \(index) is not finite as \(type.rawValue)"
    case .traceTooLarge(let texts, let rows, let limit):
      CheckpointError.traceTooLarge(texts: texts, rows: rows, limit: limit).description
    }
  }
}
