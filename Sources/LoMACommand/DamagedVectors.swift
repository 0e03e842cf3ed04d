// RUN-16: damaged vectors end every command with exit code 4.

import LoMAAnswers
import LoMAConformance
import LoMAJudgement

extension StoredModels {
  /// The models in a corpus's folder; throws `damaged` if one cannot be read.
  init(of corpus: CaseCorpus) throws(CorpusError) {
    do { try self.init(vectors: corpus.folder) } catch { throw .damaged(file: "models", reason: error.description) }
  }
}

extension Outcome {
  /// One line on standard error and exit code 4.
  static func damaged(_ error: CorpusError) -> Outcome {
    var outcome = Outcome.rejected("\(error)")
    outcome.exitCode = .vectorsDamaged
    return outcome
  }
}
