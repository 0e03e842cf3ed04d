// Chapter 15: recipes are read strictly, and their texts are what they say.

import Foundation
import LoMA
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAAnswers
@testable import LoMATraining

/// A recipe whose run takes milliseconds a step; changes are made in its text.
enum TinyRecipe {
  static let text = """
    {
      "model": {
        "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2,
        "num_key_value_heads": 1, "rms_norm_eps": 1e-5, "rope_theta": 10000, "tie_word_embeddings": false
      },
      "loma": {"compression_ratio": 2, "memory_length": 2, "profile": "base"},
      "data": {"alphabet": 5},
      "training": {"losses": "both", "chunks": 2, "batch": 3, "steps": 7, "seed": 4, "checkpoint_every": 3},
      "optimiser": {
        "learning_rate": 0.01, "warm_up": 2, "decay": "cosine", "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-8,
        "weight_decay": 0.01, "largest_norm": 1
      },
      "element_type": "BF16"
    }
    """

  /// The text with some of it replaced.
  static func text(_ changes: [(String, String)]) -> [UInt8] {
    Array(changes.reduce(text) { $0.replacingOccurrences(of: $1.0, with: $1.1) }.utf8)
  }

  static func recipe(_ changes: (String, String)...) throws -> Recipe { try Recipe(parsing: text(changes)) }

  /// The recipe on bytes of a file.
  static func onBytes(_ corpus: [UInt8], heldOut: Int, digest: String? = nil) throws -> Recipe {
    try recipe(
      (
        #"{"alphabet": 5}"#,
        #"{"file": "c.txt", "sha256": "\#(digest ?? SHA256.hexDigest(of: corpus))", "held_out_bytes": \#(heldOut)}"#
      ))
  }
}

@Suite("Chapter 15: recipes")
struct RecipeTests {
  private func refusal(_ changes: (String, String)...) -> String {
    do {
      _ = try Recipe(parsing: TinyRecipe.text(changes))
      return "none"
    } catch { return error.description }
  }

  @Test func `TRN-5 a key that nobody knows is an error wherever it stands`() {
    #expect(refusal() == "none")
    #expect(refusal(("\"model\"", "\"Model\"")) == "unknown-key: a recipe has no key Model")
    #expect(refusal(("\"hidden_size\"", "\"hidden\"")) == "unknown-key: a recipe has no key model.hidden")
    #expect(refusal(("\"profile\"", "\"axes\"")) == "unknown-key: a recipe has no key loma.axes")
    #expect(refusal(("{\"alphabet\": 5}", "{\"alphabet\": 5, \"x\": 1}")) == "unknown-key: a recipe has no key data.x")
    #expect(refusal(("\"batch\"", "\"texts\"")) == "unknown-key: a recipe has no key training.texts")
    #expect(refusal(("\"beta2\"", "\"beta3\"")) == "unknown-key: a recipe has no key optimiser.beta3")
  }

  @Test func `TRN-5 a key that is missing is an error: nothing has a default`() {
    #expect(refusal(("\"batch\": 3, ", "")) == "missing-key: the recipe has no training.batch")
    #expect(refusal((",\n  \"element_type\": \"BF16\"", "")) == "missing-key: the recipe has no element_type")
    #expect(refusal(("\"weight_decay\": 0.01, ", "")) == "missing-key: the recipe has no optimiser.weight_decay")
  }

  @Test func `TRN-5 a value out of range is named with its range`() {
    let steps = refusal(("\"steps\": 7", "\"steps\": 0"))
    #expect(steps == "invalid-value: training.steps is 0, must be an integer in 1...1073741824")
    #expect(
      refusal(("\"warm_up\": 2", "\"warm_up\": 7"))
        == "invalid-value: optimiser.warm_up is 7, must be an integer in 0...6")
    #expect(
      refusal(("\"learning_rate\": 0.01", "\"learning_rate\": -1"))
        == "invalid-value: optimiser.learning_rate is -1, must be a number from 0.0 and below 1.0")
    #expect(
      refusal(("\"cosine\"", "\"square\""))
        == "invalid-value: optimiser.decay is square, must be one of cosine, linear")
    #expect(
      refusal(("\"losses\": \"both\"", "\"losses\": \"all\""))
        == "invalid-value: training.losses is all, must be one of both, repetition")
    #expect(refusal(("\"BF16\"", "\"I32\"")) == "invalid-value: element_type is I32, must be one of F64, F32, BF16")
    #expect(refusal(("\"base\"", "\"colour=red\"")).hasPrefix("unknown-axis"))
    #expect(refusal(("\"num_attention_heads\": 2", "\"num_attention_heads\": 3")).hasPrefix("invalid-configuration"))
    #expect(refusal(("{\"alphabet\": 5}", "5")).hasPrefix("invalid-value: data is 5"))
    #expect(refusal(("\"model\": {", "\"model\": {,")).hasPrefix("malformed-json: recipe"))
  }

  @Test func `TRN-6 a text of a file lies in its training part, and every start is possible`() throws {
    let corpus = Array("abcdefghijklmnop0123456789".utf8)
    try withFolder { folder in
      try Files.replace(folder + "/c.txt", with: corpus)
      let recipe = try TinyRecipe.onBytes(corpus, heldOut: 10)
      let texts = try TrainingTexts(recipe, folder: folder)
      var numbers = SeededNumbers(seed: 1)
      var copy = numbers
      var starts: Set<Int> = []
      for text in texts.batch(300, numbers: &numbers) {
        let start = copy.integer(below: 9)
        #expect(text == corpus[start..<start + 8].map(Int.init))
        starts.insert(start)
      }
      #expect(starts == Set(0..<9))
      #expect(texts.fresh(atMost: 5, seed: 0) == [Array("01234567".utf8).map(Int.init)])
    }
  }

  @Test func `TRN-6 random texts: tokens are drawn one after another, fresh ones from their own generator`() throws {
    let texts = try TrainingTexts(TinyRecipe.recipe(), folder: ".")
    var (numbers, copy) = (SeededNumbers(seed: 7), SeededNumbers(seed: 7))
    #expect(texts.batch(4, numbers: &numbers).flatMap { $0 } == (0..<32).map { _ in copy.integer(below: 5) })
    #expect(numbers == copy)
    var other = SeededNumbers(seed: 8)
    #expect(texts.fresh(atMost: 2, seed: 8).flatMap { $0 } == (0..<16).map { _ in other.integer(below: 5) })
  }

  @Test func `TRN-6 a text shorter than a chunk, another corpus and a missing one are refused`() throws {
    try withFolder { folder in
      func refusal(_ recipe: Recipe) -> TrainingError? {
        do {
          _ = try TrainingRun(recipe, corpora: folder, folder: folder + "/run", resumes: false, disk: .fast)
          return nil
        } catch { return error }
      }
      let corpus = Array("abcdefghijklm".utf8)
      #expect(refusal(try TinyRecipe.onBytes(corpus, heldOut: 5))?.description.hasPrefix("file: ") == true)
      try Files.replace(folder + "/c.txt", with: corpus)
      #expect(
        refusal(try TinyRecipe.onBytes(corpus, heldOut: 5))
          == .corpusTooShort(part: "held-out", bytes: 5, needed: 8))
      #expect(
        refusal(try TinyRecipe.onBytes(corpus, heldOut: 8))
          == .corpusTooShort(part: "training", bytes: 5, needed: 8))
      #expect(
        refusal(try TinyRecipe.onBytes(corpus, heldOut: 99))
          == .corpusTooShort(part: "training", bytes: 0, needed: 8))
      #expect(
        refusal(try TinyRecipe.onBytes(corpus, heldOut: 8, digest: "00"))
          == .otherCorpus(digest: SHA256.hexDigest(of: corpus), expected: "00"))
      #expect(try contents(folder) == ["c.txt"], "a refused run leaves nothing")
    }
  }
}
