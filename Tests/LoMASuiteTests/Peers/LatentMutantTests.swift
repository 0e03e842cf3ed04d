// TOL-1, chapters 17 and 18: a mutant shows in every model in which its clause says something, and in no other.

import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAAnswers
@testable import LoMAMutants
@testable import LoMAPeersCatalogue

@Suite("17 LAT, 18 QNT: mutants")
struct LatentMutantTests {
  private static let right = Result { try peerAnswers() }
  private static let seeds: ClosedRange<UInt64> = 71...74

  /// The numbers of a tensor in an answer; nil if it has no such tensor.
  private func numbers(_ name: String, _ answers: ReferenceAnswers, _ request: Request) throws -> [Double]? {
    guard case .doubles(let values)? = try answers.answer(request).first(where: { $0.name == name })?.content else {
      return nil
    }
    return values
  }

  /// The largest change of a tensor by a mutant, of its largest number; nil if it is not asked.
  private func change(_ name: String, by mutant: Mutant, _ request: Request) throws -> Double? {
    let right = try Self.right.get()
    guard let (answers, asked) = mutant.apply(right, request) else { return nil }
    let (a, b) = (try #require(try numbers(name, answers, asked)), try #require(try numbers(name, right, request)))
    guard a.count == b.count else { return .infinity }
    return zip(a, b).reduce(0) { max($0, ($1.0 - $1.1).magnitude) } / b.reduce(0) { max($0, $1.magnitude) }
  }

  private func request(_ operation: PeerOperation, _ model: LatentCaseModel, seed: UInt64) -> Request {
    LatentTexts([6], seed: seed).request(
      operation, model, operation == .latentGenerate ? ["generate": .integer(2)] : [:])
  }

  @Test func `LAT-2 LAT-3 LAT-4 LAT-5 LAT-6 LAT-8 QNT-1 QNT-2 a mistake shows in every model that leaves room for it`()
    throws
  {
    // Eight bits change little. Of these a pass shows less or nothing; other tests and cases show them.
    let faint: Set = ["L22", "L23", "L24", "L28", "L29", "L30"]
    for mutant in Mutant.all(of: .peers) where mutant.id.hasPrefix("L") && !faint.contains(mutant.id) {
      for model in LatentCaseModel.all {
        let changes = try Self.seeds.compactMap { seed in
          try change("logits", by: mutant, request(.latentForward, model, seed: seed))
        }
        if let largest = changes.max() { #expect(largest > 1e-3, "\(mutant.id) in \(model.name): \(largest)") }
      }
    }
  }

  @Test func `LAT-4 a latent cached before its norm shows in the cache alone, unless it is quantised`() throws {
    let (cached, early) = (try #require(Mutant.named("L22")), try #require(Mutant.named("L03")))
    for model in LatentCaseModel.all {
      let (read, fed) = (request(.latentForward, model, seed: 71), request(.latentGenerate, model, seed: 71))
      guard let far = try change("logits", by: cached, read) else { continue }
      #expect(try #require(try change("cache.latents", by: cached, fed)) > 0.01, "\(model.name)")
      if let (answers, asked) = early.apply(try Self.right.get(), read) {
        let (wrong, other) = try #require(cached.apply(try Self.right.get(), read))
        let isSame = try numbers("logits", wrong, other) == numbers("logits", answers, asked)
        #expect(isSame && far > 1e-3, "\(model.name)")
      } else {
        #expect(far == 0, "\(model.name)")
      }
    }
  }

  @Test func `LAT-10 a port that counts the stride from layer 1 finds no weights to write with`() throws {
    let mutant = try #require(Mutant.named("L12"))
    for model in LatentCaseModel.all where model.stride > 1 && model.layers > 1 {
      #expect(mutant.apply(try Self.right.get(), request(.latentForward, model, seed: 71)) == nil)
      let names = model.configuration.shape.parameters.map { $0.name }
      let writing = ["self_attn.kv_a_proj_with_mqa.weight", "self_attn.k_proj.weight"]
      #expect(writing.contains { names.contains("model.layers.0." + $0) })
      #expect(!writing.contains { names.contains("model.layers.1." + $0) }, "\(model.name)")
    }
  }

  @Test func `LAT-14 a gradient that is cut changes no loss, and the gradient of what wrote`() throws {
    for (id, tensor) in [
      ("L36", "kv_a_proj_with_mqa"), ("L37", "kv_a_proj_with_mqa"), ("L38", "kv_a_proj_with_mqa"),
      ("L39", "kv_a_proj_with_mqa"),
    ] {
      let mutant = try #require(Mutant.named(id))
      var isAsked = false
      for model in LatentCaseModel.all where model.profile.entries == .latent {
        let asked = request(.latentGradients, model, seed: 71)
        guard let far = try change("loss", by: mutant, asked) else { continue }
        isAsked = true
        #expect(far == 0, "\(id) in \(model.name)")
        let name = "gradients.model.layers.0.self_attn.\(tensor).weight"
        #expect(try #require(try change(name, by: mutant, asked)) > 1e-3, "\(id) in \(model.name)")
      }
      #expect(isAsked, "\(id)")
    }
  }
}
