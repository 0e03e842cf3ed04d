// Chapter 15: runs are the same bits for any number of threads, after any interruption, and on a disk that fails.

import Foundation
import LoMA
import LoMAReference
import LoMAVectors
import Testing

@testable import LoMAModels
@testable import LoMATraining

@Suite("Chapter 15: runs")
struct TrainingRunTests {
  /// Trains the tiny recipe in a folder.
  private func train(
    in folder: String, to stop: Int = .max, resumes: Bool = true, threads: Int = 1, disk: Disk = .fast,
    recipe: Recipe? = nil
  ) throws(TrainingError) {
    let tiny: Recipe
    do { tiny = try recipe ?? TinyRecipe.recipe() } catch { preconditionFailure("the tiny recipe is right: \(error)") }
    var run = try TrainingRun(tiny, corpora: ".", folder: folder, resumes: resumes, disk: disk)
    try run.advance(stoppingAfter: stop, threads: threads) { _ in }
  }

  @Test func `TRN-5 TRN-8 every number of threads and every interruption ends with the same files`() throws {
    try withFolder { folder in
      try train(in: folder + "/whole")
      let whole = try snapshot(folder + "/whole")
      #expect(whole.keys.sorted() == ["model/config.json", "model/model.safetensors", "training.safetensors"])
      try train(in: folder + "/threads", threads: 3)
      #expect(try snapshot(folder + "/threads") == whole)
      for stop in 1..<7 {
        let path = folder + "/stop\(stop)"
        try train(in: path, to: stop)
        #expect(try contents(path) == ["training.safetensors"])
        try train(in: path, threads: 2)
        #expect(try snapshot(path) == whole, "stopped after step \(stop)")
      }
    }
  }

  @Test func `TRN-8 whatever the disk refuses, the last checkpoint is whole and the run can go on`() throws {
    try withFolder { folder in
      try train(in: folder + "/whole")
      let whole = try snapshot(folder + "/whole")
      let count = Counter()
      try train(in: folder + "/counted", disk: .stopping(at: .max, .before, count: count))
      #expect(count.value >= 10)
      for k in 0..<count.value {
        for stop in Stop.allCases {
          let path = folder + "/\(k)-\(stop)"
          var refused = false
          do throws(TrainingError) {
            try train(in: path, disk: .stopping(at: k, stop, count: Counter()))
          } catch {
            guard case .file = error else { throw error }
            refused = true
          }
          #expect(refused)
          if let state = try? Files.contents(of: path + "/training.safetensors", byteLimit: 1 << 20) {
            _ = try TrainingState(decoding: state, recipe: TinyRecipe.recipe())
          }
          if Disk.hasFolder(path + "/model") { #expect(try snapshot(path)["model/config.json"] != nil) }
          try train(in: path)
          #expect(try snapshot(path) == whole, "stopped at operation \(k), \(stop)")
        }
      }
    }
  }

  @Test func `TRN-8 a run is neither started twice nor taken up under another recipe or from a damaged file`() throws {
    try withFolder { folder in
      try train(in: folder, to: 2)
      #expect(throws: TrainingError.runExists(folder: folder)) { try train(in: folder, resumes: false) }
      let other = try TinyRecipe.recipe(("\"seed\": 4", "\"seed\": 5"))
      let digest = try TinyRecipe.recipe().digest
      #expect(throws: TrainingError.otherRecipe(digest: digest, expected: other.digest)) {
        try train(in: folder, recipe: other)
      }
      let path = folder + "/" + TrainingState.fileName
      let good = try Files.contents(of: path, byteLimit: 1 << 20)
      for damaged in [Array(good.dropLast()), [], Array("{}".utf8)] {
        try Files.replace(path, with: damaged)
        var refusal: TrainingError?
        do throws(TrainingError) { try train(in: folder) } catch { refusal = error }
        #expect(refusal?.description.hasPrefix("damaged-state: ") == true)
        #expect(try Files.contents(of: path, byteLimit: 1 << 20) == damaged, "it is left as it was")
      }
    }
  }

  @Test func `TRN-5 the recipe of the published checkpoint, its first three steps`() throws {
    let recipe = try Recipe(file: projectRoot + "/Docs/Recipes/random-c4.json")
    try withFolder { folder in
      var run = try TrainingRun(recipe, corpora: projectRoot, folder: folder, resumes: false, disk: .fast)
      try run.advance(stoppingAfter: 3, threads: 2) { _ in }
      #expect(
        try run.state.weightsDigest == "b465de6b07f25801005f103f7e43580f9cb95c17da8d105365a687180e897044")
    }
  }

  @Test func `TRN-7 Wilson's interval, against published values`() {
    let (low, high) = Fraction(correct: 8, total: 10).interval
    #expect((low - 0.4901625).magnitude < 1e-6 && (high - 0.9433178).magnitude < 1e-6)
    #expect(Fraction(correct: 10, total: 10).interval.high > 1 - 1e-12)
    #expect((Fraction(correct: 10, total: 10).interval.low - 0.7224672).magnitude < 1e-6)
    #expect(Fraction(correct: 0, total: 5).interval.low < 1e-12)
    #expect(Fraction(correct: 99_999, total: 100_000).text.hasPrefix("99.99% ["))
    #expect(Fraction(correct: 57, total: 100).text.hasPrefix("57.00% ["))
  }

  @Test(arguments: ["base", "repetition_labels=shifted", "repetition_context=past_memories"])
  func `TRN-7 REC-3 what is counted is what the compressed cache reconstructs`(_ name: String) throws {
    let recipe = try TinyRecipe.recipe(("\"base\"", "\"\(name)\""), ("\"steps\": 7", "\"steps\": 60"))
    try withFolder { folder in
      try train(in: folder, recipe: recipe)
      let model = try LoadedModel(directory: folder + "/model", choices: LoMAChoices())
      #expect(model.profile == recipe.profile)
      let texts = try EvaluationTexts(model, source: nil, chunks: 30, textChunks: 3, seed: 2)
      let evaluation = try texts.evaluation(of: model, threads: 2) { _, _ in }
      var pairs: [(text: [Int], reconstruction: [Int])] = []
      for text in texts.texts {
        var generator = model.generator(threads: 1)
        try generator.feed(text, passLength: 4) { _ in }
        pairs.append((text, try (0..<3).flatMap { try generator.reconstruct(chunk: $0).tokens }))
      }
      let metrics = try Metrics(pairs, parameters: model.parameters)
      let total = evaluation.repetition.total
      #expect(metrics.tokenRepetitionAccuracy?.correct == total.correctTokens)
      #expect(metrics.tokenRepetitionAccuracy?.total == total.tokens && total.tokens == 120)
      #expect(metrics.repetitionAccuracy?.correct == total.correctChunks)
      #expect(evaluation.repetition.byChunk.map(\.chunks) == [10, 10, 10])
    }
  }
}
