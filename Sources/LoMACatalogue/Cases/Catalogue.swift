// Every case of the suite, in the order of the manifest, and the retired ids.

package enum Catalogue {
  package static let cases: [Case] = first + second + FamilyCases.all + FamilyRejectionCases.all

  /// The cases that suite 1.0 froze.
  private static var first: [Case] {
    StructureCases.all + StageCases.all + ModelCases.all + TrainingCases.all + GenerationCases.all + LosslessCases.all
      + RejectionCases.all + PropertyCases.all
  }

  /// The cases that suite 1.1 added.
  private static var second: [Case] {
    NumberingCases.all + EngineCases.all + OptimiserCases.all + ModelFormCases.all + PairCases.all + FaultCases.all
  }

  /// Retired ids with the reason; a retired id is never used again.
  package static let retired: [(id: String, reason: String)] = []
}
