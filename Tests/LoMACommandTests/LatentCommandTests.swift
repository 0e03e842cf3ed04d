// `loma generate --method latent` and `loma trace --method latent` against passes over whole texts, which know no cache; and
// what they refuse.

import Foundation
import LoMA
import LoMAPeers
import LoMAPeersReference
import LoMAProcess
import LoMAReference
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMACommand
@testable import LoMAModels

/// V' = 256, or V = 256 with `<m>` and `<r>` of LoMA at c = 2, t = 2; three layers, seeded values of high variance.
struct LatentByteModel {
  let configuration: LatentConfiguration
  let weights: ParameterSet
  var loma: LoMASection?

  init(_ profile: String = "base", stride: Int = 2, bits: Int? = nil, compressed: Bool = false) throws {
    let profile = try LatentProfile(name: profile)
    let form: LatentForm =
      switch profile.entries {
      case .latent:
        .latent(
          LatentWidths(
            heads: 2, plain: 2, rotated: 4, value: 3, latent: 6, queryLatent: 5, bits: bits, rotatedBits: bits,
            group: nil))
      case .heads: .heads(query: 4, keyValue: 2, dimension: 4)
      }
    configuration = try LatentConfiguration(
      shape: LatentShape(
        vocabularySize: compressed ? 258 : 256, hiddenSize: 8, intermediateSize: 12, layers: 3, tiesHead: false,
        attention: LatentParameters(profile: profile, stride: stride, form: form)), epsilon: 1e-5,
      latentEpsilon: 1e-6, theta: 10_000)
    var numbers = SeededNumbers(seed: 17)
    weights = .highVariance(configuration, numbers: &numbers)
    loma =
      compressed
      ? LoMASection(textVocabulary: 256, memoryToken: 256, repetitionToken: 257, c: 2, t: 2, profile: .base) : nil
  }

  func onDisk<Value>(pairs: PairOrder = .halfSplit, _ body: (String) throws -> Value) throws -> Value {
    let folder = Scratch.parent + "/loma-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try LatentCheckpointWriter.write(
      weights, configuration: configuration, pairs: pairs, loma: loma, elementType: .f64, to: folder + "/model")
    return try body(folder + "/model")
  }

  var model: LatentModel {
    LatentModel(
      configuration: configuration, weights: Weights(weights), functions: .llama(workers: .single), rules: .spec)
  }

  /// The rows of a text: an ordinary one, or LoMA's training layout.
  func rows(_ text: [Int]) throws -> [Row] {
    guard let loma else {
      return text.enumerated().map { index, token in
        Row(
          token: token, place: .reading(chunk: 0, index: index), position: index,
          label: index + 1 < text.count ? text[index + 1] : nil)
      }
    }
    return try Layout.training(
      text: text, vocabulary: Vocabulary(textSize: 256), parameters: Parameters(c: loma.c, t: loma.t), profile: .base
    ).rows
  }

  /// m tokens after a prompt, each chosen from the logits of everything before it in one pass.
  func continued(_ prompt: [Int], _ m: Int) throws -> [Int] {
    var text = prompt
    for _ in 0..<m {
      let rows = try rows(text)
      let logits = try model.forward(rows: rows, profile: .base, rules: .spec).logits
      let last = try #require(rows.lastIndex { $0.place.zone == .reading })
      text.append(best(Array(logits.row(last))))
    }
    return Array(text[prompt.count...])
  }
}

@Suite("Commands with latent attention")
struct LatentCommandTests {
  private func given(_ directory: String, _ more: String) -> [String] {
    ["--method", "latent", "--model", directory] + more.split(separator: " ").map(String.init)
  }

  @Test(
    arguments: [
      ("base", 2, nil, 2, 2 * (6 + 4) * 16), ("base", 1, nil, 3, 3 * (6 + 4) * 16),
      ("up_projection=shared", 3, 4, 1, (6 + 4) * 4 + 2 * 32), ("entries=heads", 2, nil, 2, 2 * 2 * 2 * 4 * 16),
    ] as [(String, Int, Int?, Int, Int)])
  func `LAT-9 the greedy text from stored latents is that of whole passes`(
    profile: String, stride: Int, bits: Int?, producers: Int, tokenBits: Int
  ) throws {
    let model = try LatentByteModel(profile, stride: stride, bits: bits)
    let prompt = bytes("Hello, latent")
    let expected = try model.continued(prompt, 7)
    #expect(Set(expected).count > 1)
    let said = Outcome(
      output: """
        tokens \(joined(expected))
        text   \(quoted(String(decoding: expected.map { UInt8($0) }, as: UTF8.self)))
        cache  19 rows, \(producers) entr\(producers == 1 ? "y" : "ies") each, of \(tokenBits) bits together, for 19 text \
        tokens fed

        """)
    try model.onDisk { directory in
      for more in ["", " --threads 2", " --pass-length 1", " --pass-length 4", " --temperature 2 --top-k 1 --seed 8"] {
        let line = given(directory, "--generate 7" + more) + ["--string", "Hello, latent"]
        #expect(command(["generate"] + line) == said, "\(more)")
      }
    }
    guard profile != "entries=heads" else { return }
    try model.onDisk(pairs: .neighbours) { directory in
      #expect(command(["generate"] + given(directory, "--generate 7 --tokens \(joined(prompt))")) == said)
    }
  }

  @Test func `LAT-9 GEN-3 LoMA compresses entries where the model says so`() throws {
    let model = try LatentByteModel(bits: 4, compressed: true)
    let prompt = bytes("Hello, lat")
    let expected = try model.continued(prompt, 6)
    try model.onDisk { directory in
      let outcome = command(["generate"] + given(directory, "--generate 6 --tokens \(joined(prompt))"))
      let lines = outcome.output.split(separator: "\n")
      #expect(lines.first == "tokens \(joined(expected))")
      // 15 tokens: three chunks of four became two rows each, three are the tail.
      #expect(lines.last == "cache  9 rows, 2 entries each, of 208 bits together, for 15 text tokens fed")
      #expect(
        outcome == command(["generate"] + given(directory, "--generate 6 --pass-length 1 --tokens \(joined(prompt))")))
    }
  }

  @Test(arguments: [("base", false), ("entries=heads", false), ("base", true)])
  func `LAT-3 MOD-7 a trace holds rows, mask, intermediates, losses, gradients and steps`(
    profile: String, compressed: Bool
  ) throws {
    let model = try LatentByteModel(profile, bits: profile == "base" ? 3 : nil, compressed: compressed)
    let texts = [[72, 1, 2, 3, 4, 5], [7, 8, 9]]
    var batch = try texts.map(model.rows)
    if compressed { batch = Batch(rows: batch).texts }
    try model.onDisk { directory in
      let path = directory + ".safetensors"
      let outcome = command(
        ["trace"]
          + given(
            directory,
            "--output \(path) --gradients yes --steps 1 --adamw 0.01,0.9,0.99,0.001,0.1 --tokens 72,1,2,3,4,5 "
              + "--tokens 7,8,9"))
      let file = try ArrayFile(contentsOf: path, byteLimit: 1 << 26)
      #expect(outcome == Outcome(output: "\(file.arrays.count) arrays written to \(path)\n"))
      for (index, rows) in batch.enumerated() {
        let prefix = "texts.\(index)."
        #expect(try file.array(prefix + "tokens").integers() == rows.map { $0.token })
        #expect(try file.array(prefix + "positions").integers() == rows.map { $0.position })
        #expect(try file.array(prefix + "labels").integers() == rows.map { $0.label ?? -1 })
        #expect(try file.array(prefix + "mask").booleans() == Mask(rows: rows, profile: .base).cells())
        let trace = try model.model.forward(rows: rows, profile: .base, rules: .spec)
        let named = try model.model.named(trace, positions: rows.map { $0.position })
        let names = Set(named.map { $0.name })
        #expect(names.count == named.count)
        #expect(names.contains("layers.2.attention.stored_latent") == (profile == "base"))
        #expect(names.contains("layers.2.attention.key") == (profile != "base"))
        #expect(!names.contains("layers.1.attention.latent") && !names.contains("layers.1.attention.value"))
        for (name, tensor) in named {
          let array = try file.array(prefix + name)
          #expect(array.shape == tensor.shape, "\(name)")
          #expect(try array.doubles() == tensor.values, "\(name)")
        }
        guard profile == "base" else { continue }
        let made = try file.array(prefix + "layers.0.attention.latent").doubles()
        let stored = try file.array(prefix + "layers.0.attention.stored_latent").doubles()
        #expect(made != stored && zip(made, stored).allSatisfy { abs($0 - $1) < 1 })
      }
      let pass = try model.model.trainingPass(texts: batch, profile: .base, rules: .spec)
      #expect(pass.loss.languageModelling > 0 && (pass.loss.repetition > 0) == compressed)
      #expect(try file.array("loss.language_modelling").doubles() == [pass.loss.languageModelling])
      #expect(try file.array("loss.repetition").doubles() == [pass.loss.repetition])
      var trainer = LatentTrainer(configuration: model.configuration, parameters: model.weights)
      trainer.apply(
        pass.gradients,
        settings: AdamWSettings(learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 0.001, weightDecay: 0.1))
      for name in model.weights.names {
        #expect(try file.array("gradients." + name).doubles() == pass.gradients.tensors[name]?.values, "\(name)")
        let stepped = try file.array("steps.1.parameters." + name).doubles()
        #expect(stepped == trainer.parameters.tensors[name]?.values, "\(name)")
      }
      #expect(file["steps.2.parameters.model.norm.weight"] == nil)
    }
  }

  @Test(arguments: ["generate --generate 1", "trace --output F"])
  func `a line that does not fit is refused with a reason`(_ line: String) throws {
    let name = String(line.prefix { $0 != " " })
    func rejected(_ more: String, _ complaint: String) {
      #expect(command(line + more) == .rejected("\(name): \(complaint); see loma \(name) --help"), "\(more)")
    }
    rejected(" --method latent --tokens 1", "option --model is required")
    rejected(" --method latent --model x --c 2", "unknown option --c")
    rejected(" --method latent --model x --segments 2", "unknown option --segments")
    func refused(_ directory: String, _ more: String, _ complaint: String) {
      #expect(command(line + " --method latent --model \(directory)" + more) == .rejected(complaint), "\(more)")
    }
    try LatentByteModel().onDisk { directory in
      refused(
        directory, " --tokens 1,256", "text-token-out-of-range: token 256 at text index 1 is not in 0..<256")
      let config = directory + "/config.json"
      let text = try String(contentsOfFile: config, encoding: .utf8)
      for (old, new, complaint) in [
        (
          "\"attention_bias\": false", "\"attention_bias\": true",
          "unsupported-configuration: attention_bias is true: no projection has a bias"
        ),
        (
          "\"dtype\"", "\"n_routed_experts\": 8, \"dtype\"", nil
        ),
        (
          "\"first_k_dense_replace\": 3", "\"n_routed_experts\": 8, \"first_k_dense_replace\": 1",
          "unsupported-configuration: n_routed_experts is 8: first_k_dense_replace is 1, and every layer must be dense"
        ),
        (
          "\"rope_theta\": 10000.0", "\"rope_scaling\": {\"type\": \"yarn\", \"mscale\": 1.0}",
          "unsupported-configuration: rope_scaling.type is yarn: the rotation of longer contexts, and its scale of "
            + "scores, are no part of this"
        ),
        ("\"stride\": 2", "\"stride\": 0", "stride-out-of-range: s is 0, must be in 1...\(LatentParameters.limit)"),
        ("\"kv_lora_rank\": 6", "\"kv_lora_rank\": 7", "group-does-not-divide: groups of 6 do not divide 7 channels"),
      ] as [(String, String, String?)] {
        #expect(text.contains(old))
        try Files.replace(config, with: Array(text.replacingOccurrences(of: old, with: new).utf8))
        if let complaint { refused(directory, " --tokens 1", complaint) }
      }
    }
  }

  @Test func `what one command alone takes is checked`() throws {
    try LatentByteModel().onDisk { directory in
      let given = " --method latent --model \(directory)"
      for (more, complaint) in [
        ("generate --generate 1 --tokens 1 --stop 256", "option --stop takes a text token in 0..<256, not 256"),
        ("generate --generate 1 --tokens 1 --pass-length 0", "option --pass-length takes at least 1, not 0"),
      ] {
        #expect(
          command(more + given) == .rejected("generate: \(complaint); see loma generate --help"), "\(more)")
      }
      for (more, code) in [
        ("generate --tokens 1 --generate -1", "negative-generation-length: "),
        ("generate --tokens= --generate 1", "empty-prompt: "),
        ("generate --tokens 1 --generate \(Int.max)", "text-too-long: "),
        ("trace --output F --tokens \(joined([Int](repeating: 1, count: 9000)))", "trace-too-large: "),
      ] {
        #expect(command(more + given).complaint?.hasPrefix("loma: " + code) == true, "\(code)")
      }
    }
    for name in ["generate", "trace", "explain", "evaluate"] {
      #expect(command(name + " --help").output.contains("--method latent"))
    }
  }
}
