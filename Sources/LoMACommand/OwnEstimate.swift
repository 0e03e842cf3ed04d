// OWN-8: what a run on a model will cost, before it begins, and the limits that follow for the port.

import LoMAConformance
import LoMAModels
import LoMAOwnModel
import LoMAVectors
import NaiveLlama

/// The plan of a run with what was measured of the model.
struct OwnEstimate {
  private let options: OwnOptions
  private let model: LoadedModel
  private let text: [Int]?
  private let workers: Workers
  /// Seconds of one pass of the reference over the longest text.
  private let passSeconds: Double
  private let parameters: Int

  /// Times one layer. Throws if the model or the text is refused.
  init(_ model: LoadedModel, _ options: OwnOptions, text: [Int]?, workers: Workers) throws(OwnError) {
    self.options = options
    self.model = model
    self.text = text
    self.workers = workers
    let plan = try OwnEstimate.plan(model, options, text, types: [.f32])
    let cost = plan.cost
    parameters = cost.parameters
    passSeconds = try plan.estimate(workers: workers) / Double(max(1, cost.passes))
  }

  private static func plan(
    _ model: LoadedModel, _ options: OwnOptions, _ text: [Int]?, types: [ElementType]
  ) throws(OwnError) -> OwnPlan {
    try OwnPlan(
      model: model, types: types, naming: options.naming, text: text, crossesTiles: options.crossesTiles,
      allLayers: options.allLayers, seed: options.seed)
  }

  /// The plan for a candidate that declares these types: those that are named, or all that a model is judged in.
  func plan(declaring dtypes: [String]) throws -> OwnPlan {
    let types = options.types ?? OwnOptions.judgedTypes.filter { dtypes.contains($0.word) }
    guard !types.isEmpty else {
      let words = OwnOptions.judgedTypes.map(\.word).joined(separator: ", ")
      throw UsageError(
        line: "a model is judged in \(words); the candidate declares \(dtypes.map(\.onOneLine).joined(separator: ", "))"
      )
    }
    return try OwnEstimate.plan(model, options, text, types: types)
  }

  /// The deadline of a question is 30 s and what the reference needs ten times over; the limit of memory is 8 GiB and
  /// eight bytes a parameter.
  func limits(_ options: OwnOptions) -> CandidateLimits {
    CandidateLimits(
      timeFactor: options.timeFactor ?? 1 + (10 * passSeconds / 30).rounded(.up),
      memoryLimit: options.memoryLimit ?? (8 << 30) + 8 * parameters, isStrict: options.isStrict,
      keep: options.arguments["--keep"])
  }

  /// What is about to happen, in lines; without limits if no port is asked.
  func words(_ plan: OwnPlan, limits: CandidateLimits?) -> String {
    let cost = plan.cost
    let seconds = (try? plan.estimate(workers: workers)) ?? 0
    let texts = plan.texts.map { "\($0.name): \($0.rowCount) rows, \($0.reason)" }
    let passes =
      "\(cost.passes) passes of the reference over \(cost.rows) rows, \(cost.parameters) parameters: about "
      + "\(Self.duration(seconds)), \(Self.size(cost.bytes)) of memory, \(Self.size(cost.diskBytes)) on disk"
    let port = limits.map {
      "the port has \(Int((30 * $0.timeFactor).rounded())) s a question and \(Self.size($0.memoryLimit)) of memory"
    }
    return (texts + [passes] + [port].compactMap { $0 }).joined(separator: "\n")
  }

  /// A duration as a person says it.
  static func duration(_ seconds: Double) -> String {
    guard seconds >= 60 else { return "\(max(1, Int(seconds.rounded(.up)))) s" }
    guard seconds >= 5400 else { return "\(Int((seconds / 60).rounded(.up))) min" }
    return "\(Int((seconds / 3600).rounded(.up))) h"
  }

  /// A number of bytes as a person says it.
  static func size(_ bytes: Int) -> String {
    if bytes < 1 << 20 { return "\((bytes + 1023) >> 10) KiB" }
    if bytes < 10 << 30 { return "\((bytes + (1 << 20) - 1) >> 20) MiB" }
    return "\((bytes + (1 << 30) - 1) >> 30) GiB"
  }
}
