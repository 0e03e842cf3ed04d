// Every case of the suite, in the order of the manifest, and the ids that are gone.

/// The catalogue.
package enum Catalogue {
  /// Every case; ids are unique.
  package static var cases: [Case] { first + second }

  /// What suite 1.0 froze.
  private static var first: [Case] {
    StructureCases.all + StageCases.all + ModelCases.all + TrainingCases.all + GenerationCases.all + LosslessCases.all
      + RejectionCases.all + PropertyCases.all
  }

  /// What suite 1.1 added.
  private static var second: [Case] {
    NumberingCases.all + EngineCases.all + OptimiserCases.all + ModelFormCases.all + PairCases.all + FaultCases.all
  }

  /// Retired ids with the reason; none is ever used again.
  package static let retired: [(id: String, reason: String)] = []
}
