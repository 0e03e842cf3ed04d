// TOL-1, chapter 16: every mutant answers some request otherwise than the reference, and shows where its clause speaks.

import LoMAPeers
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAAnswers
@testable import LoMAMutants
@testable import LoMAPeersCatalogue

@Suite("16 CCM: mutants")
struct ContextMutantTests {
  private static let right = Result { try peerAnswers() }

  /// The answer of a mutant, or of anything else that answers; nil if it has none.
  private func answer(_ answers: ReferenceAnswers, _ request: Request) -> [ResultTensor]? {
    try? answers.answer(request).filter { !$0.isBound }
  }

  private func isEqual(_ a: [ResultTensor]?, _ b: [ResultTensor]?) throws -> Bool {
    try a?.map { try $0.array() } == b?.map { try $0.array() }
  }

  @Test func `TOL-1 every mutant of part II answers some request otherwise than the reference`() throws {
    let right = try Self.right.get()
    let cases = PeerCatalogue.cases.filter { if case .tensors = $0.expectation { true } else { false } }
    for mutant in Mutant.all(of: .peers) {
      let differs = try cases.contains { item in
        guard let (answers, request) = mutant.apply(right, item.request) else { return false }
        return try !isEqual(answer(answers, request), answer(right, item.request))
      }
      #expect(differs, "\(mutant.id): \(mutant.sentence)")
    }
  }

  @Test func `TOL-1 an equivalent mutant of chapter 16 answers every case of its profile as the reference does`() throws
  {
    let right = try Self.right.get()
    for equivalent in Mutant.equivalents(of: .peers) {
      let mutant = try #require(Mutant.named(equivalent.mutant))
      var asked = 0
      for item in PeerCatalogue.cases {
        guard case .tensors = item.expectation, (try? item.request.contextProfile())?.name == equivalent.profile,
          let (answers, request) = mutant.apply(right, item.request), item.request.operation != .peer(.merge)
        else { continue }
        asked += 1
        #expect(
          try isEqual(answer(answers, request), answer(right, item.request)), "\(mutant.id): \(item.id)")
      }
      #expect(asked > 0, "\(mutant.id) under \(equivalent.profile)")
    }
  }

  @Test func `CCM-18 CCM-21 what is called unseen changes no loss, no gradient and nothing online`() throws {
    let right = try Self.right.get()
    let operations: [PeerOperation] = [.ccmLoss, .ccmGradients, .ccmOnline]
    for mistake in UnseenMistake.all(of: .peers) {
      var wrong = right
      mistake.change(&wrong)
      var isSeen = false
      for item in PeerCatalogue.cases {
        guard case .tensors = item.expectation, case .peer(let operation) = item.request.operation else { continue }
        if operations.contains(operation) {
          for (a, b) in zip(try #require(answer(wrong, item.request)), try #require(answer(right, item.request))) {
            guard case .doubles(let a) = a.content, case .doubles(let b) = b.content else { continue }
            #expect(a == b, "\(mistake.sentence): \(item.id)")
          }
        } else if !isSeen {
          isSeen = try !isEqual(answer(wrong, item.request), answer(right, item.request))
        }
      }
      // The change does something, or this test would say nothing.
      #expect(isSeen, "\(mistake.sentence)")
    }
  }

  /// The largest change of a text row's logits by a mutant, of the largest logit; 0 if it is not asked.
  private func change(_ mutant: Mutant, _ texts: ContextTexts, _ model: ContextCaseModel) throws -> Double {
    let right = try Self.right.get()
    let request = texts.with(n: model.memoryTokens).request(.ccmForward, model: model)
    guard let (answers, asked) = mutant.apply(right, request) else { return 0 }
    func logits(_ tensors: [ResultTensor]?) throws -> [Double] {
      guard case .doubles(let values)? = try #require(tensors).first?.content else { return [] }
      return values
    }
    let (a, b) = (try logits(answer(answers, asked)), try logits(answer(right, request)))
    let rows = texts.with(n: model.memoryTokens).batch.texts[0]
    let width = b.count / rows.count
    guard a.count == b.count else { return .infinity }
    let ofText = rows.indices.filter { rows[$0].place.role == .text }.flatMap { $0 * width..<($0 + 1) * width }
    return ofText.reduce(0) { max($0, (a[$1] - b[$1]).magnitude) } / b.reduce(0) { max($0, $1.magnitude) }
  }

  @Test func `CCM-7 CCM-9 CCM-10 CCM-11 CCM-13 CCM-15 CCM-16 CCM-17 CCM-20 a mistake shows where its clause speaks`()
    throws
  {
    let families: Set<Mutant.Family> = [.mask, .positions, .merge, .adapter]
    for mutant in Mutant.all(of: .peers) where families.contains(mutant.family) {
      for profile in ContextProfile.ofStructure {
        let texts = ContextTexts([[3, 2, 4, 2, 4]], profile, seed: 37)
        let probe = texts.request(.ccmForward, model: .gqa)
        let isAsked = try mutant.apply(Self.right.get(), probe) != nil
        // What is no mistake without a sink is none with one.
        var bare = profile
        bare.sink = .off
        let isMistake =
          isAsked
          && !Mutant.equivalents(of: .peers).contains { equivalent in
            equivalent.mutant == mutant.id && [profile.name, bare.name].contains(equivalent.profile)
          }
        // In steep models a query may all but ignore an entry, so there are several texts.
        let largest =
          try (37..<41).map { seed in
            try change(mutant, ContextTexts([[3, 2, 4, 2, 4]], profile, seed: UInt64(seed)), .gqa)
          }.max() ?? 0
        if isMistake {
          #expect(largest > 0.01, "\(mutant.id) under \(profile.name): \(largest)")
        } else {
          #expect(largest == 0, "\(mutant.id) under \(profile.name): \(largest)")
        }
      }
    }
  }
}
