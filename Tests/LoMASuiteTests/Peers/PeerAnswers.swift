// The right answers of part II, on all of its models.

@testable import LoMAAnswers
@testable import LoMASuite

private let recorded = Result { () throws(RecordingError) in
  try RecordedModels(peersTrainedBelow: projectRoot + "/Vectors/peers/models")
}

/// The models of part II with their adapters, read once.
func peerModels() throws -> RecordedModels { try recorded.get() }

/// The reference on all models of part II.
func peerAnswers() throws -> ReferenceAnswers {
  let models = try peerModels()
  var answers = ReferenceAnswers(models: models.models, workers: .single)
  (answers.refusals, answers.peers.adapters) = (models.refusals, models.adapters)
  answers.peers.latents = models.latents
  return answers
}
