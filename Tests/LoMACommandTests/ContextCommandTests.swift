// `loma generate --method ccm` and `loma trace --method ccm` against the parallel layout, which knows no cache; and what
// they refuse.

import Foundation
import LoMA
import LoMAPeers
import LoMAPeersReference
import LoMAProcess
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMACommand
@testable import LoMAModels

/// V = 256, two layers, an adapter of rank 2 for n = 2 with SUM rows, seeded values of high variance.
private struct ContextByteModel {
  let configuration: Configuration
  let weights: ParameterSet
  let adapter: ContextAdapter

  init() throws {
    configuration = try Configuration(
      vocabularySize: 256, hiddenSize: 8, intermediateSize: 12, layers: 2, queryHeads: 4, keyValueHeads: 2,
      headDimension: 4, epsilon: 1e-5, theta: 10_000, tiesHead: false)
    var numbers = SeededNumbers(seed: 31)
    weights = .highVariance(configuration, numbers: &numbers)
    adapter = .highVariance(
      configuration, memoryEmbeddings: 4, settings: try AdapterSettings(rank: 2, alpha: 4), numbers: &numbers)
  }

  func onDisk<Value>(_ body: (String) throws -> Value) throws -> Value {
    let folder = Scratch.parent + "/loma-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try ContextCheckpoint.write(
      base: weights, adapter: adapter, configuration: configuration, elementType: .f64, to: folder + "/model")
    return try body(folder + "/model")
  }

  func parameters(_ profile: String, rate: Double? = nil) throws -> ContextParameters {
    try ContextParameters(
      textSize: 256, memoryTokens: 2, beginningToken: 72, profile: ContextProfile(name: profile), rate: rate)
  }

  func model(_ parameters: ContextParameters) -> ContextModel {
    ContextModel(
      configuration: configuration, weights: Weights(weights), adapter: adapter, parameters: parameters,
      functions: .llama(workers: .single), rules: .spec)
  }

  /// m tokens after a text, each chosen from the last logits of the parallel layout of everything before it.
  func continued(_ segments: [[Int]], _ m: Int, _ parameters: ContextParameters) throws -> [Int] {
    var (text, chosen): ([[Int]], [Int]) = (segments, [])
    for _ in 0..<m {
      let layout = try ContextLayout(ContextText(segments: text, outputLength: 0), parameters: parameters)
      let logits = try model(parameters).forward(layout.mask).logits
      chosen.append(best(Array(logits.row(logits.rows - 1))))
      text[text.count - 1].append(chosen[chosen.count - 1])
    }
    return chosen
  }
}

@Suite("Commands with compressed context memory")
struct ContextCommandTests {
  private let segments = ["Hello, ", "CCM", "! And"]

  private func given(_ directory: String, _ more: String) -> [String] {
    ["--method", "ccm", "--model", directory, "--memory-tokens", "2", "--beginning-token", "72"]
      + more.split(separator: " ").map(String.init)
  }

  private func generate(_ directory: String, _ more: String, segments: [String]? = nil) -> Outcome {
    command(["generate"] + given(directory, more) + (segments ?? self.segments).flatMap { ["--string", $0] })
  }

  @Test(arguments: [
    ("base", nil, 2 * 2, 0), ("recurrence=separate", nil, 2 * 2, 0), ("memory=merge", nil, 2, 0),
    ("memory=merge,recurrence=separate", nil, 2, 0), ("sink=on", nil, 2 * 2, 1), ("memory=merge,sink=on", nil, 2, 1),
    ("memory=merge,merge_rate=exponential", 0.25, 2, 0),
  ])
  func `CCM-24 CCM-26 CCM-27 the greedy text is the parallel layout's`(
    profile: String, rate: Double?, memory: Int, sinks: Int
  ) throws {
    let model = try ContextByteModel()
    let texts = segments.map(bytes)
    let expected = try model.continued(texts, 9, model.parameters(profile, rate: rate))
    #expect(Set(expected).count > 2)
    let entries = memory + sinks + 5 + 8
    let said = Outcome(
      output: """
        tokens \(joined(expected))
        text   \(quoted(String(decoding: expected.map { UInt8($0) }, as: UTF8.self)))
        cache  \(entries) entries (\(entries * 2 * 2 * 2 * 4 * 8) bytes), \(memory) of them memory of 2 segments, for \
        23 text tokens fed

        """)
    let asked = "--generate 9 --profile \(profile)" + (rate.map { " --rate \($0)" } ?? "")
    try model.onDisk { directory in
      for more in ["", " --threads 1", " --threads 2", " --pass-length 1", " --pass-length 3", " --pass-length 1000"] {
        #expect(generate(directory, asked + more) == said, "\(more)")
      }
      let ids = texts.flatMap { ["--tokens", joined($0)] }
      #expect(command(["generate"] + given(directory, asked) + ids) == said)
      let whole = given(directory, asked + " --segments 7,3,5")
      #expect(command(["generate"] + whole + ["--string", segments.joined()]) == said)
      #expect(generate(directory, asked + " --temperature 2 --top-k 1 --seed 8") == said)
    }
  }

  @Test func `CCM-24 a text without context segments is the base's, and one segment is called so`() throws {
    let model = try ContextByteModel()
    try model.onDisk { directory in
      let alone = generate(directory, "--generate 0", segments: ["Hello"])
      #expect(
        alone.output.hasSuffix("cache  5 entries (1280 bytes), 0 of them memory of 0 segments, for 5 text tokens fed\n")
      )
      let one = generate(directory, "--generate 1", segments: ["Hello", "x"])
      #expect(one.output.contains(", 2 of them memory of 1 segment, for 6 text tokens fed\n"))
      let expected = try model.continued([bytes("Hello")], 6, model.parameters("base"))
      let stop = expected[3]
      let place = try #require(expected.firstIndex(of: stop))
      let stopped = generate(directory, "--generate 6 --stop \(stop)", segments: ["Hello"])
      #expect(stopped.output.hasPrefix("tokens \(joined(Array(expected[...place])))\n"))
    }
  }

  @Test func `GEN-5 draws are reproducible and differ by seed`() throws {
    try ContextByteModel().onDisk { directory in
      let drawn = generate(directory, "--generate 9 --temperature 2 --seed 7")
      #expect(drawn == generate(directory, "--generate 9 --temperature 2 --seed 7 --pass-length 2 --threads 2"))
      #expect(drawn != generate(directory, "--generate 9 --temperature 2 --seed 8"))
    }
  }

  @Test func `CCM-33 a trace holds rows, mask, intermediates, loss, gradients and steps of a padded batch`() throws {
    let model = try ContextByteModel()
    let parameters = try model.parameters("memory=merge,sink=on")
    let texts = [
      ContextText(segments: [[72, 1, 2], [3], [4, 5, 6]], outputLength: 2),
      ContextText(segments: [[7, 8], [9, 10]], outputLength: 1),
    ]
    let batch = ContextBatch(
      try texts.map { try ContextLayout($0, parameters: parameters) }, parameters: parameters)
    try model.onDisk { directory in
      let path = directory + ".safetensors"
      let line = given(
        directory,
        "--profile memory=merge,sink=on --output \(path) --gradients yes --steps 1 --adamw 0.01,0.9,0.99,0.001,0.1 "
          + "--tokens 72,1,2 --tokens 3 --tokens 4,5,6 --tokens 7,8 --tokens 9,10 --texts 3,2 --outputs 2,1")
      for training in [ContextTraining.adapter, .everything] {
        let outcome = command(["trace"] + line + ["--training", training.rawValue])
        let file = try ArrayFile(contentsOf: path, byteLimit: 1 << 24)
        #expect(outcome == Outcome(output: "\(file.arrays.count) arrays written to \(path)\n"))
        for (index, rows) in batch.texts.enumerated() {
          let prefix = "texts.\(index)."
          #expect(try file.array(prefix + "tokens").integers() == rows.map { $0.token })
          #expect(try file.array(prefix + "positions").integers() == rows.map { $0.position })
          #expect(try file.array(prefix + "labels").integers() == rows.map { $0.label ?? -1 })
          #expect(try file.array(prefix + "segments").integers() == rows.map { $0.place.segment ?? -1 })
          #expect(try file.array(prefix + "indices").integers() == rows.map { $0.place.index ?? -1 })
          let roles = rows.map { ContextRole.allCases.firstIndex(of: $0.place.role) ?? -1 }
          #expect(try file.array(prefix + "roles").integers() == roles)
          let mask = batch.mask(index)
          let cells = rows.indices.flatMap { q in rows.indices.map { mask.allows(query: q, key: $0) } }
          #expect(try file.array(prefix + "mask").booleans() == cells)
          let trace = try model.model(parameters).forward(mask)
          for (name, tensor) in trace.named {
            let array = try file.array(prefix + name)
            #expect(array.shape == tensor.shape, "\(name)")
            #expect(try array.doubles() == tensor.values, "\(name)")
          }
        }
        let pass = try model.model(parameters).trainingPass(batch, training: training)
        #expect(pass.loss.labelledRows == 3 && pass.loss.mean > 0)
        #expect(try file.array("loss").doubles() == [pass.loss.mean])
        let gradients = pass.gradients.trained
        #expect(gradients.names.count == 17 + (training == .everything ? model.weights.names.count : 0))
        for name in gradients.names {
          #expect(try file.array("gradients." + name).doubles() == gradients.tensors[name]?.values, "\(name)")
        }
        var (weights, optimiser) = (model.adapter.parameters, AdamW(configuration: model.configuration))
        if training == .adapter {
          let zeros = ParameterSet(weights.tensors.mapValues { Tensor(zeros: $0.shape) })
          let settings = AdamWSettings(learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 0.001, weightDecay: 0.1)
          optimiser = AdamW(resumingAfter: 0, firstMoments: zeros, secondMoments: zeros, settings: settings)
          optimiser.step(&weights, gradients: gradients, settings: settings)
          for name in weights.names {
            let stepped = try file.array("steps.1.parameters." + name).doubles()
            #expect(stepped == weights.tensors[name]?.values, "\(name)")
          }
        }
        #expect(file["steps.2.parameters." + AdapterParameterName.memoryEmbedding] == nil)
        try FileManager.default.removeItem(atPath: path)
      }
    }
  }

  @Test func `without an output there is no loss, and without --gradients no gradient`() throws {
    try ContextByteModel().onDisk { directory in
      let path = directory + ".safetensors"
      #expect(command(["trace"] + given(directory, "--output \(path) --tokens 1,2 --tokens 3")).exitCode == .fine)
      let file = try ArrayFile(contentsOf: path, byteLimit: 1 << 24)
      #expect(try file.array("loss").doubles() == [0])
      #expect(file.arrays.allSatisfy { !$0.name.hasPrefix("gradients.") && !$0.name.hasPrefix("steps.") })
      #expect(try file.array("texts.0.tokens").integers() == [1, 2, 256, 257, 3])
    }
  }

  @Test func `--method loma is what is done without it`() throws {
    try ByteModel().onDisk { directory in
      let line = "generate --model \(directory) --generate 5 --tokens 1,2,3"
      #expect(command(line + " --method loma") == command(line))
      #expect(command(line + " --method=loma") == command(line))
      #expect(command(line).exitCode == .fine)
    }
  }

  @Test(arguments: ["generate --generate 1", "trace --output F"])
  func `a line that does not fit is refused with a reason`(_ line: String) throws {
    let name = String(line.prefix { $0 != " " })
    func rejected(_ more: String, _ complaint: String) {
      // A mistyped word may get a suggestion behind it, and nothing else.
      let said = command(line + more).complaint?.replacing(#/ \(did you mean --[a-z-]+\?\)/#, with: "")
      #expect(said == "loma: \(name): \(complaint); see loma \(name) --help", "\(more)")
    }
    rejected(" --method", "option --method needs a value")
    rejected(" --method gist", "option --method takes one of loma, ccm, latent, not 'gist'")
    rejected(" --method ccm --method ccm", "option --method is given twice")
    rejected(" --method ccm --tokens 1", "option --model is required")
    rejected(" --method ccm --model x --tokens 1", "option --memory-tokens is required")
    rejected(" --method ccm --model x --c 2", "unknown option --c")
    rejected(" --model x --memory-tokens 2", "unknown option --memory-tokens")
    rejected(
      " --method ccm --model x --memory-tokens 2 --rate 0.5 --tokens 1",
      "option --rate needs --profile memory=merge,merge_rate=exponential")
    try ContextByteModel().onDisk { directory in
      let given = " --method ccm --model \(directory) --memory-tokens 2"
      rejected(given, "a text is required: --tokens, --string or --file")
      rejected(given + " --tokens 1,2 --tokens 3 --segments 2,1", "option --segments cuts one text, not 2")
      for lengths in ["1,1", "4", "2,0,1", "-1,4", ""] {
        rejected(
          given + " --tokens 1,2,3 --segments=\(lengths)",
          "option --segments takes lengths above 0 that add up to the 3 tokens")
      }
      func refused(_ more: String, _ complaint: String) {
        #expect(command(line + " --method ccm --model \(directory)" + more) == .rejected(complaint), "\(more)")
      }
      refused(" --memory-tokens 0 --tokens 1", "memory-tokens-out-of-range: n is 0, must be at least 1")
      refused(
        " --memory-tokens 2 --beginning-token 256 --tokens 1",
        "beginning-token-out-of-range: BOS is 256, which is not in 0..<256")
      refused(" --memory-tokens 2 --profile memory=sum --tokens 1", "unknown-alternative: axis memory has no value sum")
      refused(
        " --memory-tokens 2 --profile memory=merge,merge_rate=exponential --tokens 1",
        "merge-rate-out-of-range: the share of a segment must be above 0 and at most 1")
      refused(
        " --memory-tokens 3 --tokens 1",
        "adapter-shape-mismatch: \(AdapterParameterName.memoryEmbedding) has 4 rows, n = 3 needs n or 2n")
      refused(
        " --memory-tokens 4 --profile memory=merge --tokens 1",
        "adapter-shape-mismatch: \(AdapterParameterName.memoryEmbedding) has 4 rows, n = 4 and memory=merge need 2n")
      refused(" --memory-tokens 2 --tokens 1 --tokens=", "segment-empty: segment 1 has no token")
      refused(
        " --memory-tokens 2 --tokens 1 --tokens 2,256",
        "text-token-out-of-range: token 256 at index 1 of segment 1 is not in 0..<256")
    }
    try ByteModel().onDisk { directory in
      let outcome = command(line + " --method ccm --model \(directory) --memory-tokens 2 --tokens 1")
      #expect(outcome.complaint?.hasPrefix("loma: file: \"\(directory)/adapter/adapter_config.json\": open: ") == true)
    }
  }

  @Test func `what one command alone takes is checked`() throws {
    try ContextByteModel().onDisk { directory in
      let given = " --method ccm --model \(directory) --memory-tokens 2 --tokens 1,2 --tokens 3"
      for (more, complaint) in [
        ("generate --generate 1 --stop 256", "option --stop takes a text token in 0..<256, not 256"),
        ("generate --generate 1 --pass-length 0", "option --pass-length takes at least 1, not 0"),
        ("trace --output F --texts 1,2", "option --texts takes lengths above 0 that add up to the 2 segments"),
        ("trace --output F --outputs 1,1", "option --outputs takes one length a text, 1 in all"),
        ("trace --output F --training base", "option --training takes one of adapter, everything, not 'base'"),
      ] {
        let name = String(more.prefix { $0 != " " })
        #expect(command(more + given) == .rejected("\(name): \(complaint); see loma \(name) --help"), "\(more)")
      }
      #expect(
        command("generate --generate -1" + given)
          == .rejected("negative-generation-length: -1 tokens asked for, must be at least 0"))
      #expect(command("generate --generate \(Int.max)" + given).complaint?.hasPrefix("loma: text-too-long: ") == true)
      let long = [Int](repeating: 1, count: 9000)
      #expect(
        command("trace --output F --tokens \(joined(long))" + given).complaint
          == "loma: trace-too-large: 1 text of 9007 rows: probabilities, masks and logits would be more than 2048 MiB")
      #expect(
        command("trace --output F --outputs 1" + given).complaint?.hasPrefix("loma: output-length-out-of-range: ")
          == true)
    }
  }

  @Test func `the help names every option of the method`() {
    for (name, options) in [
      ("generate", "--method --memory-tokens --beginning-token --rate --segments"),
      ("trace", "--method --memory-tokens --beginning-token --rate --segments --texts --outputs --training"),
    ] {
      let help = command(name + " --help").output
      for option in options.split(separator: " ") { #expect(help.contains(option), "\(option)") }
    }
  }
}
