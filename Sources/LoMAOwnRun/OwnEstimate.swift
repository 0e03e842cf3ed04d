// OWN-8: what a run on a model will cost, before it begins, and the limits that follow for the port.

import LoMAConformance
import LoMAModels
import LoMAOwnModel
import LoMAVectors
import NaiveLlama

/// What was measured of a model before a candidate is started.
package struct OwnEstimate {
  private let model: LoadedModel
  private let choices: OwnChoices
  private let workers: Workers
  private let rates: OwnRates
  /// Seconds of one pass of the reference over the text with the most rows.
  private let passSeconds: Double
  private let parameters: Int

  /// Times one layer. Throws if the model or the text is refused.
  package init(_ model: LoadedModel, _ choices: OwnChoices, workers: Workers) throws(OwnError) {
    self.model = model
    self.choices = choices
    self.workers = workers
    // No type: what ports round to is known when a candidate has declared its types.
    let plan = try choices.plan(model, types: [])
    rates = try plan.rates(workers: workers)
    passSeconds = plan.passSeconds(rates)
    parameters = plan.cost.parameters
  }

  /// The plan for a candidate that declares these types.
  package func plan(declaring dtypes: [String]) throws(OwnError) -> OwnPlan {
    try choices.plan(model, declaring: dtypes)
  }

  /// The least seconds of a question's deadline: an eager port on a busy machine is slow, and not wrong.
  static let leastDeadline = 300.0
  /// How many times as long as the reference's own pass a port may take for a question; `generate` has as many passes as
  /// it feeds tokens, though of a row each.
  static let referencePasses = 20.0
  /// How many times as long the first question after a start may take: a port loads the model then, and compiles.
  static let firstFactor = 3.0

  /// The deadline of a question in seconds, if none is chosen.
  static func deadline(passSeconds: Double) -> Double {
    (leastDeadline + referencePasses * passSeconds).rounded(.up)
  }

  /// The deadline of a question in whole seconds, if none is chosen.
  package var deadline: Int { Int(Self.deadline(passSeconds: passSeconds)) }

  /// The limits for the port, of which some may be chosen. The limit of memory is 8 GiB and eight bytes a parameter.
  package func limits(
    timeFactor: Double?, memoryLimit: Int?, isStrict: Bool, keep: String?
  ) -> CandidateLimits {
    let usual = Self.deadline(passSeconds: passSeconds) / (CandidateLimits.questionTime / .seconds(1))
    var limits = CandidateLimits(
      timeFactor: timeFactor ?? usual, memoryLimit: memoryLimit ?? (8 << 30) + 8 * parameters, isStrict: isStrict,
      keep: keep)
    limits.firstFactor = Self.firstFactor
    return limits
  }

  /// What is about to happen, in lines; without limits if no port is asked. Throws why the model cannot be computed.
  package func words(_ plan: OwnPlan, limits: CandidateLimits?) throws(OwnError) -> String {
    let cost = plan.cost
    let all = try plan.rates(beside: rates, workers: workers)
    let texts = plan.texts.map { "\($0.name): \($0.rowCount) rows, \($0.reason)" }
    let passes =
      "\(cost.passes) passes of the reference over \(cost.rows) rows, \(cost.parameters) parameters: about "
      + "\(duration(plan.seconds(all))), \(size(cost.bytes)) of memory, \(size(cost.diskBytes)) on disk"
      + (limits == nil ? "" : "; the port's own time comes on top")
    let port = limits.map { limits -> [String] in
      let seconds = CandidateLimits.questionTime / .seconds(1) * limits.timeFactor
      let smaller =
        plan.alternatives.isEmpty
        ? []
        : ["a mistake that gets a name is looked for in smaller texts: at most \(duration(plan.smallerSeconds(all)))"]
      return smaller + [
        "the port has \(Int(seconds.rounded())) s for a question, \(Int((seconds * limits.firstFactor).rounded())) s for the "
          + "first one, and "
          + "\(size(limits.memoryLimit)) of memory"
      ]
    }
    return (texts + [passes] + (port ?? [])).joined(separator: "\n")
  }
}
