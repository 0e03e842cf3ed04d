// MOD-8…MOD-13, RUN-2, RUN-5: families on disk and in the suite.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMACatalogue
@testable import LoMAConformance
@testable import LoMAJudgement
@testable import LoMAModels

@Suite("Chapter 8: families")
struct FamilyTests {
  @Test(arguments: CaseModel.families.map { $0.name })
  func `MOD-8 MOD-13 a family's checkpoint is read back as it was written, in every form`(_ name: String) throws {
    let model = try #require(CaseModel.families.first { $0.name == name })
    let (configuration, parameters) = (try model.configuration(), try model.parameters())
    for form in [ConfigurationForm.explicit, .nested, .older, .both] {
      let files = try CheckpointWriter.files(
        parameters, configuration: configuration, loma: nil, elementType: .f32, form: form)
      let text = try #require(files.first { $0.name == "config.json" }).bytes
      #expect(try ConfigurationFile(parsing: text).configuration == configuration)
    }
    #expect(!configuration.isPlain || model.family?.type != .llama)
    #expect(try configuration.with(vocabularySize: 18).parameters.count == configuration.parameters.count)
  }

  @Test func `MOD-8 the models of the suite have frequencies in every branch`() throws {
    let llama3 = try CaseModel.llama3.configuration().rotation
    let plain = llama3.plainFrequencies
    let kept = llama3.frequencies.indices.filter { llama3.frequencies[$0] == plain[$0] }
    let divided = llama3.frequencies.indices.filter { llama3.frequencies[$0] == plain[$0] / 8 }
    #expect(kept == [0] && divided == [3, 4, 5, 6, 7])
    let yarn = try CaseModel.yarn.configuration().rotation
    #expect(yarn.attentionFactor > 1.1)
    #expect(yarn.frequencies[0] == 1 && yarn.frequencies[3] == yarn.plainFrequencies[3] / 4)
    #expect((1...2).allSatisfy { yarn.frequencies[$0] < yarn.plainFrequencies[$0] })
    #expect((1...2).allSatisfy { yarn.frequencies[$0] > yarn.plainFrequencies[$0] / 4 })
  }

  @Test func `MOD-10 a checkpoint that should have biases and has none is refused`() throws {
    let none = { (_: String) in false }
    let expected = [
      (CaseModel.biases, "attention_bias is true: there is no model.layers.0.self_attn.q_proj.bias"),
      (.qwen2, "model_type is qwen2: there is no model.layers.0.self_attn.q_proj.bias"),
    ]
    for (model, message) in expected {
      do throws(ModelError) {
        try model.configuration().checkBiases(isThere: none)
        Issue.record("\(model.name) was taken")
      } catch { #expect(error.description == "unsupported-configuration: " + message) }
    }
    let feedForward = { (name: String) in !name.contains("mlp") }
    #expect(throws: ModelError.self) { try CaseModel.biases.configuration().checkBiases(isThere: feedForward) }
    try CaseModel.gqa.configuration().checkBiases(isThere: none)
  }

  @Test func `MOD-8 part II is computed on a plain Llama alone`() throws {
    try CaseModel.gqa.configuration().checkPlain()
    for model in CaseModel.families {
      #expect(throws: ModelError.self, "\(model.name)") { try model.configuration().checkPlain() }
    }
  }

  @Test func `RUN-2 families that a hello lists, and no others, are asked for`() throws {
    func declaration(_ families: String?) throws -> Declaration {
      let text =
        #"{"protocol":1,"name":"a","version":"1","ops":["rope"],"dtypes":["f32"]"#
        + (families.map { #","families":"# + $0 } ?? "") + "}"
      return try Declaration(
        #require(try StrictJSON.parse(Array(text.utf8), sizeLimit: 1000, depthLimit: 8).objectValue))
    }
    func question(_ family: CaseFamily?) -> Question {
      Question(
        op: .rope, dtype: "f32", profile: JSONObject([]), parameters: JSONObject([]), model: nil, input: [],
        captures: [], family: family)
    }
    let (none, some) = (try declaration(nil), try declaration(#"["llama3","of_tomorrow"]"#))
    #expect(none.families.isEmpty && some.families == [.llama3])
    #expect(none.refusal(of: question(nil), isRejection: false) == nil)
    #expect(none.refusal(of: question(.llama3), isRejection: false) == "not declared: family llama3")
    #expect(some.refusal(of: question(.llama3), isRejection: false) == nil)
    #expect(some.refusal(of: question(.yarn), isRejection: false) == "not declared: family yarn")
    #expect(throws: ReplyError.self) { try declaration(#""llama3""#) }
    #expect(throws: ReplyError.self) { try declaration("[3]") }
  }

  @Test func `RUN-15 the cases of a family are claims of their own`() throws {
    let corpus = try CaseCorpus(folder: projectRoot + "/Vectors")
    let names = Set(corpus.cases.filter { $0.family != nil }.map { $0.profileName })
    #expect(names == Set(CaseFamily.words.map { "family=" + $0 }))
    // What suite 1.1 asked is asked as before.
    #expect(corpus.cases.filter { $0.since != "1.2" }.allSatisfy { $0.family == nil })
    #expect(corpus.cases.filter { $0.level == .rejection }.allSatisfy { $0.family == nil })
  }

  @Test func `MOD-11 MOD-12 MOD-13 every family has a forward pass, gradients, generation and reconstruction`() {
    for family in CaseFamily.allCases {
      let ops = Catalogue.cases.filter { $0.family == family }.map { $0.request.operation }
      for operation in [LoMAVectors.Operation.forward, .gradients, .generate, .reconstruct] {
        #expect(ops.contains(operation), "\(family) has no \(operation)")
      }
    }
  }
}
