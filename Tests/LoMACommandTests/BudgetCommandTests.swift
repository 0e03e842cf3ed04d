// `loma budget` and `loma recite`, from a recipe to a page, and chapter 20 where it speaks of models.

import Foundation
import LoMA
import LoMAModels
import LoMAPeers
import LoMAPeersReference
import LoMAReference
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMACommand
@testable import LoMATraining

@Suite("loma budget and loma recite")
struct BudgetCommandTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  /// Bytes of a small corpus, both losses; L = 4, three chunks.
  static let recipe = """
    {"model": {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 2, "rms_norm_eps": 1e-5, "rope_theta": 10000, "tie_word_embeddings": false},
    "loma": {"compression_ratio": 2, "memory_length": 2, "profile": "base"},
    "data": {"file": "corpus.txt", "sha256": "\(SHA256.hexDigest(of: corpus))", "held_out_bytes": 60},
    "training": {"losses": "both", "chunks": 3, "batch": 2, "steps": 2, "seed": 1, "checkpoint_every": 2},
    "optimiser": {"learning_rate": 0.01, "warm_up": 0, "decay": "linear", "beta1": 0.9, "beta2": 0.99,
    "epsilon": 1e-8, "weight_decay": 0, "largest_norm": 1}, "element_type": "F32"}
    """

  static let corpus: [UInt8] = {
    var numbers = SeededNumbers(seed: 5)
    return (0..<300).map { _ in UInt8(97 + numbers.integer(below: 26)) }
  }()

  private func inFolder(_ body: (String) throws -> Void) throws {
    let folder = try TemporaryFolder()
    try Files.replace(folder.path + "/recipe.json", with: Array(Self.recipe.utf8))
    try Files.replace(folder.path + "/corpus.txt", with: Self.corpus)
    try body(folder.path)
  }

  private func plan(seeds: Int = 1) throws -> BudgetPlan {
    try BudgetPlan(try Recipe(parsing: Array(Self.recipe.utf8)), seeds: seeds)
  }

  // MARK: - The command

  @Test func `EQB-3 EQB-7 a comparison is run in parts, merged, and its page made of the results alone`() throws {
    try inFolder { folder in
      let run = "budget run --recipe \(folder)/recipe.json --seeds 1 --texts 2 --threads 2 --work \(folder)/work"
      #expect(command("\(run) --results \(folder)/a --shard 1/2").output == "5 runs done now, 5 of 10 in \(folder)/a\n")
      #expect(command("\(run) --results \(folder)/b --shard 2/2 --runs 3").output.hasPrefix("3 runs done now, 3 of 10"))
      #expect(command("\(run) --results \(folder)/b --shard 2/2").output.hasPrefix("2 runs done now, 5 of 10"))
      let merge = "budget merge --recipe \(folder)/recipe.json --seeds 1 --results \(folder)/all"
      #expect(command("\(merge) \(folder)/a \(folder)/b").output == "10 results in \(folder)/all\n")
      #expect(command("\(merge) \(folder)/a").output == "10 results in \(folder)/all\n", "the same again is no fault")
      #expect(command("\(run) --results \(folder)/all").output.hasPrefix("0 runs done now, 10 of 10"))

      let page = "budget page --recipe \(folder)/recipe.json --seeds 1 --results \(folder)/all --output \(folder)/P.md"
      let made = command(page)
      #expect(made.exitCode == .fine && made.path == folder + "/P.md")
      let text = made.output
      #expect(text.contains("10 runs, 1 seed a group, which is provisional.") && !text.contains("Not run:"))
      #expect(text.contains("## Bytes, n = 8") && text.contains("## Bytes, n = 12"))
      #expect(text.contains("| lines | `full` |") && text.contains("| on the twin | `zipcache` |"))
      #expect(text.contains("| trained | `ccm-concat` |") && text.contains("| compositions | `uniform ∘ loma-c4` |"))
      #expect(text.contains("| trained | `ccm-merge` |") && text.contains("| compositions | `uniform ∘ ccm-merge` |"))
      #expect(text.contains("| trained | `dmc` |") && text.contains("| `uniform ∘ dmc` | bits=2 (mean "))
      let plots = Disk.files(in: folder + "/P").sorted()
      #expect(plots.count == 9 && plots.allSatisfy { $0.hasSuffix(".svg") && text.contains("(P/\($0))") })
      #expect(command(page).output == text)

      // A result that is not the same as its name's elsewhere is not merged.
      let name = "bytes-twin-seed1.json"
      let other = String(decoding: try Files.contents(of: folder + "/a/" + name, byteLimit: 1 << 20), as: UTF8.self)
      let digest = try #require(other.firstMatch(of: /"model_sha256": "([0-9a-f]+)"/)).1
      try Files.replace(
        folder + "/a/" + name,
        with: Array(other.replacingOccurrences(of: digest, with: String(digest.reversed())).utf8))
      #expect(command("\(merge) \(folder)/a").complaint?.contains("differ") == true)
      try Files.replace(folder + "/recipe.json", with: Array((Self.recipe + " ").utf8))
      #expect(command(page).complaint?.hasPrefix("loma: other-recipe: ") == true)
    }
  }

  @Test func `bad input is one line`() throws {
    func complaint(_ line: String) -> String {
      let outcome = command(line)
      #expect(outcome.exitCode == .rejected && outcome.output.isEmpty, "\(line)")
      return outcome.complaint ?? ""
    }
    #expect(complaint("budget").contains("run, merge or page is required"))
    #expect(complaint("budget run --results a --work b").contains("option --recipe is required"))
    try inFolder { folder in
      let recipe = "--recipe \(folder)/recipe.json"
      #expect(complaint("budget run \(recipe) --work b").contains("option --results is required"))
      #expect(complaint("budget run \(recipe) --results a").contains("option --work is required"))
      let both = "budget run \(recipe) --results \(folder)/a --work \(folder)/b"
      #expect(complaint("\(both) --shard 3/2").contains("option --shard takes I/N"))
      #expect(complaint("\(both) --texts 0").contains("1...100000"))
      #expect(complaint("\(both) --seeds 0").contains("1...100"))
      #expect(complaint("budget merge \(recipe) --results \(folder)/a").contains("a folder to merge is required"))
      #expect(complaint("budget page \(recipe) --results \(folder)/a").contains("option --output is required"))
      #expect(complaint("budget page \(recipe) \(recipe) --results a --output x.md").contains("two recipes"))
      #expect(complaint("budget page \(recipe) --results a --output x").contains("NAME.md"))
      #expect(
        complaint("sweep --recipe \(folder)/recipe.json --results a --work b --shard 0/2").hasPrefix("loma: "))
      #expect(Disk.files(in: folder).sorted() == ["corpus.txt", "recipe.json"])
    }
  }

  @Test func `a sweep has shards that share its runs`() throws {
    let random = Self.recipe.replacing(/"data": \{[^}]*\}/, with: "\"data\": {\"alphabet\": 3}")
    try inFolder { folder in
      try Files.replace(folder + "/recipe.json", with: Array(random.utf8))
      let line = "sweep --recipe \(folder)/recipe.json --results \(folder)/r --work \(folder)/w --chunks 2 --only c2"
      #expect(command("\(line) --shard 1/3").output == "1 runs done now, 1 of 64 in \(folder)/r\n")
      #expect(command("\(line) --shard 2/3").output.hasPrefix("1 runs done now, 2 of 64"))
      #expect(command("\(line) --shard 3/3").output.hasPrefix("1 runs done now, 3 of 64"))
      #expect(command(line).output.hasPrefix("0 runs done now, 3 of 64"))
    }
  }

  @Test func `EQB-4 EQB-5 a method recites one text, and is refused on a model that LoMA trained`() throws {
    try inFolder { folder in
      let run = "budget run --recipe \(folder)/recipe.json --seeds 1 --texts 1 --results \(folder)/r --work \(folder)/w"
      #expect(command("\(run) --only twin").exitCode == .fine)
      let model = "recite --model \(folder)/w/bytes-twin-seed1/model --chunk 4 --string abcdefghijkl --method"
      for method in [
        "full", "last --entries 3", "uniform --bits 4", "evict --entries 4", "zigzag --total 8", "think --pruned 2",
        "zipcache --high 4 --low 2", "pyramid --counts 3", "lorc --rank 4", "lorc --rank 4 --bits 3",
        "kvsharer --maps 1 --recipe \(folder)/recipe.json", "csr --steps 2 --atoms 16 --recipe \(folder)/recipe.json",
      ] {
        let outcome = command("\(model) \(method)")
        #expect(outcome.exitCode == .fine, "\(method): \(outcome)")
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.count == 5 && lines[1] == "text   \"abcdefghijkl\"" && lines[4].hasPrefix("bits   "), "\(lines)")
      }
      // 2·2·2·8·16 bits a token, twelve tokens; three entries in each of two heads and layers.
      #expect(command("\(model) full").output.contains("bits   12288, 100.00% of 12288\n"))
      #expect(command("\(model) last --entries 3").output.contains("bits   3072, 25.00% of 12288\n"))
      let csr = command("\(model) csr --steps 2 --atoms 16 --recipe \(folder)/recipe.json").output
      #expect(csr.contains("; 8192 beside the cache"))
      let rest = command("recite --model \(folder)/w/bytes-twin-seed1/model --chunk 4 --string abcdef --method full")
      #expect(rest.output.hasSuffix("rest   2 tokens fill no chunk and were not read\n"))

      #expect(command("\(model) csr --steps 2").complaint?.contains("csr needs --recipe FILE") == true)
      #expect(command("\(model) kvsharer --maps 1").complaint?.contains("kvsharer needs --recipe FILE") == true)
      #expect(command("\(model) dmc").complaint?.hasPrefix("loma: other-shape: ") == true)
      #expect(command("\(run) --only dmc").exitCode == .fine)
      let pooled = "recite --model \(folder)/w/bytes-dmc-seed1/model --chunk 4 --string abcdefghijkl --method"
      let entries = command("\(pooled) dmc").output
      // Two steps teach nothing: every token has an entry, and the first line says so.
      #expect(
        entries.hasPrefix("method dmc, entries of each head 12,12 12,12\n") && entries.contains("100.00% of 12288"))
      #expect(command("\(pooled) evict --entries 4").complaint?.hasPrefix("loma: compresses-itself: ") == true)
      #expect(command("\(model) none").complaint?.contains("takes one of loma, csr, ") == true)
      #expect(command("\(model) full --bits 3").complaint?.contains("--bits is not one of full") == true)
      #expect(command("\(model) evict --entries 40").exitCode == .fine, "more than there are is all of them")
      let loma = "recite --model \(projectVectors)/models/text-c4 --string 01234567 --method"
      #expect(command("\(loma) zipcache --high 4 --low 2").complaint?.hasPrefix("loma: compresses-itself: ") == true)
      let recited = command("\(loma) loma")
      #expect(recited.output.contains("method loma c=4 t=2\n") && recited.output.contains("25.00% of 49152\n"))
    }
  }

  @Test func `EQB-4 a model that LoMA trained does not recite text that it can see`() throws {
    let model = try LoadedModel(directory: projectVectors + "/models/text-c4", choices: LoMAChoices())
    let recipe = try Recipe(file: Self.root + "/Docs/Recipes/text-c4.json")
    let run = try #require(try BudgetPlan(recipe, seeds: 1).runs.first { $0.group == .twin })
    let decoder = LatentModel(
      configuration: run.recipe.configuration, weights: Weights(try model.checkpoint.parameters()),
      functions: .llama(workers: .single), rules: .spec)
    let texts = try TrainingTexts(recipe, folder: Self.root + "/Docs/Recipes").fresh(atMost: 40, seed: 0)
    var (full, memories) = (Measured(), Measured())
    for text in texts {
      for arrangement in [RowArrangement.twin, .loma] {
        let rows = try MomentRows(
          text, at: BudgetMoment(chunks: 3, chunkLength: 8), arrangement: arrangement, vocabulary: model.vocabulary,
          parameters: model.parameters)
        let measured = try StoredText(rows, model: decoder, arrangement: arrangement)
          .measured(vocabulary: model.vocabulary, chunkLength: 8)
        if arrangement == .twin { full = full + measured } else { memories = memories + measured }
      }
    }
    #expect(memories.recited.correctTokens * 100 > memories.recited.tokens * 90, "\(memories)")
    #expect(full.recited.correctTokens * 100 < full.recited.tokens * 25, "\(full)")
  }
}
