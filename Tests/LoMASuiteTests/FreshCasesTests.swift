// Cases drawn from a seed: always the same, of every kind, askable, and made smaller until nothing is left.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMACatalogue
@testable import LoMASuite

@Suite("Chapter 13: fresh cases")
struct FreshCasesTests {
  private func items(_ seed: UInt64, _ count: Int) throws -> [Case] {
    try FreshCases(seed: seed, of: .loma).items(count: count, threads: 2) { _ in true }
  }

  private func fresh(_ cases: FreshCases, _ index: Int) throws -> FreshCase {
    try #require(cases.drawn(index) as? FreshCase)
  }

  @Test func `RUN-17 a seed draws the same cases, however many are drawn`() throws {
    let (some, more) = (try items(5, 34), try items(5, 51))
    #expect(some.count <= 34 && more.count > some.count)
    for (one, other) in zip(some, more) {
      #expect(one.id == other.id && one.dtypes == other.dtypes && one.hunts == other.hunts)
      #expect(one.request.parameters == other.request.parameters && one.request.axes == other.request.axes)
      let (input, same) = (try one.request.input.encoded(), try other.request.input.encoded())
      #expect(input == same, "\(one.id)")
    }
    let others = try items(6, 34)
    let inputs = try Set(some.map { try $0.request.input.encoded() })
    let shared = try others.filter { try inputs.contains($0.request.input.encoded()) }
    #expect(shared.count <= 6, "but those without tensors")
  }

  @Test func `RUN-17 a seed draws what it has drawn since suite 1.1`() throws {
    var bytes: [UInt8] = []
    for item in try items(7, 36) {
      let parameters = Manifest.parameters(item.request).text()
      bytes += Array("\(item.id) \(item.hunts) \(item.dtypes) \(parameters)\n".utf8)
      bytes += try item.request.input.encoded()
    }
    // Whoever has to change this digest changes what every seed in a bug report asks: the changelog must say so.
    #expect(SHA256.hexDigest(of: bytes) == "c958067bf53818a6b0a4ac2a134531cfc604722a54cbca296f20e8dd17843e7d")
  }

  @Test func `RUN-17 eighteen cases in a row ask every operation and a rejection, many ask all there is`() throws {
    let cases = try FreshCases(seed: 9, of: .loma)
    let row = try (100..<118).map { try fresh(cases, $0) }
    #expect(Set(row.filter { $0.faults.isEmpty }.map { $0.operation }) == Set(Operation.all(of: .loma)))
    #expect(row.count { !$0.faults.isEmpty } == 1)
    let kinds = (0..<1440).map { FreshDrawing.kind(seed: 9, index: $0) }
    let drawn = kinds.indices.filter { !kinds[$0].isFaulty }.map { index in
      var drawing = FreshDrawing(seed: 9, index: index)
      return drawing.draw(kinds[index].operation, of: nil)
    }
    #expect(drawn.allSatisfy { $0.isValid })
    for operation in Operation.all(of: .loma) { #expect(drawn.count { $0.operation == operation } == 80) }
    #expect(Set(kinds.filter { $0.isFaulty }.map { $0.operation }) == Set(FreshFault.operations))
    let texts = drawn.filter { [.layout, .mask, .forward, .loss].contains($0.operation) }
    let rests = texts.flatMap { item in item.lengths.map { ($0 / item.chunkLength, $0 % item.chunkLength, item) } }
    #expect(rests.contains { $0.0 == 0 && $0.1 == 0 } && rests.contains { $0.0 == 0 && $0.1 > 0 })
    #expect(rests.contains { $0.0 > 1 && $0.1 == 0 } && rests.contains { $0.0 > 0 && $0.1 == 1 })
    #expect(Set(texts.map { $0.texts.count }).isSuperset(of: 1...3))
    #expect(Set(drawn.map { $0.profile.differences.count }) == [0, 1, 2])
    #expect(Set(drawn.flatMap { $0.profile.differences.map(\.axis) }) == Set(Axis.allCases))
    #expect(Set(drawn.compactMap(\.model)) == Set(CaseModel.drawn.map(\.name)))
    #expect(drawn.contains { $0.hasEmbeddings } && drawn.contains { $0.isForced })
    #expect(drawn.contains { !$0.captures.isEmpty })
    #expect(drawn.contains { $0.operation == .mask && $0.layout == .generation })
    #expect(drawn.contains { $0.chunkLength == 1 && $0.lengths.contains { $0 > 12 } })
    #expect(drawn.contains { $0.model != nil && $0.chunkLength == 64 && $0.lengths.contains { $0 > 128 } })
    for operation in [Operation.rmsNorm, .feedForward, .crossEntropy] {
      #expect(drawn.contains { $0.operation == operation && $0[.width] >= 256 }, "\(operation)")
    }
    #expect(drawn.contains { $0.fillsF32 } && drawn.contains { $0.hasOwnIDs })
    #expect(drawn.contains { $0.operation == .generate && $0.lengths == [0] })
    let decays = Set(
      drawn.filter { $0.operation == .trainStep }.map { $0.request.parameters["adam_epsilon"].map { "\($0)" } })
    #expect(decays.count == 4, "AdamW's numbers vary")
  }

  @Test func `RUN-17 the reference answers what is drawn, and an id leads back to its case`() throws {
    let items = try items(4, 102)
    let recording = try FreshCases(seed: 4, of: .loma).recording(of: items, threads: 2) { _, _ in }
    #expect(recording.files.last?.path == "manifest.json")
    for item in items.suffix(17) {
      #expect(Catalogue.item(item.id)?.hunts == item.hunts, "\(item.id)")
      #expect(item.id.hasPrefix("\(item.level.rawValue).\(item.request.operation.rawValue).fresh.s4-k"))
    }
    for wrong in ["structure.layout.fresh.s4-k1", "structure.layout.fresh.s4", "structure.layout.fresh.s4-k-1", "x"] {
      #expect(Catalogue.item(wrong) == nil, "\(wrong)")
    }
  }

  @Test func `RUN-17 a choice is asked in the types that leave it alone`() throws {
    #expect(ChoiceMargin.lead([1, -4, 3]) == 0.5)
    #expect(ChoiceMargin.lead([3, -4, 3, 1]) == 0.5, "equal scores are one")
    #expect(ChoiceMargin.lead([2, 2]) == .infinity)
    let all = ["f64", "f32", "bf16", "f16"]
    #expect(ChoiceMargin.dtypes(all, withMargin: nil) == all)
    #expect(ChoiceMargin.dtypes(all, withMargin: 0.25) == all)
    #expect(ChoiceMargin.dtypes(all, withMargin: 0.0625) == ["f64", "f32", "f16"])
    #expect(ChoiceMargin.dtypes(all, withMargin: 0x1p-16) == ["f64", "f32"])
    #expect(ChoiceMargin.dtypes(all, withMargin: 0x1p-17) == [])
    let shifted = try items(4, 600).filter {
      $0.request.operation == .reconstruct && $0.request.axes["repetition_labels"] == "shifted"
    }
    #expect(!shifted.isEmpty && shifted.allSatisfy { $0.dtypes == ["f64", "f32"] })
  }

  @Test func `RUN-17 numbers of 24 bits are asked in f64 and f32 only`() throws {
    let cases = try FreshCases(seed: 12, of: .loma)
    let precise = try (0..<360).filter { try fresh(cases, $0).isPrecise && fresh(cases, $0).faults.isEmpty }
    #expect(precise.count > 10)
    for index in precise {
      let dtypes = try cases.item(fresh(cases, index), id: cases.id(index))?.dtypes ?? []
      #expect(Set(dtypes).isSubset(of: ["f64", "f32"]), "\(cases.id(index))")
    }
  }

  @Test func `RUN-17 faults are rejected with the code that the list has first`() throws {
    let cases = try FreshCases(seed: 3, of: .loma)
    let faulty = (0..<1800).filter { FreshDrawing.kind(seed: 3, index: $0).isFaulty }
    var codes: Set<String> = []
    var doubled = 0
    for index in faulty {
      let drawn = try fresh(cases, index)
      guard let item = cases.item(drawn, id: cases.id(index)), case .rejection(let code) = item.expectation else {
        Issue.record("\(drawn) is not rejected")
        continue
      }
      #expect(item.level == .rejection && item.id.hasPrefix("rejection.\(drawn.operation.rawValue).fresh.s3-k"))
      #expect(Catalogue.item(item.id)?.hunts == item.hunts)
      codes.insert(code)
      doubled += drawn.faults.count - 1
    }
    #expect(codes.count >= 14 && doubled > 20, "\(codes.sorted())")
    // A case of two faults shrinks to one of either.
    let two = try #require(faulty.map { try fresh(cases, $0) }.first { $0.faults.count == 2 })
    #expect(two.smaller.filter { $0.faults.count == 1 }.count == 2)
  }

  @Test func `RUN-18 what is smaller is a case too, and the way down ends at the smallest`() throws {
    let cases = try FreshCases(seed: 2, of: .loma)
    for index in 0..<68 {
      let drawn = try fresh(cases, index)
      for smaller in drawn.smaller.prefix(4) {
        _ = try #require(cases.item(smaller, id: "x.y.z") ?? cases.item(drawn, id: "x.y.z"), "\(smaller)")
      }
      var (least, steps) = (drawn, 0)
      while let next = least.smaller.last {
        (least, steps) = (next, steps + 1)
        try #require(next.isValid && steps < 20_000, "\(drawn) → \(next)")
      }
      #expect(least.profile == .base && least.layout == .training && least.captures.isEmpty && !least.isForced)
      #expect(least[.c] == 1 && least[.t] == 1 && least.texts.count <= 1 && least[.generate] == 0, "\(least)")
      #expect(least.lengths.allSatisfy { $0 <= 1 }, "\(least)")
    }
  }

  @Test func `RUN-18 a shorter text is a prefix, and c and t shrink with as many full chunks`() throws {
    var long = FreshCase(operation: .layout, seed: 3)
    long.extents = [.c: 3, .t: 2]
    long.texts = [.init(stream: 0, length: 7), .init(stream: 1, length: 12)]
    var short = long
    short.texts = [.init(stream: 1, length: 5)]
    let (both, one) = (try long.request.texts(), try short.request.texts())
    #expect(one == [Array(both[1].prefix(5))])
    #expect(long.smaller.contains { $0[.c] == 1 && $0.lengths == [3, 4] })
    #expect(long.smaller.contains { $0[.c] == 1 && $0.lengths == [7, 12] })
    #expect(SizeParameter.below(9, least: 1) == [1, 5, 8] && SizeParameter.below(2, least: 1) == [1])
    #expect(SizeParameter.below(1, least: 1) == [] && SizeParameter.below(1, least: 0) == [0])
    #expect("\(long)" == "layout c=3 t=2 n=7,12 base")
  }
}
