// Models of the repository, their yardsticks in scratch folders, and ports to be judged: simulated ones and wrong ones.

import Foundation
import LoMA
import LoMAAnswers
import LoMAModels
import LoMAReference
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAOwnModel

enum OwnFixtures {
  static var models: String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Vectors/models").path()
  }

  static func model(_ name: String) throws -> LoadedModel {
    try LoadedModel(directory: models + "/" + name, choices: LoMAChoices())
  }

  /// A new folder name; nothing is there yet.
  static func folder() -> String {
    FileManager.default.temporaryDirectory.appending(path: "own-\(UUID().uuidString)").path()
  }

  static func plan(
    _ name: String, _ types: [ElementType], _ naming: OwnNaming, text: [Int]? = nil, seed: UInt64 = 1
  ) throws -> OwnPlan {
    try OwnPlan(
      model: try model(name), types: types, naming: naming, text: text, crossesTiles: false, allLayers: false,
      seed: seed)
  }

  /// Gives the yardstick of a plan's text to a body, and removes its files afterwards.
  static func withYardstick<Value>(
    _ plan: OwnPlan, text: Int = 0, threads: Int = 2, _ body: (OwnYardstick) throws -> Value
  ) throws -> Value {
    let folder = folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(
      try OwnYardstick(
        computing: plan, text: plan.texts[text], workers: Workers(threads: threads), into: folder
      ) { _ in })
  }

  /// The layer functions of one port that rounds at random, with a seed that no yardstick has.
  static func port(_ type: ElementType, seed: UInt64) throws -> LayerFunctions {
    var port = try #require(SimulatedPort(type, copies: 1, seed: seed &* 77 &+ 5))
    port.directions = [.random(Noise(seed: seed ^ 0xABCD_EF01))]
    return port.functions(workers: .single)
  }

  /// The answer to a question by the reference's own code for operations, with given layer functions.
  static func answer(
    _ question: OwnQuestion, _ yardstick: OwnYardstick, _ functions: LayerFunctions, embeddings: Tensor? = nil,
    parameters: ParameterSet? = nil, configuration: Configuration? = nil
  ) throws -> [NamedArray] {
    let (model, ids) = (yardstick.plan.model, yardstick.plan.model.vocabulary)
    var scalars: [String: RequestParameter] = [
      "c": .integer(yardstick.text.parameters.c), "t": .integer(yardstick.text.parameters.t),
      "text_vocabulary": .integer(ids.textSize), "memory_token": .integer(ids.memoryToken),
      "repetition_token": .integer(ids.repetitionToken), "model_vocabulary": .integer(ids.modelSize),
    ]
    for (name, value) in question.parameters { scalars[name] = .integer(value) }
    var arrays: [NamedArray] = []
    for (name, values) in question.tensors {
      arrays.append(try NamedArray(name, .i64, shape: [values.count], integers: values))
    }
    if let embeddings {
      arrays.append(try NamedArray("embeddings", .f64, shape: embeddings.shape, doubles: embeddings.values))
    }
    let axes = model.profile.differences.map { ($0.axis.rawValue, $0.value) }
    let request = Request(
      question.operation, axes: Dictionary(uniqueKeysWithValues: axes), parameters: scalars, model: "own",
      input: try ArrayFile(arrays, metadata: [:]), captures: question.captures)
    var answers = ReferenceAnswers(
      models: [
        "own": Model(
          configuration: configuration ?? model.checkpoint.configuration,
          parameters: try parameters ?? model.checkpoint.parameters())
      ], workers: .single)
    answers.functions = functions
    return try answers.answer(request).map { try $0.array() }
  }

  /// Everything that a port answers about a text of a yardstick.
  static func findings(
    _ yardstick: OwnYardstick, _ type: ElementType, _ functions: LayerFunctions, capturing: Bool,
    parameters narrowed: ElementType? = nil
  ) throws -> OwnFindings {
    var findings = OwnFindings()
    // A port of a type that does not hold the weights has rounded them (OWN-7).
    let parameters = try narrowed.flatMap { NumberFormat.of($0) }.map { format in
      ParameterSet(
        try yardstick.plan.model.checkpoint.parameters().tensors.mapValues { format.nearest($0, saturating: false) })
    }
    for operation in [Operation.forward, .loss, .generate, .reconstruct] {
      for (chunk, question) in yardstick.questions(operation, capturing: capturing).enumerated() {
        let answer = try answer(question, yardstick, functions, parameters: parameters)
        expectForm(answer, question.form)
        findings.add(try yardstick.judge(operation, chunk: chunk, answer: answer, type: type))
      }
    }
    return findings
  }

  /// A right answer has the form that the question announces.
  static func expectForm(_ answer: [NamedArray], _ form: OwnForm) {
    let found = Dictionary(answer.map { ($0.name, $0) }) { first, _ in first }
    for expected in form.tensors {
      #expect(found[expected.name]?.shape == expected.shape, "\(expected.name)")
      #expect(found[expected.name]?.elementType.kind == expected.kind, "\(expected.name)")
    }
    #expect(found.count == form.tensors.count)
  }

  /// The answer to `forward` of a port of a type that makes a mistake, with all captures.
  static func wrongForward(
    _ alternative: OwnAlternative, _ yardstick: OwnYardstick, _ type: ElementType, seed: UInt64
  ) throws -> [NamedArray]? {
    let plan = yardstick.plan
    var form = try PassForm(plan, yardstick.text, workers: .single)
    form.functions = try port(type, seed: seed)
    guard alternative.change(&form, plan, yardstick.text) else { return nil }
    let stream = LayerStream(plan: plan, workers: .single)
    let pass = StreamedPass(form: form, copies: 1, weightType: plan.roundedTypes.contains(type) ? type : nil)
    var hidden = try stream.embedded(pass)
    var arrays = [try NamedArray("hidden.0", .f64, shape: [1] + hidden.shape, doubles: hidden.values)]
    let layers = plan.model.checkpoint.configuration.layers
    for layer in 0..<layers {
      let output = try stream.advance([pass], [hidden], layer: layer, as: layer, of: layers)[0]
      for (name, tensor) in zip(LayerOutput.names, output.tensors) {
        arrays.append(
          try NamedArray(
            OwnYardstick.name(name, layer: layer), .f64, shape: [1] + tensor.shape, doubles: tensor.values))
      }
      hidden = output.hidden
    }
    let logits = try stream.logits(pass, hidden, columns: nil)
    return arrays + [try NamedArray("logits", .f64, shape: [1] + logits.shape, doubles: logits.values)]
  }
}
