// Rejections: the closed list of codes, and one line of description with the value. Which input gives which error is
// tested beside the clause that asks for it.

import LoMA
import Testing

@Suite("Rejections") struct InputErrorTests {
  /// One of each, with values that appear nowhere else.
  private let errors: [(error: InputError, values: [String])] = [
    (.ratioBelowOne(-71), ["-71"]),
    (.memoryLengthBelowOne(-72), ["-72"]),
    (.chunkTooLong(c: 711, t: 722, limit: 733), ["711", "722", "733"]),
    (.vocabularySizeOutOfRange(-73, limit: 744), ["-73", "744"]),
    (.specialTokenInTextVocabulary(id: 755, textVocabulary: 766), ["755", "766"]),
    (.equalSpecialTokens(777), ["777"]),
    (.noRoomForSpecialToken(id: 788, modelVocabulary: 799), ["788", "799"]),
    (.textTokenOutOfRange(token: 811, index: 822, textVocabulary: 833), ["811", "822", "833"]),
    (.negativeTextLength(-74), ["-74"]),
    (.textTooLong(844, limit: 855), ["844", "855"]),
    (.negativeGenerationLength(-75), ["-75"]),
    (.emptyPrompt(generationLength: 866), ["866"]),
    (.noSuchChunk(877, fullChunks: 888), ["877", "888"]),
    (.reconstructionLengthMismatch(899, expected: 911), ["899", "911"]),
    (
      .cacheSizeOutOfRange(layers: 922, keyValueHeads: 933, headDimension: 944, bytesPerElement: 955),
      ["922", "933", "944", "955"]
    ),
    (.unknownAxis("memory_zone"), ["memory_zone"]),
    (.unknownAlternative(axis: "numbering", value: "backwards"), ["numbering", "backwards"]),
    (.repeatedAxis("memory_context"), ["memory_context"]),
  ]

  /// Counts the cases: a new one stops this from compiling until it is listed above.
  private func number(_ error: InputError) -> Int {
    switch error {
    case .ratioBelowOne: 0
    case .memoryLengthBelowOne: 1
    case .chunkTooLong: 2
    case .vocabularySizeOutOfRange: 3
    case .specialTokenInTextVocabulary: 4
    case .equalSpecialTokens: 5
    case .noRoomForSpecialToken: 6
    case .textTokenOutOfRange: 7
    case .negativeTextLength: 8
    case .textTooLong: 9
    case .negativeGenerationLength: 10
    case .emptyPrompt: 11
    case .noSuchChunk: 12
    case .reconstructionLengthMismatch: 13
    case .cacheSizeOutOfRange: 14
    case .unknownAxis: 15
    case .unknownAlternative: 16
    case .repeatedAxis: 17
    }
  }

  @Test func `every rejection is listed here, and every code is different`() {
    #expect(errors.map { number($0.error) } == Array(0..<18))
    #expect(Set(errors.map { $0.error.code }).count == 18)
    for (error, _) in errors {
      #expect(error.code.allSatisfy { $0.isASCII && ($0.isLowercase || $0 == "-") })
    }
  }

  @Test func `a description is one line: the code, then what was wrong with its values`() {
    for (error, values) in errors {
      #expect(error.description.hasPrefix(error.code + ": "))
      #expect(!error.description.contains { $0.isNewline })
      for value in values { #expect(error.description.contains(value)) }
    }
  }

  @Test func `a name with control characters cannot break the line`() {
    let name = "a\nb\r\u{1B}[31m\u{2028}\u{85}c"
    for error in [
      InputError.unknownAxis(name), .repeatedAxis(name), .unknownAlternative(axis: "numbering", value: name),
      .unknownAlternative(axis: name, value: "text"),
    ] {
      #expect(error.description.unicodeScalars.allSatisfy { $0 == "·" || (0x20..<0x7F).contains($0.value) })
      #expect(error.description.contains("a\\nb"))
    }
  }
}
