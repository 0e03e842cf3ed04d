// RUN-16: vectors that are damaged, or of which none is selected, end every command with exit code 4.

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
  static func damaged(_ complaint: String) -> Outcome {
    var outcome = Outcome.rejected(complaint)
    outcome.exitCode = .vectorsDamaged
    return outcome
  }
}
