// `loma train`, `loma evaluate`, `loma sweep` and `loma lossless`, from arguments to files.

import Foundation
import LoMA
import LoMAVectors
import Testing

@testable import LoMACommand

@Suite("loma train and loma evaluate")
struct TrainCommandTests {
  private static let recipe = """
    {"model": {"hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "rms_norm_eps": 1e-5, "rope_theta": 10000, "tie_word_embeddings": true},
    "loma": {"compression_ratio": 2, "memory_length": 1, "profile": "base"}, "data": {"alphabet": 3},
    "training": {"losses": "repetition", "chunks": 2, "batch": 2, "steps": 4, "seed": 1, "checkpoint_every": 2},
    "optimiser": {"learning_rate": 0.01, "warm_up": 0, "decay": "linear", "beta1": 0.9, "beta2": 0.99,
    "epsilon": 1e-8, "weight_decay": 0, "largest_norm": 1}, "element_type": "F32"}
    """

  /// A folder with `recipe.json`.
  private func inFolder(_ body: (String) throws -> Void) throws {
    let folder = try TemporaryFolder()
    try Files.replace(folder.path + "/recipe.json", with: Array(Self.recipe.utf8))
    try body(folder.path)
  }

  @Test func `TRN-5 a run ends with a model that the other commands take`() throws {
    try inFolder { folder in
      let train = "train --recipe \(folder)/recipe.json --out \(folder)/run --threads"
      let first = command("\(train) 2")
      #expect(first.exitCode == .fine)
      let lines = first.output.split(separator: "\n")
      #expect(lines[0] == "steps    4 of 4")
      #expect(lines[1].hasPrefix("weights  SHA-256 ") && lines[1].count == 81)
      #expect(lines[2] == "model    \(folder)/run/model")
      #expect(command("\(train) 1").complaint?.hasPrefix("loma: run-exists: ") == true)
      let again = command("train --recipe \(folder)/recipe.json --out \(folder)/again --threads 1")
      #expect(again.output.split(separator: "\n")[1] == lines[1])
      let generated = command("generate --model \(folder)/run/model --tokens 0,1,2 --generate 2")
      #expect(generated.exitCode == .fine)
      let evaluated = command("evaluate --model \(folder)/run/model --chunks 40 --seed 3")
      #expect(evaluated.exitCode == .fine)
      let rows = evaluated.output.split(separator: "\n")
      #expect(rows.count == 5 && rows[1].hasPrefix("0 ") && rows[2].hasPrefix("1 ") && rows[3].hasPrefix("all "))
      #expect(rows[3].contains("/80") && rows[3].hasSuffix("/40"))
      let same = command("evaluate --model \(folder)/run/model --recipe \(folder)/recipe.json --chunks 40 --seed 3")
      #expect(same.output == evaluated.output)
    }
  }

  @Test func `TRN-8 a run that was stopped goes on where it was`() throws {
    try inFolder { folder in
      let line = "train --recipe \(folder)/recipe.json --threads 1 --resume yes --out \(folder)"
      let whole = command("\(line)/whole").output.split(separator: "\n")
      let stopped = command("\(line)/part --stop-after 3").output.split(separator: "\n")
      #expect(stopped.count == 2 && stopped[0] == "steps    3 of 4" && stopped[1] != whole[1])
      let resumed = command("\(line)/part").output.split(separator: "\n")
      #expect(resumed[0] == "steps    4 of 4, 3 of them before" && resumed[1] == whole[1])
    }
  }

  @Test func `bad input is one line and leaves nothing`() throws {
    try inFolder { folder in
      func complaint(_ line: String) -> String {
        let outcome = command(line)
        #expect(outcome.exitCode == .rejected && outcome.output.isEmpty)
        return outcome.complaint ?? ""
      }
      #expect(complaint("train --out x").contains("option --recipe is required"))
      #expect(complaint("train --recipe \(folder)/recipe.json").contains("option --out is required"))
      #expect(complaint("train --recipe \(folder)/none --out \(folder)/x").contains("No such file"))
      #expect(complaint("train --recipe \(folder)/recipe.json --out \(folder)/x --stop-after 0").contains("at least 1"))
      let full = complaint("train --recipe \(folder)/recipe.json --out /dev/full/x")
      #expect(full.hasPrefix("loma: file: \"/dev/full/x\": "))
      let strange = Self.recipe.replacingOccurrences(of: "\"batch\"", with: "\"batches\"")
      try Files.replace(folder + "/strange.json", with: Array(strange.utf8))
      #expect(
        complaint("train --recipe \(folder)/strange.json --out \(folder)/x")
          == "loma: unknown-key: a recipe has no key training.batches")
      #expect(complaint("evaluate --model \(folder)/none").contains("config.json"))
      #expect(try Set(FileManager.default.contentsOfDirectory(atPath: folder)) == ["recipe.json", "strange.json"])
    }
  }

  @Test func `a sweep is continued run by run, and its page made of what there is`() throws {
    try inFolder { folder in
      let paths = "--recipe \(folder)/recipe.json --results \(folder)/results"
      let line = "sweep \(paths) --work \(folder)/runs --threads 1 --chunks 4 --only c2"
      #expect(command("\(line) --runs 1").output == "1 runs done now, 1 of 64 in \(folder)/results\n")
      #expect(command(line).output == "2 runs done now, 3 of 64 in \(folder)/results\n")
      #expect(command(line).output == "0 runs done now, 3 of 64 in \(folder)/results\n")
      let page = command("lossless \(paths) --model \(folder)/runs/c2-base-seed1/model")
      #expect(page.exitCode == .fine)
      #expect(page.output.contains("3 of 64 runs are done.") && page.output.contains("| 2 | 3 of 3 |"))
      #expect(page.output.contains("layers.1, heads 0 to 1"))
    }
  }
}
