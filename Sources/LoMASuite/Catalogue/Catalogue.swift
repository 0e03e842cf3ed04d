// Every case of the suite, in the order of the manifest, and the ids that are gone.

/// The catalogue.
public enum Catalogue {
  /// Every case; ids are unique.
  public static var cases: [Case] {
    StructureCases.all + StageCases.all + ModelCases.all + TrainingCases.all + GenerationCases.all + LosslessCases.all
      + RejectionCases.all + PropertyCases.all + NumberingCases.all
  }

  /// Retired ids with the reason; none is ever used again.
  public static let retired: [(id: String, reason: String)] = []
}
