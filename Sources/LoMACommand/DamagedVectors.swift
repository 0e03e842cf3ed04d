// RUN-16: vectors that are damaged end a command with 4, whoever finds it.

import LoMAConformance
import LoMAJudgement
import LoMASuite

extension StoredModels {
  /// The models of a corpus's folder; throws `damaged` where one cannot be read.
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
