// Cases of chapter 19 drawn from a seed: of every kind, askable, clear, made smaller until nothing is left.

import LoMAPeers
import LoMAVectors
import Testing

@testable import LoMAPeersCatalogue
@testable import LoMASuite

@Suite("Chapter 19: fresh cases")
struct FreshBaselineTests {
  private func drawn(_ count: Int) -> [FreshBaselineCase] {
    (0..<count).map { FreshBaselineCase.drawn(seed: 9, index: $0) }
  }

  @Test func `BAS-25 thirty-three cases in a row have one of each operation of chapter 19`() throws {
    let cases = try FreshCases(seed: 13, of: .peers)
    let row = (40..<73).map { cases.drawn($0) }
    let baselines = row.compactMap { $0 as? FreshBaselineCase }
    #expect(baselines.count == 13 && row.count { $0 is FreshLatentCase } == 8)
    let answers = baselines.filter { $0.property == nil && $0.faults.isEmpty }
    #expect(Set(answers.map { $0.operation }) == Set(PeerOperation.all(of: .cache)))
    #expect(baselines.count { $0.property != nil } == 1 && baselines.count { !$0.faults.isEmpty } == 1)
  }

  @Test func `BAS-25 many cases ask all there is`() {
    let good = drawn(1300).filter { $0.faults.isEmpty }
    #expect(good.allSatisfy { $0.isValid })
    let models = good.filter { $0.operation == .cachedForward }
    #expect(Set(models.map { $0.baseline }) == Set(Baseline.allCases))
    #expect(Set(models.compactMap { $0.model }) == Set(BaselineCaseModel.all.map { $0.name }))
    #expect(Set(good.compactMap { $0.property }) == [.cache, .repeat])
    #expect(good.contains { $0.isForced } && good.contains { $0.probes } && good.contains { $0.isNeutral })
    #expect(good.contains { $0[.rows] > 12 } && good.contains { $0[.rows] == 1 })
  }

  @Test func `BAS-25 the reference answers what is drawn, and choices are clear`() throws {
    let cases = try FreshCases(seed: 4, of: .peers)
    let answers = try peerAnswers()
    var (asked, drawnCount) = (0, 0)
    for index in 0..<264 {
      guard let drawn = cases.drawn(index) as? FreshBaselineCase else { continue }
      drawnCount += 1
      guard let item = cases.item(drawn, id: cases.id(index)) else { continue }
      asked += 1
      if case .rejection = item.expectation { continue }
      _ = try answers.answer(item.request)
      #expect(CachedClarity.isClear(item.request, answers), "\(drawn)")
      #expect(Set(item.dtypes).isSubset(of: ChoiceLead.types(of: item.request)), "\(drawn)")
    }
    #expect(drawnCount == 104 && asked > 85, "\(asked) of \(drawnCount)")
  }

  @Test func `BAS-25 BAS-22 faults are rejected with the code that the list has first`() throws {
    let cases = try FreshCases(seed: 9, of: .peers)
    var codes: Set<String> = []
    for drawn in drawn(13_000) where !drawn.faults.isEmpty {
      let item = try #require(cases.item(drawn, id: "x.y.z"), "\(drawn) is not rejected")
      if case .rejection(let code) = item.expectation { codes.insert(code) }
      #expect(item.level == .rejection && item.dtypes == ["i64"])
    }
    #expect(codes.count == 18, "\(codes.sorted())")
  }

  @Test func `BAS-25 what is smaller is a case too, and the way down ends at the smallest`() {
    for drawn in drawn(130) where drawn.faults.isEmpty {
      var (least, steps) = (drawn, 0)
      while let next = least.smaller.last {
        (least, steps) = (next, steps + 1)
        guard next.isValid, steps < 20_000 else {
          Issue.record("\(drawn) → \(next)")
          break
        }
      }
      #expect(!least.isForced && !least.probes && least.extents.allSatisfy { $0.value == $0.key.least }, "\(least)")
    }
  }
}
