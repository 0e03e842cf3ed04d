// LAT-10, LAT-15: the trained models with latent attention: pinned files, chunks that come back from the entries, and
// mistakes that lose them.

import Foundation
import LoMAPeers
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAAnswers
@testable import LoMACatalogue
@testable import LoMAMutants
@testable import LoMAPeersCatalogue

@Suite("Chapter 17: trained models")
struct TrainedLatentTests {
  private var recitals: [Case] { LatentRecitalCases.all.filter { $0.level == .generation } }

  private func chosen(_ answers: ReferenceAnswers, _ request: Request) throws -> [Int] {
    let results = try answers.answer(request)
    guard case .integers(let chosen) = try #require(results.first { $0.name == "chosen" }).content else { return [] }
    return chosen
  }

  @Test func `LAT-15 every trained model recites a chunk out of its entries`() throws {
    let answers = try peerAnswers()
    #expect(recitals.count == TrainedLatentModel.all.count)
    for item in recitals { #expect(try chosen(answers, item.request) == LatentRecitalCases.chunk, "\(item.id)") }
  }

  /// In bf16 logits of this size are off by 0.1 at most (calibration); a choice needs more than that twice.
  @Test func `LAT-15 every recited token leads by more than a port of bf16 is off`() throws {
    let answers = try peerAnswers()
    for item in recitals {
      let logits = try #require(try answers.answer(item.request).first { $0.name == "logits" })
      guard case .doubles(let values) = logits.content else { continue }
      let width = logits.shape[1]
      for row in TrainedLatentModel.chunk..<logits.shape[0] {
        let best = values[row * width..<(row + 1) * width].sorted(by: >)
        #expect(best[0] - best[1] > 0.5, "\(item.id) row \(row): \(best[0] - best[1])")
      }
    }
  }

  /// A latent that is not normalised, or codes of the symmetric form, move logits and lose no text.
  @Test func `LAT-4 LAT-5 mistakes in rotation and up-projections lose what is recited`() throws {
    let answers = try peerAnswers()
    for id in ["L07", "L11", "L21"] {
      let mutant = try #require(Mutant.all(of: .peers).first { $0.id == id })
      var asked = 0
      for item in recitals {
        guard let (wrong, request) = mutant.apply(answers, item.request) else { continue }
        asked += 1
        #expect(try chosen(wrong, request) != LatentRecitalCases.chunk, "\(id) \(item.id)")
      }
      #expect(asked > 0, "\(id)")
    }
  }

  @Test func `the recipes' page names the files with latent attention that are pinned`() throws {
    let page = try String(contentsOfFile: projectRoot + "/Docs/Recipes/README.md", encoding: .utf8)
    for model in TrainedLatentModel.all {
      #expect(page.contains(model.files[1].sha256) && page.contains("`\(model.name)`"), "\(model.name)")
      #expect(FileManager.default.fileExists(atPath: projectRoot + "/" + model.recipe))
    }
  }
}
