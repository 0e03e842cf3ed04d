// PAR-5: directories with a tokenizer are extended: which ids, which bytes stay, what is refused. transformers reads such
// directories in Tests/Candidates/check_extend.py.

import Foundation
import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAModels

@Suite("Chapter 1: extending a directory")
struct ExtendedDirectoryTests: DirectoryExtending {
  private let embedding = "model.embed_tokens.weight"
  private let head = "lm_head.weight"

  @Test(arguments: [(7, 13), (11, 13), (12, 14), (13, 15)])
  func `PAR-5 a tokenizer's next two ids: in rows that no token has, appended, or one of each`(
    count: Int, rows: Int
  ) throws {
    for tiesHead in [false, true] {
      try withCheckpoint(["tokenizer.json": tokenizer(count)], tiesHead: tiesHead) { (checkpoint, folder) throws in
        let result = try extended(folder)
        #expect(
          result.vocabulary
            == (try Vocabulary(textSize: count, memoryToken: count, repetitionToken: count + 1, modelSize: rows)))
        #expect(result.oldSize == 13 && result.refusal == nil && result.leftOut.isEmpty)
        let model = try LoadedModel(directory: folder + "/new", choices: LoMAChoices())
        #expect(model.vocabulary == result.vocabulary)
        let new = try model.checkpoint.parameters()
        // The definition in memory, on the rows of the text tokens alone.
        for name in tiesHead ? [embedding] : [embedding, head] {
          let old = try #require(checkpoint.parameters.tensors[name])
          var sums = [Double](repeating: 0, count: 8)
          for row in 0..<count { for column in 0..<8 { sums[column] += old[row, column] } }
          let mean = sums.map { $0 / Double(count) }
          let rest = count + 2 < 13 ? Array(old.values[((count + 2) * 8)...]) : []
          let expected = Array(old.values[..<(count * 8)]) + mean + mean + rest
          #expect(new.tensors[name]?.values.map(\.bitPattern) == expected.map(\.bitPattern))
        }
        for name in new.names where name != embedding && name != head {
          #expect(new.tensors[name] == checkpoint.parameters.tensors[name])
        }
        let written = try text(folder + "/new/tokenizer.json")
        let two = zip(CheckpointExtension.standardContents, [count, count + 1]).map { content, id in
          ",\n    {\"id\":\(id),\"content\":\"\(content)\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,"
            + "\"normalized\":false,\"special\":true}"
        }.joined()
        let places = written.ranges(of: two)
        #expect(places.count == 1)
        #expect(written.replacing(two, with: "") == tokenizer(count), "nothing else is changed")
      }
    }
  }

  @Test func `PAR-5 without a tokenizer V is vocab_size, and the rows are those of the definition in memory`() throws {
    try withCheckpoint { (checkpoint, folder) throws in
      let result = try extended(folder)
      #expect(result.vocabulary == (try Vocabulary(textSize: 13)) && result.contents == nil)
      let expected = try VocabularyExtension(
        checkpoint.parameters, configuration: checkpoint.configuration, rows: .mean)
      #expect(try Checkpoint(directory: folder + "/new").parameters() == expected.parameters)
      #expect(throws: ExtensionError.checkpoint(.file(.failed("mkdir", path: folder + "/new", code: EEXIST)))) {
        try extended(folder)
      }
      #expect(try LoMASuiteTests.contents(folder) == ["new", "old"])
    }
  }

  @Test func `PAR-5 given rows: those of two text tokens, in every table, byte for byte`() throws {
    try withCheckpoint(["tokenizer.json": tokenizer(11)], type: { _ in .bf16 }) { (_, folder) throws in
      #expect(try extended(folder, copying: [7, 2]).copied == [7, 2])
      let old = try ArrayFile(contentsOf: folder + "/old/model.safetensors", byteLimit: 1 << 20)
      let new = try ArrayFile(contentsOf: folder + "/new/model.safetensors", byteLimit: 1 << 20)
      for name in [embedding, head] {
        let bytes = try old.array(name).bytes
        let row = { (id: Int) in bytes[id * 16..<id * 16 + 16] }
        #expect(try new.array(name).bytes == Array(bytes[..<176]) + row(7) + row(2))
      }
    }
    let outside = InputError.textTokenOutOfRange(token: 11, index: 1, textVocabulary: 11)
    #expect(
      try refusal(["tokenizer.json": tokenizer(11)], copying: [0, 11]) == .checkpoint(.reference(.rejected(outside))))
    for ids in [[3, 3], [3], [1, 2, 3], []] { #expect(try refusal([:], copying: ids) == .rows(ids)) }
  }

  @Test func `PAR-5 every tensor keeps its type, and the mean is rounded once to that of its table`() throws {
    let types: (String) -> ElementType = { name in
      name.hasSuffix("norm.weight") ? .f32 : name == "lm_head.weight" ? .f16 : .bf16
    }
    try withCheckpoint(type: types) { (checkpoint, folder) throws in
      _ = try extended(folder)
      let old = try ArrayFile(contentsOf: folder + "/old/model.safetensors", byteLimit: 1 << 20)
      let new = try ArrayFile(contentsOf: folder + "/new/model.safetensors", byteLimit: 1 << 20)
      #expect(new.metadata == ["format": "pt"] && new.arrays.map(\.name) == old.arrays.map(\.name))
      for array in old.arrays {
        let other = try new.array(array.name)
        #expect(other.elementType == array.elementType)
        guard array.name == embedding || array.name == head else {
          #expect(other == array)
          continue
        }
        let values = try array.doubles()
        let mean = (0..<8).map { column in
          stride(from: column, to: values.count, by: 8).reduce(0.0) { $0 + values[$1] } / 13
        }
        let row = try NamedArray("row", array.elementType, shape: [8], doubles: mean).bytes
        #expect(other.bytes == array.bytes + row + row)
      }
    }
  }

  @Test func `PAR-5 shards keep their names and tensors, and the index its metadata but for the sizes`() throws {
    let checkpoint = try TinyCheckpoint()
    let arrays = try checkpoint.arrays { _ in .bf16 }
    let count = arrays.reduce(0) { $0 + $1.shape.reduce(1, *) }
    let metadata = "{\"by\":  1e30, \"total_size\": 1, \"total_parameters\": \(count)}"
    let halves = [
      ("model-00001-of-00002.safetensors", arrays[..<5]), ("model-00002-of-00002.safetensors", arrays[5...]),
    ]
    let map = halves.flatMap { file, arrays in arrays.map { "\"\($0.name)\": \"\(file)\"" } }.joined(separator: ",")
    try withFolder { folder in
      try checkpoint.write(
        to: folder + "/old", config: checkpoint.configText(), files: halves.map { ($0.0, Array($0.1)) })
      let index = "model.safetensors.index.json"
      try Files.create(
        folder + "/old/" + index, with: Array("{\"metadata\": \(metadata), \"weight_map\": {\(map)}}".utf8))
      _ = try extended(folder)
      #expect(try LoMASuiteTests.contents(folder + "/new") == ["config.json", halves[0].0, halves[1].0, index])
      var (bytes, elements) = (0, 0)
      for (file, old) in halves {
        let new = try ArrayFile(contentsOf: folder + "/new/" + file, byteLimit: 1 << 20)
        #expect(Set(new.arrays.map(\.name)) == Set(old.map(\.name)))
        bytes += new.arrays.reduce(0) { $0 + $1.bytes.count }
        elements += new.arrays.reduce(0) { $0 + $1.shape.reduce(1, *) }
      }
      let value = try StrictJSON.parse(
        Files.contents(of: folder + "/new/" + index, byteLimit: 1 << 20), sizeLimit: 1 << 20, depthLimit: 3)
      #expect(
        try text(folder + "/new/" + index).hasPrefix(
          "{\"metadata\": {\"by\":  1e30, \"total_size\": \(bytes), \"total_parameters\": \(elements)}, "))
      #expect(value.objectValue?["weight_map"]?.objectValue?.members.count == arrays.count)
    }
  }

  @Test func `PAR-5 an index without sizes gets its total size, and no other number`() throws {
    let checkpoint = try TinyCheckpoint()
    let arrays = try checkpoint.arrays { _ in .bf16 }
    let map = arrays.map { "\"\($0.name)\": \"one.safetensors\"" }.joined(separator: ",")
    for (metadata, expected) in [
      ("", ",\"metadata\": {\"total_size\": "), ("\"metadata\": {}, ", "{\"total_size\": "),
    ] {
      try withFolder { folder in
        try checkpoint.write(
          to: folder + "/old", config: checkpoint.configText([("loma", nil)]), files: [("one.safetensors", arrays)])
        let index = "model.safetensors.index.json"
        try Files.create(folder + "/old/" + index, with: Array("{\(metadata)\"weight_map\": {\(map)}}".utf8))
        _ = try extended(folder)
        let new = try ArrayFile(contentsOf: folder + "/new/one.safetensors", byteLimit: 1 << 20)
        let written = try text(folder + "/new/" + index)
        #expect(written.contains(expected + "\(new.arrays.reduce(0) { $0 + $1.bytes.count })}"))
        #expect(!written.contains("total_parameters"))
      }
    }
  }

  @Test func `PAR-2 config.json keeps every member, its order and its text`() throws {
    let odd = [
      ("zebra", "[1.50e0,  {\"vocab_size\": 1, \"loma\": 2}]"), ("eos_token_id", "[3,\n 4]"), ("n", "1E+2"),
    ]
    for section in [nil, "{\"text_vocabulary\": 11, \"compression_ratio\": 2, \"memory_length\": 1}"] {
      try withCheckpoint(
        ["tokenizer.json": tokenizer(13)], config: odd + [("loma", section), ("last", "\"é\\u00e9\"")]
      ) {
        (_, folder) throws in
        _ = try extended(folder)
        let old = try text(folder + "/old/config.json")
        let loma = """
          {"text_vocabulary": 13, "memory_token": 13, "repetition_token": 14, "compression_ratio": 4, "memory_length": 2, \
          "profile": {}}
          """
        var expected = old.replacing("\"vocab_size\": 13", with: "\"vocab_size\": 15")
        if let section {
          expected = expected.replacing(section, with: loma)
        } else {
          expected = expected.dropLast() + ", \"loma\": \(loma)}"
        }
        #expect(try text(folder + "/new/config.json") == expected)
      }
    }
  }

  @Test func `PAR-5 numbers that do not fit are copied as they are written, as transformers' default of 10³⁰`() throws {
    let large = "1000000000000000019884624838656"
    let settings = decoder(9..<11, more: ", \"model_max_length\": \(large), \"additional_special_tokens\": []")
    let files = [
      "tokenizer.json": tokenizer(11), "tokenizer_config.json": settings,
      "special_tokens_map.json": "{\"n\": \(large)}",
    ]
    try withCheckpoint(files, config: [("max_length", large)]) { (_, folder) throws in
      #expect(try extended(folder).refusal == nil)
      let written = try text(folder + "/new/tokenizer_config.json")
      #expect(written.contains(" \"model_max_length\": \(large), \"additional_special_tokens\": [\"<|loma_memory|>\","))
      #expect(try text(folder + "/new/config.json").contains("\"max_length\": \(large)"))
      #expect(try text(folder + "/new/special_tokens_map.json") == files["special_tokens_map.json"])
    }
    // Where the number means something it is refused by its key.
    let refused = ModelError.invalidConfiguration(key: "vocab_size", value: "1e+30", requirement: "an integer")
    #expect(try refusal([:], config: [("vocab_size", large)]) == .checkpoint(.model(refused)))
  }

  @Test func `PAR-5 both lists of tokens grow, and the special ones, whichever list there is`() throws {
    let added = { (id: Int, content: String) in
      "\"\(id)\": {\"content\":\"\(content)\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,"
        + "\"special\":true}"
    }
    let two = "\"<a>\", \"<b>\""
    for (list, changed) in [
      ("", ",\"additional_special_tokens\": [\(two)]"),
      (", \"extra_special_tokens\": {}", ", \"extra_special_tokens\": {}, \"additional_special_tokens\": [\(two)]"),
      (", \"extra_special_tokens\": [\"<9>\"]", ", \"extra_special_tokens\": [\"<9>\",\"<a>\",\"<b>\"]"),
      (", \"additional_special_tokens\": []", ", \"additional_special_tokens\": [\(two)]"),
      (
        ", \"additional_special_tokens\": [\"<9>\",  \"<10>\"]",
        ", \"additional_special_tokens\": [\"<9>\",  \"<10>\",  \"<a>\",  \"<b>\"]"
      ),
      (
        ", \"additional_special_tokens\": [\"<9>\"], \"extra_special_tokens\": [ \"<9>\"]",
        ", \"additional_special_tokens\": [\"<9>\"], \"extra_special_tokens\": [ \"<9>\", \"<a>\", \"<b>\"]"
      ),
    ] {
      let settings = decoder(9..<11, more: list)
      try withCheckpoint(["tokenizer.json": tokenizer(11), "tokenizer_config.json": settings]) { (_, folder) throws in
        #expect(try extended(folder, contents: ["<a>", "<b>"]).contents == ["<a>", "<b>"])
        let expected = settings.replacing(
          "}}\(list)}", with: "}, \(added(11, "<a>")), \(added(12, "<b>"))}\(changed)}")
        #expect(try text(folder + "/new/tokenizer_config.json") == expected)
      }
    }
  }

  @Test func `PAR-5 slow files alone: the list of added tokens says how many there are`() throws {
    let words = (0..<9).map { "\"w\($0)\": \($0)" }.joined(separator: ", ")
    // Nine pieces, each a message of a text and a score.
    var pieces: [UInt8] = []
    for digit in UInt8(0x30)..<0x39 { pieces += [0x0a, 0x09, 0x0a, 0x02, 0x77, digit, 0x15, 0, 0, 0x80, 0xbf] }
    let slow: [(name: String, bytes: [UInt8])] = [
      ("vocab.json", Array("{\(words)}".utf8)), ("tokenizer.model", pieces),
    ]
    for (name, bytes) in slow {
      try withCheckpoint(["tokenizer_config.json": decoder(9..<11), "merges.txt": "w0 w1\n"]) { (_, folder) throws in
        try Files.create(folder + "/old/" + name, with: bytes)
        #expect(try extended(folder).vocabulary.memoryToken == 11)
        #expect(try Files.contents(of: folder + "/new/" + name, byteLimit: 1 << 20) == bytes)
        #expect(
          try text(folder + "/new/tokenizer_config.json").contains("\"12\": {\"content\":\"<|loma_repetition|>\""))
      }
    }
    #expect(try refusal(["vocab.json": "{\(words)}"]) == .noListOfTokens)
    #expect(try refusal(["vocab.json": "{\(words)}", "tokenizer_config.json": "{}"]) == .noListOfTokens)
    #expect(
      try refusal(["tokenizer.model": "bpe.tiktoken", "tokenizer_config.json": decoder(9..<11)])
        == .tokenizerFile("tokenizer.model", key: "the file", requirement: "a SentencePiece model"))
  }

  @Test func `PAR-5 what is copied, and what is named as left out`() throws {
    let files = [
      "tokenizer.json": tokenizer(13), "special_tokens_map.json": "{\"eos_token\": \"<12>\"}",
      "README.md": "\u{feff}r\r\n",
      "chat_template.jinja": "{{ x }}", "generation_config.json": "{\"eos_token_id\": [1,  2]}", "LICENSE.txt": "l",
      "modeling.py": "pass", "added_tokens.json": "{}", "pytorch_model.bin": "b", "model.gguf": "g",
    ]
    try withCheckpoint(files) { (_, folder) throws in
      try FileManager.default.createDirectory(atPath: folder + "/old/original", withIntermediateDirectories: false)
      #expect(try extended(folder).leftOut == ["model.gguf", "original", "pytorch_model.bin"])
      for name in files.keys where !["tokenizer.json", "pytorch_model.bin", "model.gguf"].contains(name) {
        #expect(try text(folder + "/new/" + name) == files[name], "\(name)")
      }
      #expect(try LoMASuiteTests.contents(folder + "/new").count == files.count)
    }
  }

  @Test func `PAR-5 a Unigram tokenizer counts its pieces`() throws {
    let list = (0..<9).map { "[\"w\($0)\", -\($0).5]" }.joined(separator: ", ")
    let text = """
      {"added_tokens": [{"id": 0, "content": "w0"}, {"id": 9, "content": "<9>"}], "model": {"vocab": [\(list)]}}
      """
    try withCheckpoint(["tokenizer.json": text]) { (_, folder) throws in
      #expect(try extended(folder).vocabulary.memoryToken == 10)
    }
  }

  @Test func `PAR-5 a family that the reference does not compute is extended, and the reason told`() throws {
    try withCheckpoint(["tokenizer.json": tokenizer(11)], config: [("model_type", "\"nobody's\"")]) {
      (_, folder) throws in
      let result = try extended(folder)
      let refusal = try #require(result.refusal)
      #expect("\(refusal)".hasPrefix("unsupported-configuration: model_type is nobody's"))
      #expect(result.vocabulary.memoryToken == 11)
    }
  }

  @Test func `PAR-5 MOD-6 a tied head that is stored gets its rows, and the reason is told if it is another matrix`()
    throws
  {
    for differs in [false, true] {
      let checkpoint = try TinyCheckpoint(tiesHead: true)
      try withFolder { folder in
        let arrays = try checkpoint.arrays()
        let table = try #require(arrays.first { $0.name == embedding })
        var values = try table.doubles()
        if differs { values[100] += 1 }
        let stored = try NamedArray(head, .f64, shape: table.shape, doubles: values)
        try checkpoint.write(
          to: folder + "/old", config: checkpoint.configText([("loma", nil)]),
          files: [("model.safetensors", arrays + [stored])])
        let refusal = try extended(folder).refusal.map { "\($0)" }
        let told = "lm_head.weight is stored and is not model.embed_tokens.weight: row 12 differs"
        #expect(refusal == (differs ? "unsupported-configuration: tie_word_embeddings is true: \(told)" : nil))
        let new = try ArrayFile(contentsOf: folder + "/new/model.safetensors", byteLimit: 1 << 20).arrays
        let tables = [embedding, head].compactMap { name in new.first { $0.name == name } }
        #expect(tables.map(\.shape) == [[15, 8], [15, 8]])
        #expect((tables[0].bytes == tables[1].bytes) == !differs)
        #expect(tables[1].bytes.starts(with: stored.bytes), "a row that is there stays")
      }
    }
  }

  @Test func `PAR-5 contents are two, different, and without white space`() throws {
    #expect(try CheckpointExtension.contents("<m>,<r>") == ["<m>", "<r>"])
    for text in [
      "", "<m>", "<m>,", ",<r>", "<m>,<m>", "a,b,c", "a b,c", "a,b\n", String(repeating: "a", count: 257) + ",b",
    ] {
      #expect(throws: ExtensionError.contents(text)) { try CheckpointExtension.contents(text) }
    }
  }
}
