// `loma train` on recipes of compressed context memory, and `loma evaluate --method ccm`.

import Foundation
import LoMAPeersReference
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMACommand
@testable import LoMATraining

@Suite("Training with compressed context memory")
struct ContextTrainingTests {
  private let recipes =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path + "/Docs/Recipes/"

  private func recipe(
    profile: String = "base", parameters: String = "everything", base: String? = nil, compressed: Bool = true
  ) -> String {
    """
    {"method": "ccm", "model": {"hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2,
    "num_attention_heads": 2, "num_key_value_heads": 1, "rms_norm_eps": 1e-5, "rope_theta": 10000,
    "tie_word_embeddings": true}, "ccm": {"memory_tokens": 2, "profile": "\(profile)", "rank": 2, "lora_alpha": 4},
    "data": {"alphabet": 3, "contexts": 2, "segment": 2, "compressed": \(compressed)},
    "training": {"parameters": "\(parameters)", "base_sha256": \(base.map { "\"\($0)\"" } ?? "null"), "batch": 3,
    "steps": 4, "seed": 1, "checkpoint_every": 2},
    "optimiser": {"learning_rate": 0.01, "warm_up": 0, "decay": "linear", "beta1": 0.9, "beta2": 0.99,
    "epsilon": 1e-8, "weight_decay": 0, "largest_norm": 1}, "element_type": "F32"}
    """
  }

  private func inFolder(_ text: String, _ body: (String) throws -> Void) throws {
    let folder = try TemporaryFolder()
    try Files.replace(folder.path + "/recipe.json", with: Array(text.utf8))
    try body(folder.path)
  }

  @Test(arguments: ["base", "memory=merge"])
  func `TRN-5 CCM-21 a run ends with a model that the other commands take`(profile: String) throws {
    try inFolder(recipe(profile: profile)) { folder in
      let train = "train --recipe \(folder)/recipe.json --out \(folder)/"
      let first = command(train + "run --threads 2")
      let lines = first.output.split(separator: "\n")
      #expect(first.exitCode == .fine && lines.count == 3 && lines[0] == "steps    4 of 4")
      #expect(lines[1].hasPrefix("weights  SHA-256 ") && lines[1].count == 81)
      #expect(lines[2] == "model    \(folder)/run/model")
      #expect(command(train + "run").complaint?.hasPrefix("loma: run-exists: ") == true)
      #expect(command(train + "again --threads 1").output.split(separator: "\n")[1] == lines[1])
      let stopped = command(train + "part --stop-after 3").output.split(separator: "\n")
      #expect(stopped.count == 2 && stopped[1] != lines[1])
      let resumed = command(train + "part --resume yes").output.split(separator: "\n")
      #expect(resumed[0] == "steps    4 of 4, 3 of them before" && resumed[1] == lines[1])
      let model = "--method ccm --model \(folder)/run/model"
      let generated = command(
        "generate \(model) --memory-tokens 2 --profile \(profile) --tokens 0,1 --tokens 2,2 --tokens 3 --generate 2")
      #expect(generated.exitCode == .fine)
      let evaluated = command("evaluate \(model) --recipe \(folder)/recipe.json --texts 20 --seed 3")
      let measured = evaluated.output.split(separator: "\n")
      #expect(measured.count == 3 && measured[0].hasSuffix("/40") && measured[1].hasSuffix("/20"))
      #expect(evaluated == command("evaluate \(model) --recipe \(folder)/recipe.json --texts 20 --seed 3 --threads 1"))
      #expect(evaluated != command("evaluate \(model) --recipe \(folder)/recipe.json --texts 20 --seed 4"))
    }
  }

  @Test func `CCM-21 an adapter is trained for a base that keeps every byte, and for no other`() throws {
    try inFolder(recipe(compressed: false)) { folder in
      let base = folder + "/base/model"
      #expect(command("train --recipe \(folder)/recipe.json --out \(folder)/base").exitCode == .fine)
      let bytes = try Files.contents(of: base + "/model.safetensors", byteLimit: 1 << 20)
      let text = recipe(parameters: "adapter", base: SHA256.hexDigest(of: bytes))
      try Files.replace(folder + "/recipe.json", with: Array(text.utf8))
      let train = "train --recipe \(folder)/recipe.json --out \(folder)/"
      #expect(command(train + "none").complaint == "loma: missing-base: the recipe needs --base DIR")
      #expect(command(train + "run --base \(base)").exitCode == .fine)
      let trained = try Files.contents(of: folder + "/run/model/model.safetensors", byteLimit: 1 << 20)
      #expect(trained == bytes)
      let adapters = try ["base", "run"].map {
        try Files.contents(of: "\(folder)/\($0)/model/adapter/adapter_model.safetensors", byteLimit: 1 << 20)
      }
      #expect(adapters[0] != adapters[1])
      try Files.replace(base + "/model.safetensors", with: bytes.dropLast() + [bytes[bytes.count - 1] ^ 1])
      #expect(command(train + "other --base \(base)").complaint?.hasPrefix("loma: other-base: ") == true)
      try Files.replace(folder + "/recipe.json", with: Array(recipe().utf8))
      #expect(
        command(train + "none --base \(base)").complaint == "loma: no-base: the recipe starts from random weights")
    }
  }

  @Test func `CCM-23 the output is the segment that the input names`() throws {
    for compressed in [true, false] {
      let recipe = try ContextRecipe(parsing: Array(recipe(compressed: compressed).utf8))
      var numbers = SeededNumbers(seed: 5)
      let texts = recipe.texts(200, numbers: &numbers)
      var named: Set<Int> = []
      for text in texts {
        let tokens = text.segments.flatMap { $0 }
        #expect(text.segments.map { $0.count } == (compressed ? [2, 2, 3] : [7]) && text.outputLength == 2)
        #expect(tokens[..<4].allSatisfy { (0..<3).contains($0) } && (3...4).contains(tokens[4]))
        let k = tokens[4] - 3
        named.insert(k)
        #expect(Array(tokens[5...]) == Array(tokens[2 * k..<2 * k + 2]))
      }
      #expect(named == [0, 1])
    }
  }

  @Test func `TRN-5 a recipe is read strictly`() throws {
    for (old, new, complaint) in [
      (#""batch": 3"#, #""batches": 3"#, "unknown-key: a recipe has no key training.batches"),
      (#""rank": 2, "#, "", "missing-key: the recipe has no ccm.rank"),
      (#""rank": 2"#, #""rank": 0"#, "invalid-value: ccm.rank is 0, must be an integer in 1...4096"),
      (#""profile": "base""#, #""profile": "memory=sum""#, "unknown-alternative: axis memory has no value sum"),
      (
        #""profile": "base""#, #""profile": "memory=merge,merge_rate=exponential""#,
        "merge-rate-out-of-range: the share of a segment must be above 0 and at most 1"
      ),
      (
        #""memory_tokens": 2"#, #""memory_tokens": 6"#,
        "no-rows-to-average: 6 memory embeddings start as means of 5 rows"
      ),
      (
        #""parameters": "everything""#, #""parameters": "base""#,
        "invalid-value: training.parameters is base, must be one of adapter, everything"
      ),
      (
        #""base_sha256": null"#, #""base_sha256": 1"#,
        "invalid-value: training.base_sha256 is 1, must be 64 hexadecimal digits, or null"
      ),
      (#""method": "ccm""#, #""method": "gist""#, "unknown-key: a recipe has no key method"),
    ] {
      try inFolder(recipe().replacingOccurrences(of: old, with: new)) { folder in
        let outcome = command("train --recipe \(folder)/recipe.json --out \(folder)/run")
        #expect(outcome.complaint?.hasPrefix("loma: " + complaint) == true, "\(outcome.complaint ?? "none")")
        #expect(!FileManager.default.fileExists(atPath: folder + "/run"))
      }
    }
  }

  @Test(arguments: [
    ("ccm-concat", "705dc5b102c18e9baa19e73593ac0b776ecfc83c34c9359a8363efd2188fbde0"),
    ("ccm-merge", "d7bdf9803e4dbafcb8f5dd1b0c5becfd1dcb253b45e19dde729e33a997a2f3b9"),
    ("ccm-base", "5544e1f022cbe0b0e5036674c4c175172f62fbbffe24fbe7ba9dba16ab078f83"),
  ])
  func `TRN-5 three steps of a published recipe lead to the same bits everywhere`(name: String, digest: String) throws {
    let folder = try TemporaryFolder()
    let outcome = command(
      "train --recipe \(recipes)\(name).json --out \(folder.path)/run --stop-after 3")
    #expect(outcome.output == "steps    3 of 1500\nweights  SHA-256 \(digest)\n")
  }

  @Test func `TRN-5 the recipes of adapters name the base that its recipe leads to`() throws {
    let page = try String(contentsOfFile: recipes + "README.md", encoding: .utf8)
    for name in ["ccm-concat", "ccm-merge", "ccm-base", "ccm-concat-adapter", "ccm-merge-adapter"] {
      let text = try Files.contents(of: recipes + name + ".json", byteLimit: 1 << 16)
      #expect(page.contains("`\(name)") && ContextRecipe.isOne(text))
      let recipe = try ContextRecipe(parsing: text)
      #expect((recipe.baseDigest != nil) == name.hasSuffix("-adapter"))
      #expect((recipe.training == .adapter) == name.hasSuffix("-adapter"))
      #expect(recipe.compresses == (name != "ccm-base"))
    }
  }

  @Test func `TRN-5 a damaged state is refused`() throws {
    try inFolder(recipe()) { folder in
      let train = "train --recipe \(folder)/recipe.json --out \(folder)/run"
      #expect(command(train + " --stop-after 2").exitCode == .fine)
      let path = folder + "/run/training.safetensors"
      let bytes = try Files.contents(of: path, byteLimit: 1 << 20)
      try Files.replace(path, with: Array(bytes.dropLast()))
      #expect(command(train + " --resume yes").complaint?.hasPrefix("loma: damaged-state: ") == true)
      try Files.replace(path, with: bytes)
      let other = recipe().replacingOccurrences(of: #""seed": 1"#, with: #""seed": 2"#)
      try Files.replace(folder + "/recipe.json", with: Array(other.utf8))
      #expect(command(train + " --resume yes").complaint?.hasPrefix("loma: other-recipe: ") == true)
    }
  }
}
