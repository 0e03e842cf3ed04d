// MOD-1, PAR-2: what can be wrong with a checkpoint on disk, and in which file.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

/// Why a checkpoint directory was rejected.
package enum CheckpointError: Error, Equatable, Sendable {
  /// The model it describes is not one the reference computes, or a tensor does not fit it.
  case model(ModelError)
  /// What it says of LoMA, or the text that is run through it, is rejected.
  case reference(ReferenceError)
  /// A file could not be read or written.
  case file(FileError)
  /// A JSON file is malformed.
  case json(file: String, JSONError)
  /// A safetensors file is malformed.
  case container(file: String, ContainerError)
  /// `model.safetensors.index.json` names a file that is not a plain name in the directory.
  case shardOutsideDirectory(String)
  /// Two files hold a tensor of one name.
  case tensorInTwoShards(tensor: String, files: [String])
  /// The index says a tensor is in a file that does not have it.
  case tensorNotInShard(tensor: String, file: String)
  /// A value is not finite any more once it is rounded to the element type; `index` counts in row-major order.
  case valueOutOfRange(tensor: String, index: Int, elementType: ElementType)
  /// Bytes were given as text to a model whose text vocabulary is not 0..<256.
  case notByteVocabulary(textVocabulary: Int)
  /// A trace of so many texts of so many rows would hold more bytes of probabilities, masks and logits than `limit`.
  case traceTooLarge(texts: Int, rows: Int, limit: Int)
}

extension CheckpointError {
  /// The error of a generator on this checkpoint.
  init(_ error: ReferenceError) {
    if case .model(let error) = error { self = .model(error) } else { self = .reference(error) }
  }

  /// Why the model, or what its files say of LoMA, is refused; nil if its files cannot be read.
  package var refusal: ReferenceError? {
    switch self {
    case .model(let error): .model(error)
    case .reference(let error): error
    default: nil
    }
  }
}

extension CheckpointError: CustomStringConvertible {
  /// One line that names the file, the tensor or the key.
  package var description: String {
    switch self {
    case .model(let error): error.description
    case .reference(let error): error.description
    case .file(let error): "file: \(error)"
    case .json(let file, let error): "malformed-json: \(file): \(error)"
    case .container(let file, let error): "malformed-container: \(file): \(error)"
    case .shardOutsideDirectory(let name): "shard-outside-directory: \(name)"
    case .tensorInTwoShards(let tensor, let files):
      "tensor-in-two-shards: \(tensor) in \(files.joined(separator: " and "))"
    case .tensorNotInShard(let tensor, let file): "tensor-not-in-shard: the index says \(tensor) is in \(file)"
    case .valueOutOfRange(let tensor, let index, let type):
      "value-out-of-range: \(tensor) at index \(index) is not finite as \(type.rawValue)"
    case .notByteVocabulary(let size):
      "not-a-byte-vocabulary: text as bytes needs V = 256, this model has V = \(size); give token ids"
    case .traceTooLarge(let texts, let rows, let limit):
      "trace-too-large: \(texts) text\(texts == 1 ? "" : "s") of \(rows) rows: probabilities, masks and logits would be more "
        + "than \(limit >> 20) MiB"
    }
  }
}
