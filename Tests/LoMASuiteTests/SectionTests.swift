// PAR-2: V, the special ids, c, t and the profile, from the `loma` object or from the caller.

import LoMA
import LoMAModels
import LoMAReference
import LoMAVectors
import NaiveLlama
import Testing

@Suite("Chapter 1: the loma object")
struct SectionTests {
  private func load(_ section: String?, _ choices: LoMAChoices = LoMAChoices()) throws -> Result<
    LoadedModel, CheckpointError
  > {
    let checkpoint = try TinyCheckpoint()
    return try withFolder { folder in
      try checkpoint.write(
        to: folder, config: checkpoint.configText([("loma", section)]),
        files: [("model.safetensors", checkpoint.arrays())])
      return Result { () throws(CheckpointError) in try LoadedModel(directory: folder, choices: choices) }
    }
  }

  private func error(_ section: String?, _ choices: LoMAChoices = LoMAChoices()) throws -> CheckpointError? {
    if case .failure(let error) = try load(section, choices) { error } else { nil }
  }

  private func choices(_ change: (inout LoMAChoices) -> Void) -> LoMAChoices {
    var choices = LoMAChoices()
    change(&choices)
    return choices
  }

  @Test func `PAR-2 the object is read, and each choice overrides it`() throws {
    let section = """
      {"text_vocabulary": 10, "memory_token": 12, "repetition_token": 11, "compression_ratio": 4, "memory_length": 2,
       "profile": {"numbering": "sequential"}}
      """
    let model = try load(section).get()
    #expect(model.vocabulary == (try Vocabulary(textSize: 10, memoryToken: 12, repetitionToken: 11, modelSize: 13)))
    #expect(model.parameters == (try Parameters(c: 4, t: 2)))
    #expect(model.profile == (try Profile(name: "numbering=sequential")))
    let chosen = try load(
      section,
      choices {
        $0.c = 3
        $0.t = 1
        $0.memoryToken = 11
        $0.repetitionToken = 10
        $0.profile = .base
      }
    ).get()
    #expect(chosen.vocabulary == (try Vocabulary(textSize: 10, memoryToken: 11, repetitionToken: 10, modelSize: 13)))
    #expect(chosen.parameters == (try Parameters(c: 3, t: 1)))
    #expect(chosen.profile == .base)
    // The object's special ids belong to its own V.
    let smaller = try load(section, choices { $0.textVocabulary = 9 }).get()
    #expect(smaller.vocabulary == (try Vocabulary(textSize: 9, memoryToken: 9, repetitionToken: 10, modelSize: 13)))
  }

  @Test func `PAR-2 without an object everything must be chosen, the ids are V and V + 1`() throws {
    #expect(try error(nil) == .model(.missingConfiguration(key: "loma.text_vocabulary")))
    #expect(
      try error(nil, choices { $0.textVocabulary = 11 }) == .model(.missingConfiguration(key: "loma.compression_ratio"))
    )
    let withoutT = choices {
      $0.textVocabulary = 11
      $0.c = 2
    }
    #expect(try error(nil, withoutT) == .model(.missingConfiguration(key: "loma.memory_length")))
    let model = try load(
      nil,
      choices {
        $0.textVocabulary = 11
        $0.c = 2
        $0.t = 1
      }
    ).get()
    #expect(model.vocabulary == (try Vocabulary(textSize: 11)))
    #expect(model.profile == .base)
  }

  @Test(arguments: [
    (#""text_vocabulary": 12"#, InputError.noRoomForSpecialToken(id: 13, modelVocabulary: 13)),
    (#""text_vocabulary": 13"#, .noRoomForSpecialToken(id: 13, modelVocabulary: 13)),
    (#""text_vocabulary": 11, "repetition_token": 10"#, .specialTokenInTextVocabulary(id: 10, textVocabulary: 11)),
    (#""text_vocabulary": 11, "memory_token": 12"#, .equalSpecialTokens(12)),
    (#""text_vocabulary": 0"#, .vocabularySizeOutOfRange(0, limit: Parameters.limit)),
    (#""text_vocabulary": 9223372036854775807"#, .vocabularySizeOutOfRange(.max, limit: Parameters.limit)),
  ])
  func `PAR-2 the model must have room for V and both special tokens`(_ members: String, _ expected: InputError) throws
  {
    let section = "{\(members), \"compression_ratio\": 2, \"memory_length\": 1}"
    #expect(try error(section) == .reference(.rejected(expected)))
  }

  @Test func `PAR-2 a vocabulary too large to count is refused when chosen too`() throws {
    let chosen = choices {
      $0.textVocabulary = .max
      $0.c = 1
      $0.t = 1
    }
    #expect(try error(nil, chosen) == .reference(.rejected(.vocabularySizeOutOfRange(.max, limit: Parameters.limit))))
  }

  @Test(arguments: [
    (#""compression_ratio": 0"#, InputError.ratioBelowOne(0)), (#""memory_length": -1"#, .memoryLengthBelowOne(-1)),
    (
      #""memory_length": 9223372036854775807"#,
      .chunkTooLong(c: 2, t: .max, limit: Parameters.limit)
    ),
    (#""profile": {"depth": "deep"}"#, .unknownAxis("depth")),
    (#""profile": {"numbering": "backwards"}"#, .unknownAlternative(axis: "numbering", value: "backwards")),
    (#""profile": {"numbering": 3}"#, .unknownAlternative(axis: "numbering", value: "3")),
  ])
  func `PAR-1 numbers and axes are those of the Spec`(_ member: String, _ expected: InputError) throws {
    var members = [#""text_vocabulary": 11"#, #""compression_ratio": 2"#, #""memory_length": 1"#]
    members.removeAll { $0.prefix(12) == member.prefix(12) }
    #expect(try error("{" + (members + [member]).joined(separator: ", ") + "}") == .reference(.rejected(expected)))
  }

  @Test(arguments: [
    (#""compression_ration": 2"#, ModelError.unsupportedConfiguration(key: "loma.compression_ration", value: "2")),
    (
      #""memory_token": "<m>""#,
      .invalidConfiguration(key: "loma.memory_token", value: "<m>", requirement: "an integer")
    ),
    (
      #""profile": "base""#,
      .invalidConfiguration(key: "loma.profile", value: "base", requirement: "an object of axis and value")
    ),
  ])
  func `PAR-2 unknown members and values of a wrong type are refused`(_ member: String, _ expected: ModelError) throws {
    let section = #"{"text_vocabulary": 11, "compression_ratio": 2, "memory_length": 1, \#(member)}"#
    #expect(try error(section) == .model(expected))
  }

  @Test func `PAR-2 an axis named twice is a duplicate key`() throws {
    let profile = #"{"numbering": "text", "numbering": "sequential"}"#
    let section = #"{"text_vocabulary": 11, "compression_ratio": 2, "memory_length": 1, "profile": \#(profile)}"#
    guard case .json("config.json", .duplicateKey("numbering", _)) = try error(section) else {
      Issue.record("the axis was accepted twice")
      return
    }
  }
}
