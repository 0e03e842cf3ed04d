// OWN-8: why a checkpoint cannot be judged, in names and numbers.

import LoMA
import LoMAModels
import LoMAReference
import LoMAVectors
import NaiveLlama

/// Why the yardstick of a checkpoint cannot be computed, read or used.
package enum OwnError: Error, Equatable, Sendable {
  /// The checkpoint, or the text that is run through it, is refused.
  case checkpoint(CheckpointError)
  /// A pass through the model failed.
  case model(ModelError)
  /// Types a port can be asked in are F32, BF16 and F16.
  case type(ElementType)
  /// A candidate declares no type that a model is judged in.
  case noJudgedType(declared: [String])
  /// A text must have two full chunks and a tail.
  case textTooShort(tokens: Int, needed: Int)
  /// A weight is not finite in an element type that ports compute in (OWN-7); `index` is row-major.
  case weightOutOfRange(tensor: String, index: Int, type: ElementType)
  /// A number of the reference itself is not finite; the model cannot be judged with this text.
  case nonFiniteReference(tensor: String, row: Int)
  /// A layer that the model does not have.
  case noSuchLayer(Int, layers: Int)
  /// A file of the yardstick could not be written or read.
  case file(String)
  /// The files of a yardstick are those of another plan or text.
  case otherYardstick(folder: String, reason: String)
  /// An answer lacks a tensor, or it has another form than the question's.
  case answer(tensor: String, reason: String)
  /// The caller's progress function asked to stop.
  case interrupted
}

extension OwnError {
  /// Why a type is not judged, and what to do instead; empty for a word that is no type of a port.
  package static func reason(_ word: String) -> String {
    word == ElementType.f64.word
      ? ": the reference itself computes in f64, so nothing finer says how far a right port may be; ask the port in f32, or "
        + "compare its numbers with those of loma trace by loma compare" : ""
  }
}

extension OwnError: CustomStringConvertible {
  /// The reason on one line.
  package var description: String {
    switch self {
    case .checkpoint(let error): error.description
    case .model(let error): error.description
    case .type(let type): "type: \(type.word) is not one of f32, bf16 and f16" + Self.reason(type.word)
    case .noJudgedType(let declared):
      "no-judged-type: a model is judged in f32, bf16 and f16; the candidate declares "
        + (declared.isEmpty
          ? "no element type: list those of its numbers in dtypes of its hello"
          : declared.map(\.onOneLine).joined(separator: ", ") + Self.reason(declared[0]))
    case .textTooShort(let tokens, let needed):
      "text-too-short: \(tokens) tokens; two full chunks and a tail are at least \(needed)"
    case .weightOutOfRange(let tensor, let index, let type):
      "value-out-of-range: \(tensor) at index \(index) is not finite as \(type.rawValue)"
    case .nonFiniteReference(let tensor, let row): "non-finite-reference: \(tensor), row \(row)"
    case .noSuchLayer(let layer, let layers): "no-such-layer: \(layer); the model has \(layers)"
    case .file(let reason): "file: \(reason)"
    case .otherYardstick(let folder, let reason): "other-yardstick: \(folder): \(reason)"
    case .answer(let tensor, let reason): "answer: \(tensor): \(reason)"
    case .interrupted: "interrupted"
    }
  }
}
