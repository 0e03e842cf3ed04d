// MOD-1, PAR-2: why a checkpoint on disk is rejected, and because of which file.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

/// Why a checkpoint directory is rejected.
package enum CheckpointError: Error, Equatable, Sendable {
  /// The reference cannot compute the model that is described, or a tensor does not fit it.
  case model(ModelError)
  /// What it says of LoMA, or the text that is run through it, is rejected.
  case reference(ReferenceError)
  /// A file could not be read or written.
  case file(FileError)
  case json(file: String, JSONError)
  case container(file: String, ContainerError)
  /// A file is a pointer of Git LFS, and the file itself was not fetched.
  case largeFilePointer(file: String)
  /// `model.safetensors.index.json` names a file that is not in the directory.
  case missingShard(file: String)
  /// `model.safetensors.index.json` names a file that is not a plain name in the directory.
  case shardOutsideDirectory(String)
  /// Two files hold a tensor of the same name.
  case tensorInTwoShards(tensor: String, files: [String])
  /// The index puts a tensor in a file that does not have it.
  case tensorNotInShard(tensor: String, file: String)
  /// A value becomes infinite when it is rounded to the element type; `index` is row-major.
  case valueOutOfRange(tensor: String, index: Int, elementType: ElementType)
  /// Text was given as bytes to a model whose text vocabulary is not 0..<256.
  case notByteVocabulary(textVocabulary: Int)
  /// A trace of these texts would have more bytes of probabilities, masks and logits than `limit`.
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
  /// The reason on one line, with the file, the tensor or the key.
  package var description: String {
    switch self {
    case .model(let error): error.description
    case .reference(let error): error.description
    case .file(let error): "file: \(error)"
    case .json(let file, let error): "malformed-json: \(file): \(error)"
    case .container(let file, let error): "malformed-container: \(file): \(error)"
    case .largeFilePointer(let file):
      "large-file-pointer: \(file) is a pointer of Git LFS, not the file itself; git lfs pull fetches it"
    case .missingShard(let file):
      "missing-shard: model.safetensors.index.json names \(file.onOneLine), and the directory has no such file"
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
