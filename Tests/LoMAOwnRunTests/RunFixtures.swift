// Runs on models of the repository, and ports that round and make one mistake, asked in this process.

import Foundation
import LoMA
import LoMAConformance
import LoMAJudgement
import LoMAModels
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAOwnModel
@testable import LoMAOwnRun

/// A plan with its yardsticks, in a temporary folder that goes with it.
final class RunBench {
  let plan: OwnPlan
  let computation: OwnComputation
  private let folder: OwnFolder

  static var models: String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Vectors/models").path()
  }

  init(_ name: String, _ types: [ElementType], _ naming: OwnNaming = .all, seed: UInt64 = 1) throws {
    let directory = Self.models + "/" + name
    plan = try OwnPlan(
      model: try LoadedModel(directory: directory, choices: LoMAChoices()), types: types, naming: naming, text: nil,
      crossesTiles: false, allLayers: false, seed: seed)
    folder = try OwnFolder(keep: nil, layers: .brief)
    try folder.begin(reports: nil, digest: String(repeating: "0", count: 64))
    computation = try OwnComputation(plan, directory: directory, workers: Workers(threads: 2), folder: folder) { _ in }
  }

  deinit { folder.end(interrupted: false) }

  func alternative(_ id: String) throws -> OwnAlternative {
    try #require(plan.alternatives.first { $0.id == id })
  }

  /// The judged answers of a port to `forward`, in every text and type.
  func units(_ port: WrongPort) throws -> [JudgedOwnUnit] {
    let places = plan.texts.map { (name: $0.name, places: [OwnPlace(.forward, text: $0.name)]) }
    return try computation.steps(places, capturing: port.captures, isWanted: { _ in true }).flatMap { step in
      try step.units.map { place, dtype in try port.judged(try step.make(place, dtype)) }
    }
  }

  /// A run whose questions are those of `units`.
  func run(_ units: [JudgedOwnUnit]) -> OwnRun { OwnRun(computation, units: units, questions: plan.texts.count) }

  /// A search with a port; `known` is what an earlier part of the run found.
  func search(
    _ port: WrongPort, known: [String: OwnFindings] = [:], store: @escaping (JudgedOwnUnit) -> Void = { _ in }
  ) -> OwnSearch {
    OwnSearch(
      computation, capturing: port.captures, known: known, ask: { try port.judged($0) }, store: store)
  }
}

/// A port that rounds at random, with a seed that no yardstick has, and computes an alternative; right without one.
final class WrongPort {
  let plan: OwnPlan
  let alternative: OwnAlternative?
  let captures: Bool
  private let seed: UInt64
  /// The sizes of the texts it was asked about: c, t, tokens.
  private(set) var asked: [[Int]] = []

  init(_ plan: OwnPlan, _ alternative: OwnAlternative?, captures: Bool = true, seed: UInt64 = 1) {
    self.plan = plan
    self.alternative = alternative
    self.captures = captures
    self.seed = seed
  }

  func judged(_ prepared: PreparedOwnUnit) throws -> JudgedOwnUnit {
    let answer = try answer(prepared.unit.question)
    #expect(prepared.unit.resultWithoutAnswer(.tensors(answer)) == nil)
    return try prepared.judged(.tensors(answer))
  }

  private func answer(_ question: Question) throws -> [NamedArray] {
    let type = try #require(ElementType(word: question.dtype))
    let tokens = try #require(question.input.first { $0.name == "tokens" }).integers()
    let (c, t) = (
      try #require(question.parameters["c"]?.integerValue), try #require(question.parameters["t"]?.integerValue)
    )
    asked.append([c, t, tokens.count])
    let text = OwnText(name: "", parameters: try Parameters(c: c, t: t), tokens: tokens, reason: "")
    let (stream, pass) = (LayerStream(plan: plan, workers: .single), try pass(text, type))
    var hidden = try stream.embedded(pass)
    var arrays = [try Self.array("hidden.0", type, hidden)]
    let layers = plan.configuration.layers
    for layer in 0..<layers {
      let output = try stream.advance([pass], [hidden], layer: layer, as: layer, of: layers)[0]
      for (name, tensor) in zip(LayerOutput.names, output.tensors) {
        arrays.append(try Self.array(OwnYardstick.name(name, layer: layer), type, tensor))
      }
      hidden = output.hidden
    }
    let logits = try Self.array("logits", type, try stream.logits(pass, hidden, columns: nil))
    return (question.captures.isEmpty ? [] : arrays) + [logits]
  }

  private func pass(_ text: OwnText, _ type: ElementType) throws -> StreamedPass {
    var form = try PassForm(plan, text, workers: .single)
    var port = try #require(SimulatedPort(type, copies: 1, seed: seed &* 77 &+ 5))
    port.directions = [.random(Noise(seed: seed ^ 0xABCD_EF01))]
    form.functions = port.functions(workers: .single)
    if let alternative { _ = alternative.change(&form, plan, text) }
    return StreamedPass(form: form, copies: 1, weightType: plan.roundedTypes.contains(type) ? type : nil)
  }

  /// Its logits of one layer alone, fed `x`.
  func logits(ofLayer layer: Int, _ x: Tensor, _ text: OwnText, _ type: ElementType) throws -> Tensor {
    let (stream, pass) = (LayerStream(plan: plan, workers: .single), try pass(text, type))
    let output = try stream.advance([pass], [x], layer: layer, as: 0, of: 1)[0]
    return try stream.logits(pass, output.hidden, columns: nil)
  }

  /// What a port of a type answers; it has rounded to that type.
  private static func array(_ name: String, _ type: ElementType, _ tensor: Tensor) throws -> NamedArray {
    try NamedArray(name, type, shape: [1] + tensor.shape, doubles: tensor.values)
  }
}
