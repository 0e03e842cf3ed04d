// RUN-5, OWN-8: which families a port must declare to be asked about a model.

import LoMAModels
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAOwnRun

@Suite("OWN: families that a port declares")
struct DeclaredFamilyTests {
  private func configuration(_ name: String) throws -> Configuration {
    try LoadedModel(directory: RunBench.models + "/" + name, choices: LoMAChoices()).checkpoint.configuration
  }

  /// The family of a model is what the manifest of the vectors says of its cases; `loma_model.py` derives it again.
  @Test(arguments: [
    ("linear", CaseFamily.linear), ("dynamic", .dynamic), ("llama3", .llama3), ("llama3-tied", .llama3),
    ("yarn", .yarn),
    ("yarn-untruncated", .yarn), ("biases", .biases), ("mistral", .mistral), ("qwen2", .qwen2), ("qwen3", .qwen3),
  ])
  func `RUN-5 a port that does not list the model's family is refused, and one that does is asked`(
    _ name: String, _ family: CaseFamily
  ) throws {
    let configuration = try configuration(name)
    let others = CaseFamily.allCases.filter { $0 != family }
    for declared in [[], others] {
      #expect(throws: UndeclaredFamilies(needed: [family], declared: declared)) {
        try UndeclaredFamilies.check(configuration, declared: declared)
      }
    }
    try UndeclaredFamilies.check(configuration, declared: [family])
  }

  @Test(arguments: ["gqa", "text-c4", "head128", "deep"])
  func `RUN-5 every port may be asked about a plain Llama`(_ name: String) throws {
    try UndeclaredFamilies.check(try configuration(name), declared: [])
  }

  @Test func `RUN-5 a family with a scaled rotation needs both words, and the sentence has the whole list`() throws {
    let plain = try configuration("qwen2")
    let scaled = try Configuration(
      vocabularySize: plain.vocabularySize, hiddenSize: plain.hiddenSize, intermediateSize: plain.intermediateSize,
      layers: plain.layers, queryHeads: plain.heads.query, keyValueHeads: plain.heads.keyValue,
      headDimension: plain.heads.dimension, epsilon: plain.epsilon, theta: plain.rotation.theta,
      tiesHead: plain.tiesHead, family: plain.family,
      scaling: .yarn(YarnScaling(factor: 4, originalPositions: 64)), biases: plain.biases,
      maximumPositions: plain.maximumPositions)
    let error = UndeclaredFamilies(needed: [.yarn, .qwen2], declared: [.llama3, .qwen2])
    #expect(throws: error) { try UndeclaredFamilies.check(scaled, declared: [.llama3, .qwen2]) }
    #expect("\(error)".contains("the model needs yarn, which"))
    #expect("\(error)".hasSuffix(#"add "families":["llama3","yarn","qwen2"] to its hello"#))
  }
}
