// Cases of chapters 17 and 18 drawn from a seed: of every kind, askable, made smaller until nothing is left.

import LoMAPeers
import LoMAVectors
import Testing

@testable import LoMAPeersCatalogue
@testable import LoMASuite

@Suite("Chapters 17 and 18: fresh cases")
struct FreshLatentTests {
  private func drawn(_ count: Int) -> [FreshLatentCase] {
    (0..<count).map { FreshLatentCase.drawn(seed: 9, index: $0) }
  }

  @Test func `LAT-19 thirty-three cases in a row have one of each operation of both chapters`() throws {
    let cases = try FreshCases(seed: 13, of: .peers)
    let row = (40..<73).map { cases.drawn($0) }
    let latent = row.compactMap { $0 as? FreshLatentCase }
    #expect(latent.count == 8 && row.count { $0 is FreshContextCase } == 12)
    let answers = latent.filter { $0.property == nil && $0.faults.isEmpty }
    #expect(Set(answers.map { $0.operation }) == Set(PeerOperation.all(of: .latent)))
    #expect(latent.count { $0.property != nil } == 1 && latent.count { !$0.faults.isEmpty } == 1)
  }

  @Test func `LAT-19 many cases ask all there is`() {
    let drawn = drawn(1600)
    #expect(drawn.allSatisfy { $0.isValid || !$0.faults.isEmpty })
    let good = drawn.filter { $0.faults.isEmpty }
    #expect(Set(good.compactMap { $0.model }) == Set(LatentCaseModel.all.map { $0.name }))
    #expect(Set(good.compactMap { $0.property }) == [.cache, .interference, .batch, .repeat])
    let costs = good.filter { $0.operation == .latentCost }
    #expect(Set(costs.map { $0.profile }) == Set(LatentProfile.all))
    let codes = good.filter { $0.operation == .quantise }
    #expect(Set(codes.map { $0.profile.quantiser.rawValue + $0.profile.scaleRounding.rawValue }).count == 4)
    #expect(Set(codes.map { $0.numbers.rawValue }).count == 3 && Set(codes.map { $0[.bits] }).count > 12)
    let attentions = good.filter { $0.operation == .latentAttention }
    #expect(attentions.contains { $0[.rotatedPairs] == 0 } && attentions.contains { $0[.plain] == 0 })
    #expect(attentions.contains { $0.hidesEntries } && attentions.contains { $0[.entries] > 32 })
    let texts = good.flatMap { $0.texts.map { $0.length } }
    #expect(texts.contains { $0 > 32 } && texts.contains(1))
    #expect(
      good.contains { $0.hasEmbeddings } && good.contains { $0.isForced } && good.contains { !$0.captures.isEmpty })
  }

  @Test func `LAT-19 the reference answers what is drawn, and codes are clear`() throws {
    let cases = try FreshCases(seed: 4, of: .peers)
    let answers = try peerAnswers()
    var (asked, quantised) = (0, 0)
    for index in 0..<264 {
      guard let drawn = cases.drawn(index) as? FreshLatentCase, let item = cases.item(drawn, id: cases.id(index)) else {
        continue
      }
      asked += 1
      if case .rejection = item.expectation { continue }
      _ = try answers.answer(item.request)
      guard item.request.model != nil, let margin = CodeMargin.margin(of: item.request, answers) else { continue }
      #expect(margin >= CodeMargin.least && item.dtypes == ["f64", "f32"], "\(drawn)")
      quantised += 1
    }
    #expect(asked > 55 && quantised > 10)
  }

  @Test func `LAT-19 LAT-16 faults are rejected with the code that the list has first`() throws {
    let cases = try FreshCases(seed: 9, of: .peers)
    var codes: Set<String> = []
    for drawn in drawn(6400) where !drawn.faults.isEmpty {
      let item = try #require(cases.item(drawn, id: "x.y.z"), "\(drawn) is not rejected")
      if case .rejection(let code) = item.expectation { codes.insert(code) }
      #expect(item.level == .rejection && item.dtypes == ["i64"])
    }
    #expect(codes.count == 17, "\(codes.sorted())")
  }

  @Test func `LAT-19 what is smaller is a case too, and the way down ends at the smallest`() throws {
    for drawn in drawn(160) where drawn.faults.isEmpty {
      var (least, steps) = (drawn, 0)
      while let next = least.smaller.last {
        (least, steps) = (next, steps + 1)
        try #require(next.isValid && steps < 20_000, "\(drawn) → \(next)")
      }
      #expect(least.captures.isEmpty && !least.hasEmbeddings && !least.fillsF32 && !least.hidesEntries, "\(least)")
      #expect(least.texts.count <= 1 && least.texts.allSatisfy { $0.length == 1 }, "\(least)")
      #expect(least.model == nil || least.model == LatentCaseModel.shallow.name, "\(least)")
    }
  }
}
