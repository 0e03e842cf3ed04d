// `loma train` on recipes of latent attention, and `loma evaluate --method latent`.

import Foundation
import LoMA
import LoMAModels
import LoMAPeers
import LoMAReference
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMACommand
@testable import LoMATraining

@Suite("Training with latent attention")
struct LatentTrainingTests {
  private let recipes =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path + "/Docs/Recipes/"

  private func recipe(compressed: Bool = false, bits: String = "4") -> String {
    """
    {"method": "latent", "model": {"hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2,
    "num_attention_heads": 2, "kv_lora_rank": 6, "q_lora_rank": null, "qk_nope_head_dim": 3, "qk_rope_head_dim": 4,
    "v_head_dim": 5, "rms_norm_eps": 1e-5, "rope_theta": 10000, "tie_word_embeddings": true},
    "latent": {"stride": 2, "bits": \(bits), "rotated_bits": null, "group": 3, "rms_norm_eps": 1e-6, "profile": "base"},
    "loma": {"compression_ratio": 2, "memory_length": 1, "profile": "base", "compressed": \(compressed)},
    "data": {"alphabet": 3}, "training": {"losses": "both", "chunks": 2, "batch": 3, "steps": 4, "seed": 1,
    "checkpoint_every": 2},
    "optimiser": {"learning_rate": 0.01, "warm_up": 0, "decay": "linear", "beta1": 0.9, "beta2": 0.99,
    "epsilon": 1e-8, "weight_decay": 0, "largest_norm": 1}, "element_type": "F32"}
    """
  }

  private func inFolder(_ text: String, _ body: (String) throws -> Void) throws {
    let folder = try TemporaryFolder()
    try Files.replace(folder.path + "/recipe.json", with: Array(text.utf8))
    try body(folder.path)
  }

  @Test(arguments: [false, true])
  func `TRN-5 a run ends with a model that the other commands take`(compressed: Bool) throws {
    try inFolder(recipe(compressed: compressed)) { folder in
      let train = "train --recipe \(folder)/recipe.json --out \(folder)/"
      let first = command(train + "run --threads 2")
      let lines = first.output.split(separator: "\n")
      #expect(first.exitCode == .fine && lines.count == 3 && lines.first == "steps    4 of 4", "\(first)")
      try #require(lines.count == 3)
      #expect(lines[1].hasPrefix("weights  SHA-256 ") && lines[1].count == 81)
      #expect(lines[2] == "model    \(folder)/run/model")
      #expect(command(train + "run").complaint?.hasPrefix("loma: run-exists: ") == true)
      #expect(command(train + "again --threads 1").output.split(separator: "\n")[1] == lines[1])
      let stopped = command(train + "part --stop-after 3").output.split(separator: "\n")
      #expect(stopped.count == 2 && stopped[1] != lines[1])
      let resumed = command(train + "part --resume yes").output.split(separator: "\n")
      #expect(resumed[0] == "steps    4 of 4, 3 of them before" && resumed[1] == lines[1])
      let model = "--method latent --model \(folder)/run/model"
      let generated = command("generate \(model) --tokens 0,1,2 --generate 3")
      #expect(generated.exitCode == .fine)
      // Five tokens fed in chunks of two: two chunks of a memory row each and a tail of one, or five rows.
      #expect(generated.output.contains("cache  \(compressed ? 3 : 5) rows, 1 entry each, of 152 bits together"))
      let evaluate = "evaluate \(model) --recipe \(folder)/recipe.json --texts 20 --seed "
      let measured = command(evaluate + "3")
      let counts = measured.output.split(separator: "\n")
      #expect(counts.count == 5 && counts[3].contains("/80") && counts[3].hasSuffix("/40"), "\(measured)")
      #expect(measured == command(evaluate + "3 --threads 1") && measured != command(evaluate + "4"))
      // The same weights with their rotated rows in neighbouring pairs, as Hugging Face's program writes them.
      let stored = try LatentCheckpoint(directory: folder + "/run/model", accepting: [.halfSplit])
      try LatentCheckpointWriter.write(
        try stored.parameters(), configuration: stored.configuration, pairs: .neighbours, loma: stored.file.loma,
        elementType: stored.elementType, to: folder + "/pairs")
      let neighbours = evaluate.replacingOccurrences(of: "/run/model", with: "/pairs")
      #expect(command(neighbours + "3") == measured)
      let other = recipe(compressed: compressed, bits: "5")
      try Files.replace(folder + "/recipe.json", with: Array(other.utf8))
      #expect(command(evaluate + "3").complaint?.hasPrefix("loma: other-shape: ") == true)
    }
  }

  @Test func `LAT-9 the twin has no memory, and a repetition row sees its chunk's text`() throws {
    let recipe = try LatentRecipe(parsing: Array(recipe().utf8))
    let rows = try recipe.rows([0, 1, 2, 0], recipe.vocabulary)
    #expect(
      rows.map { $0.place.zone } == [.reading, .reading, .repetition, .repetition] + [
        .reading, .reading, .repetition, .repetition,
      ])
    let visible = Twin.rules.visible(Mask(rows: rows, profile: .base), rows.indices)
    #expect(
      visible.lists == [[0], [0, 1], [0, 1, 2], [0, 1, 2, 3], [0, 1, 4], [0, 1, 4, 5], [4, 5, 6], [4, 5, 6, 7]])
    let whole = try LatentRecipe(parsing: Array(self.recipe(compressed: true).utf8))
    #expect(try whole.rows([0, 1, 2, 0], whole.vocabulary).count == 10)
    #expect(
      try rows.map { $0.label }
        == whole.rows([0, 1, 2, 0], whole.vocabulary).filter { $0.place.zone != .memory }.map { $0.label })
  }

  @Test func `TRN-5 a recipe is read strictly`() throws {
    for (old, new, complaint) in [
      (#""batch": 3"#, #""batches": 3"#, "unknown-key: a recipe has no key training.batches"),
      (#""group": 3, "#, "", "missing-key: the recipe has no latent.group"),
      (#""stride": 2"#, #""stride": 0"#, "invalid-value: latent.stride is 0, must be an integer in 1...64"),
      (#""group": 3"#, #""group": 4"#, "group-does-not-divide: groups of 4 do not divide 6 channels"),
      (#""bits": 4"#, #""bits": 0"#, "invalid-value: latent.bits is 0, must be an integer in 1...24"),
      (#""qk_rope_head_dim": 4"#, #""qk_rope_head_dim": 3"#, "odd-rotated-width: d_r is 3"),
      (#""profile": "base"}"#, #""profile": "entries=rows"}"#, "unknown-alternative: axis entries has no value rows"),
      (#""profile": "base"}"#, #""profile": "entries=heads"}"#, "unknown-key: a recipe has no key model.kv_lora_rank"),
      (
        #""profile": "base", "compressed": false"#, #""profile": "memory_attention=causal", "compressed": false"#,
        "invalid-value: loma.profile is memory_attention=causal, must be base or numbering=sequential where nothing is compressed"
      ),
      (#""method": "latent""#, #""method": "mla""#, "unknown-key: a recipe has no key method"),
    ] {
      #expect(recipe().contains(old), "\(old)")
      try inFolder(recipe().replacingOccurrences(of: old, with: new)) { folder in
        let outcome = command("train --recipe \(folder)/recipe.json --out \(folder)/run")
        #expect(outcome.complaint?.hasPrefix("loma: " + complaint) == true, "\(outcome.complaint ?? "none")")
        #expect(!FileManager.default.fileExists(atPath: folder + "/run"))
      }
    }
  }

  @Test(arguments: [
    ("latent-mla", 300, "2ac0620dc772a330b16edcfdd96772e657d5a59ac79eb8aa4ed0796e2070cbd8"),
    ("latent-cla", 300, "f730632b5866b18fbe7ea1a7b26ca022f12dfaa99247390dfa26e03052e68d22"),
    ("latent-clla", 300, "0adc6e7eb02a8698eb2792193fbdeec4df9882372e93c250b6d0e755ee5a1100"),
    ("latent-mla-c4", 1000, "6dcc19716e31bb3c0567e21f9b9d19eb1a1b9cb7a786bf74ca00153d73903706"),
    ("latent-mla-recital", 800, "a0dcfdead870a5aa6d8533e4d96ff38915535772dc4e513b1f9234af04defe09"),
    ("latent-clla-recital", 800, "084b603ffbc399f56fd9bb9f25193893cd7e0362ed3517d32ec9cc0a89ef2ff9"),
  ])
  func `TRN-5 three steps of a published recipe lead to the same bits everywhere`(
    name: String, steps: Int, digest: String
  ) throws {
    let folder = try TemporaryFolder()
    let outcome = command(
      "train --recipe \(recipes)\(name).json --out \(folder.path)/run --stop-after 3")
    #expect(outcome.output == "steps    3 of \(steps)\nweights  SHA-256 \(digest)\n")
  }

  @Test func `LAT-1 the published recipes are the points that they are named after`() throws {
    let page = try String(contentsOfFile: recipes + "README.md", encoding: .utf8)
    let random = try Recipe(parsing: try Files.contents(of: recipes + "random-c4.json", byteLimit: 1 << 16))
    for (name, point) in [
      ("latent-mla", LatentPoint.mla), ("latent-cla", .cla), ("latent-clla", .clla), ("latent-mla-c4", .mla),
    ] {
      let text = try Files.contents(of: recipes + name + ".json", byteLimit: 1 << 16)
      #expect(page.contains("`\(name).json`") && page.contains("| `\(name)` |") && LatentRecipe.isOne(text))
      let recipe = try LatentRecipe(parsing: text)
      let attention = recipe.configuration.attention
      #expect(attention.profile == point.profile && attention.stride == point.stride ?? attention.stride)
      if case .latent(let widths) = attention.form {
        #expect(widths.bits == point.bits && widths.rotatedBits == nil && widths.group == widths.latent)
      }
      // The same texts, in the same batches.
      #expect(recipe.data == random.data && recipe.chunks == random.chunks && recipe.batch == random.batch)
      #expect(recipe.parameters == random.parameters && recipe.settings.objective == random.settings.objective)
      #expect((recipe.arrangement == .loma) == (name == "latent-mla-c4"))
    }
  }

  @Test func `POS-4 under sequential numbering a twin's text of one chunk is an ordinary causal text`() throws {
    for name in ["latent-mla-recital", "latent-clla-recital"] {
      let text = try Files.contents(of: recipes + name + ".json", byteLimit: 1 << 16)
      let recipe = try LatentRecipe(parsing: text)
      #expect(recipe.arrangement == .twin && recipe.chunks == 1)
      let rows = try recipe.rows(Array(0..<8), recipe.vocabulary)
      #expect(rows.map { $0.position } == Array(0..<16))
      #expect(rows.map { $0.token } == Array(0..<8) + Array(repeating: 17, count: 8))
      #expect(rows.suffix(8).map { $0.label } == Array(0..<8))
      let visible = recipe.rules.visible(Mask(rows: rows, profile: recipe.profile), rows.indices)
      #expect(visible.lists == rows.indices.map { Array(0...$0) })
    }
    let usual = try LatentRecipe(parsing: Array(recipe().utf8))
    #expect(try usual.rows([0, 1], usual.vocabulary).map { $0.position } == [0, 1, 0, 1])
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
      try Files.replace(folder + "/recipe.json", with: Array((recipe() + " ").utf8))
      #expect(command(train + " --resume yes").complaint?.hasPrefix("loma: other-recipe: ") == true)
    }
  }
}
