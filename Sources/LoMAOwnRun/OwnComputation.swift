// OWN-8: a plan with the yardsticks of its texts, and the steps in which a port is asked.

import LoMA
import LoMAConformance
import LoMAJudgement
import LoMAModels
import LoMAOwnModel
import LoMAProcess
import LoMAVectors
import NaiveLlama

/// The yardsticks of a plan.
package struct OwnComputation {
  package let plan: OwnPlan
  package let yardsticks: [OwnYardstick]
  /// The user's model.
  private let directory: String
  let workers: Workers
  let folder: OwnFolder
  let progress: (OwnProgress) throws(OwnError) -> Void

  /// Computes the yardstick of every text into `folder`, or reads it there if `folder` says that it is of this plan.
  package init(
    _ plan: OwnPlan, directory: String, workers: Workers, folder: OwnFolder,
    progress: @escaping (OwnProgress) throws(OwnError) -> Void
  ) throws(OwnError) {
    self.plan = plan
    self.directory = directory
    self.workers = workers
    self.folder = folder
    self.progress = progress
    var yardsticks: [OwnYardstick] = []
    for text in plan.texts {
      let path = folder.yardstick(of: text)
      if folder.isWhole(text), let known = try? OwnYardstick(reading: path, plan: plan, text: text) {
        yardsticks.append(known)
      } else {
        yardsticks.append(
          try OwnYardstick(computing: plan, text: text, workers: workers, into: path, progress: progress))
        try folder.markWhole(text)
      }
    }
    self.yardsticks = yardsticks
  }

  /// The element types in the protocol's words.
  package var dtypes: [String] { plan.types.map(\.word) }

  /// The profile, by name.
  package var profile: String { plan.model.profile.name }

  /// The steps of `places` (`OwnPlan.places`), of which `isWanted` may leave out questions.
  package func steps(
    _ places: [(name: String, places: [OwnPlace])], capturing: Bool, isWanted: (OwnPlace) -> Bool
  ) -> [OwnStep] {
    places.compactMap { name, places in
      let units = places.filter(isWanted).flatMap { place in dtypes.map { (place: place, dtype: $0) } }
      guard !units.isEmpty else { return nil }
      return OwnStep(
        name: name, units: units,
        make: { place, dtype in try prepared(place, dtype, capturing: capturing) },
        end: {
          for case .layer(let layer) in places.map(\.kind) { folder.removeLayer(layer) }
        })
    }
  }

  /// A question with what judges its answer; for one layer, its yardstick is computed first.
  private func prepared(_ place: OwnPlace, _ dtype: String, capturing: Bool) throws -> PreparedOwnUnit {
    guard let type = ElementType(word: dtype), let index = plan.texts.firstIndex(where: { $0.name == place.text })
    else { throw OwnError.answer(tensor: place.id, reason: "it is not of this plan") }
    let (text, yardstick) = (plan.texts[index], yardsticks[index])
    guard case .layer(let layer) = place.kind else {
      return prepared(place, type, text, yardstick, capturing: capturing)
    }
    try folder.prepareLayer(layer, of: plan.model, from: directory)
    return try slice(place, layer, type, text, yardstick, capturing: capturing)
  }

  /// A question about the whole model.
  func prepared(
    _ place: OwnPlace, _ type: ElementType, _ text: OwnText, _ yardstick: OwnYardstick, capturing: Bool
  ) -> PreparedOwnUnit {
    let chunk: Int? = if case .reconstruct(let chunk) = place.kind { chunk } else { nil }
    let asked = yardstick.questions(place.operation, capturing: capturing)[chunk ?? 0]
    let unit = unit(place, type, text, asked, embeddings: nil)
    return PreparedOwnUnit(
      unit: unit,
      judge: { answer in try yardstick.judge(place.operation, chunk: chunk, answer: answer, type: type) },
      verdict: { findings in
        OwnVerdict(plan: yardstick.plan, type: type, findings: [findings], chaotic: yardstick.isChaotic(type) != nil)
      })
  }

  /// A question about one layer.
  private func slice(
    _ place: OwnPlace, _ layer: Int, _ type: ElementType, _ text: OwnText, _ yardstick: OwnYardstick, capturing: Bool
  ) throws -> PreparedOwnUnit {
    let open = yardstick.decidability(type).filter { !$0.isDecidable(capturing: capturing) }.map(\.alternative)
    let slice = try OwnSlice(
      computing: yardstick, layer: layer, type: type, alternatives: open, workers: workers,
      progress: progress)
    let rows = try NamedArray(
      "embeddings", .f32, shape: slice.embeddings.shape, doubles: slice.embeddings.values)
    let unit = unit(place, type, text, slice.question(capturing: capturing), embeddings: rows)
    return PreparedOwnUnit(
      unit: unit, judge: { answer in try slice.judge(answer: answer) },
      verdict: { findings in OwnVerdict(ofLayerAlone: findings, plan: plan, type: type) })
  }

  private func unit(
    _ place: OwnPlace, _ type: ElementType, _ text: OwnText, _ asked: OwnQuestion, embeddings: NamedArray?
  ) -> OwnUnit {
    let vocabulary = plan.model.vocabulary
    let parameters =
      [
        ("c", text.parameters.c), ("t", text.parameters.t), ("text_vocabulary", vocabulary.textSize),
        ("memory_token", vocabulary.memoryToken), ("repetition_token", vocabulary.repetitionToken),
        ("model_vocabulary", vocabulary.modelSize),
      ] + asked.parameters.map { ($0.name, $0.value) }
    let input = asked.tensors.compactMap { name, values in
      try? NamedArray(name, .i64, shape: [values.count], integers: values)
    }
    let question = Question(
      op: asked.operation, dtype: type.word,
      profile: JSONObject(plan.model.profile.differences.map { .init($0.axis.rawValue, .string($0.value)) }),
      parameters: JSONObject(parameters.map { .init($0.0, .integer($0.1)) }), model: place.model,
      input: input + (embeddings.map { [$0] } ?? []), captures: asked.captures)
    return OwnUnit(
      place, profile: profile, question: question,
      form: asked.form.tensors.map { .init(name: $0.name, shape: $0.shape, kind: $0.kind) })
  }
}
