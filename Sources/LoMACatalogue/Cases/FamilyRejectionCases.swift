// Suite 1.2: models and texts that no family covers, and that everybody refuses.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors

/// Rejections of MOD-8 and MOD-13.
enum FamilyRejectionCases {
  /// What everybody refuses, whatever families it declares.
  static var all: [Case] {
    func refused(
      _ operation: Operation, _ what: String, _ model: String, _ length: Int, clauses: [String], hunts: String,
      _ more: [String: RequestParameter] = [:]
    ) -> Case {
      let text = CaseInputs.text(length, below: 11, seed: 995)
      return Case(
        id: "rejection.\(operation.rawValue).\(what)", since: Versions.third, level: .rejection, hunts: hunts,
        clauses: clauses,
        request: Request(
          operation, axes: [:], parameters: CaseModel.shallow.parameters(c: 2, t: 2).adding(more), model: model,
          input: CaseInputs.file(CaseInputs.batch([text])), captures: []),
        expectation: .rejection("unsupported-configuration"), dtypes: NumberType.words)
    }
    return [
      refused(
        .forward, "dynamic-beyond", CaseModel.dynamic.path, 90, clauses: ["MOD-8"],
        hunts: "a text longer than the length from which dynamic frequencies change"),
      refused(
        .generate, "dynamic-beyond", CaseModel.dynamic.path, 90, clauses: ["MOD-8", "GEN-7"],
        hunts: "a text longer than the length from which dynamic frequencies change", ["generate": .integer(1)]),
      refused(
        .forward, "window-beyond", CaseModel.mistral.path, 90, clauses: ["MOD-13"],
        hunts: "a text longer than a window, of which nobody decided what it hides"),
    ]
      + RefusedModel.ofFamilies.map { model in
        refused(
          .forward, model.name, model.path, 5, clauses: [model.clause],
          hunts: "a model computed as if its config.json said something else")
      }
  }
}
