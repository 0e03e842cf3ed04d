// RUN-3, RUN-7: the models of questions, put into the candidate's scratch folder: those of the vectors are copied, a
// user's own (OWN-2) is a link.

import LoMAJudgement
import LoMAProcess

/// Where the models that questions name are found.
package struct ModelSource: Sendable {
  /// Puts a model into a scratch folder, unless it is there; throws `CorpusError` or `FileError`.
  let put: @Sendable (_ model: String, _ scratch: Scratch) throws -> Void

  /// The models of a folder of vectors.
  static func vectors(_ corpus: CaseCorpus) -> ModelSource {
    ModelSource { model, scratch in try scratch.copy(model: model, from: corpus) }
  }

  /// Folders anywhere, each under its name below `models`; `folder` gives a model's absolute path, or nil if there is
  /// none of that name.
  package static func folders(_ folder: @escaping @Sendable (_ model: String) -> String?) -> ModelSource {
    ModelSource { model, scratch in
      guard let path = folder(model) else { throw CorpusError.manifest("no model \(model)") }
      try scratch.link(folder: model, to: path)
    }
  }
}

extension Scratch {
  /// Copies a model's folder from the vectors, once; throws `CorpusError` or `FileError`.
  func copy(model: String, from corpus: CaseCorpus) throws {
    guard let files = corpus.models.first(where: { $0.path == model })?.files else {
      throw CorpusError.manifest("no model \(model)")
    }
    try copy(folder: model) { (write: (String, [UInt8]) throws -> Void) in
      for file in files { try write(file.path, try corpus.contents(of: file)) }
    }
  }
}
