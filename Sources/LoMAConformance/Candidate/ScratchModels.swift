// RUN-7: the models of the vectors, copied to the candidate's scratch folder.

import LoMAJudgement
import LoMAProcess

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
