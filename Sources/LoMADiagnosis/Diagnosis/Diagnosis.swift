// What a wrong answer resembles: the reference under another profile, or with one known mistake.

import LoMA
import LoMAReference
import LoMASuite
import LoMAVectors
import NaiveLlama

/// Looks for the mistake behind wrong answers.
package struct Diagnosis: Sendable {
  /// One way to come to an answer.
  package struct Explanation: Sendable {
    /// What it is.
    package let suspect: Suspect
    /// Error over bound between the answer and this one's.
    package let distance: Double
  }

  /// No more explanations than these are named for one answer.
  static let limit = 3

  let models: [String: ModelInMemory]

  /// A diagnosis on some models.
  package init(models: StoredModels) { self.models = models.models }

  /// The right answers.
  var answers: ReferenceAnswers { ReferenceAnswers(models: models, workers: .single) }

  /// The forward pass behind a request, to find the stage that is wrong; none where there is none.
  package func divergence(of request: Request) -> Divergence? { Divergence(of: request, models: models) }

  /// The suspects whose answers this one answer is within its bounds, nearest first; profiles before mutants.
  ///
  /// Many suspects may give one answer to a case: what is behind a run, only `culprit` says. `threads` share the work.
  package func explanations(of witness: Witness, threads: Int) -> [Explanation] {
    let answers = witness.answers(answers)
    // A right answer, or one that a rounding may have made wrong, needs no explanation.
    guard witness.isClear, !witness.isLong else { return [] }
    func nearest(_ suspects: [Suspect]) -> [Explanation] {
      let found = Workers(threads: threads).map(suspects.count) { index -> Explanation? in
        guard let other = suspects[index].answer(to: witness.request, answers),
          let far = witness.distance(ofSuspect: other), far <= 1
        else { return nil }
        return Explanation(suspect: suspects[index], distance: far)
      }
      return found.compactMap { $0 }.sorted { $0.distance < $1.distance }
    }
    return Array((nearest(Suspect.axes) + nearest(Suspect.mutants)).prefix(Self.limit))
  }
}

extension Diagnosis.Explanation {
  /// A line for a person.
  package var line: String {
    suspect.profile == nil ? "your output matches \(suspect.words)" : "your output equals \(suspect.words)"
  }
}
