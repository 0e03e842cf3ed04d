// Every case of part II, in the order of its manifest, and the retired ids.

import LoMACatalogue
import LoMAVectors

package enum PeerCatalogue {
  package static let cases: [Case] =
    ContextStructureCases.all + ContextStageCases.all + ContextModelCases.all + ContextTrainingCases.all
    + ContextOnlineCases.all + ContextRecitalCases.all + ContextRejectionCases.all + ContextPropertyCases.all
    + LatentStageCases.all + LatentModelCases.all + LatentRecitalCases.all + LatentRejectionCases.all
    + PrunedStageCases.all + CodedStageCases.all + PooledStageCases.all + CachedModelCases.all
    + BaselineRejectionCases.all

  /// Retired ids with the reason; a retired id is never used again.
  package static let retired: [(id: String, reason: String)] = []

  package static var modelNames: [String] {
    ContextCaseModel.all.map(\.name) + TrainedContextModel.all.map(\.name) + LatentCaseModel.all.map(\.name)
      + TrainedLatentModel.all.map(\.name) + BaselineCaseModel.all.map(\.name)
  }

  /// The case with an id; nil if there is none.
  package static func item(_ id: String) -> Case? { cases.first { $0.id == id } }
}
