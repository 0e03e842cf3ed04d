// The mistake that a wrong answer points to: another profile, or one known mistake.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors
import NaiveLlama

/// Finds the mistakes behind wrong answers.
package struct Diagnosis: Sendable {
  /// A suspect that explains an answer.
  package struct NearSuspect: Sendable {
    package let suspect: Suspect
    /// Error over bound of the answer, measured against the suspect's.
    package let distance: Double
  }

  /// The most explanations named for one answer.
  static let limit = 3

  private let stored: StoredModels

  package init(models: StoredModels) { stored = models }

  var models: [String: Model] { stored.models }

  /// The right reference, which computes the right answers.
  var answers: ReferenceAnswers { ReferenceAnswers(models: stored, workers: .single) }

  /// The forward pass behind a request, in which to look for the wrong stage; nil if there is none.
  package func divergence(of request: Request) -> TracedPass? { TracedPass(of: request, models: models) }

  /// The suspects whose answers are within the bounds of this one: profiles first, then mutants, each nearest first.
  ///
  /// Many suspects may give the same answer to one case; only `culprits` tells what is behind a run.
  package func explanations(of witness: Witness, threads: Int) -> [NearSuspect] {
    let answers = witness.answers(answers)
    // A right answer, and one that a rounding may have made wrong, need no explanation.
    guard witness.isClear, !witness.isLong else { return [] }
    func nearest(_ suspects: [Suspect]) -> [NearSuspect] {
      let found = Workers(threads: threads).map(suspects.count) { index -> NearSuspect? in
        guard let other = suspects[index].answer(to: witness.request, answers),
          let far = witness.distance(ofSuspect: other), far <= 1
        else { return nil }
        return NearSuspect(suspect: suspects[index], distance: far)
      }
      return found.compactMap { $0 }.sorted { $0.distance < $1.distance }
    }
    let part = witness.request.operation.part
    return Array((nearest(Suspect.axes(of: part)) + nearest(Suspect.mutants(of: part))).prefix(Self.limit))
  }
}

extension Diagnosis.NearSuspect {
  /// The explanation as a line for a person.
  package var line: String {
    suspect.profile == nil ? "your output matches \(suspect.words)" : "your output equals \(suspect.words)"
  }
}
