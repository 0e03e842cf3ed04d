// Chapter 19 over the protocol: the catalogue's coverage, choices and codes that are clear, and what the answers say.

import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAAnswers
@testable import LoMACatalogue
@testable import LoMAPeersCatalogue
@testable import LoMASuite

@Suite("Chapter 19: operations")
struct BaselineOperationTests {
  private var cases: [Case] { PeerCatalogue.cases.filter { $0.request.operation.method == .cache } }

  private func answer(_ id: String) throws -> [String: ResultTensor] {
    let item = try #require(PeerCatalogue.item(id), "\(id)")
    return Dictionary(uniqueKeysWithValues: try peerAnswers().answer(item.request).map { ($0.name, $0) })
  }

  private func numbers(_ tensor: ResultTensor?) throws -> [Double] {
    guard case .doubles(let values) = try #require(tensor).content else { return [] }
    return values
  }

  private func integers(_ tensor: ResultTensor?) throws -> [Int] {
    guard case .integers(let values) = try #require(tensor).content else { return [] }
    return values
  }

  @Test func `BAS-19 an operation is refused under any baseline but its own`() throws {
    let answers = try peerAnswers()
    for operation in PeerOperation.all(of: .cache) where operation != .cachedForward {
      let own = try #require(operation.baseline)
      let item = try #require(cases.first { $0.request.operation == .peer(operation) && $0.level == .stage })
      for baseline in Baseline.allCases {
        let request = Request(
          item.request.operation, axes: baseline.axes, parameters: item.request.parameters, model: nil,
          input: item.request.input, captures: [])
        do throws(RequestError) {
          _ = try answers.answer(request)
          #expect(baseline == own, "\(operation.rawValue) under \(baseline.rawValue)")
        } catch { #expect(baseline != own && error.rejectionCode == "unknown-alternative", "\(error)") }
      }
    }
  }

  @Test func `BAS-20 every stage is asked in every type, with given choices and with neutral counts`() throws {
    for operation in PeerOperation.all(of: .cache) where operation != .cachedForward {
      let asked = cases.filter { $0.request.operation == .peer(operation) && $0.level == .stage }
      #expect(Set(asked.flatMap { $0.dtypes }) == Set(NumberType.words), "\(operation.rawValue)")
      #expect(asked.count >= 4, "\(operation.rawValue)")
    }
    for operation in [PeerOperation.evict, .think, .zipCache, .pyramidStep, .pursue] {
      let forced = cases.filter { $0.request.operation == .peer(operation) && $0.request.input["forced_choice"] != nil }
      for item in forced where item.level == .stage {
        #expect(try integers(try answer(item.id)["choice"]) == item.request.integers("forced_choice"), "\(item.id)")
      }
      #expect(forced.contains { $0.level == .stage }, "\(operation.rawValue)")
    }
  }

  @Test func `BAS-20 what is chosen has the form of its operation`() throws {
    let evicted = try answer("stage.evict.gqa")
    #expect(evicted["choice"]?.shape == [2, 6] && evicted["scores"]?.shape == [2, 6])
    #expect(try integers(evicted["choice"]).suffix(3) == [6, 7, 8])
    // 2·G·d·16·B bits.
    #expect(try integers(evicted["bits"]) == [2 * 2 * 4 * 16 * 6])
    #expect(try answer("stage.evict.beyond")["choice"]?.shape == [2, 5])
    #expect(try answer("stage.evict.whole-window")["scores"]?.shape == [1, 0])
    #expect(try answer("stage.think.short")["choice"]?.shape == [1, 0])
    // Of equal scores the lower index is kept: the higher channels are pruned, the lower entries stay.
    #expect(try integers(try answer("stage.think.equal")["choice"]) == [2, 3])
    #expect(try integers(try answer("stage.evict.equal")["choice"]) == [0, 1, 5, 6, 0, 1, 5, 6])
    #expect(try integers(try answer("stage.zip_cache.equal")["choice"]) == [2, 3])
    #expect(try integers(try answer("stage.pursue.equal")["choice"]) == [0, 1, 0, 2, 0, 0])
    let budgets = try integers(try answer("stage.zigzag_budgets.uneven")["budgets"])
    #expect(budgets.reduce(0, +) == 15 && Set(budgets).count > 1)
    #expect(try integers(try answer("stage.pyramid_step.few")["choice"]) == [0, 1, 6, 7])
    #expect(try answer("stage.layer_distances.one-layer")["pairs"]?.shape == [0, 2])
    #expect(try answer("stage.pursue.no-step")["choice"]?.shape == [2, 0])
  }

  @Test func `BAS-21 every baseline is asked of a model, and what no head keeps is 0`() throws {
    let models = cases.filter { $0.level == .model }
    #expect(Set(try models.map { try $0.request.baseline() }) == Set(Baseline.allCases))
    #expect(Set(models.compactMap { $0.request.model }) == Set(BaselineCaseModel.all.map { $0.path }))
    for item in models {
      let answer = try answer(item.id)
      let (keys, logits) = (try #require(answer["cache.keys"]), try #require(answer["logits"]))
      let prefill = try item.request.integer("prefill")
      #expect(logits.shape[0] == (try item.request.integers("tokens").count) - prefill + 1)
      guard case .booleans(let alive) = try #require(answer["cache.alive"]).content else { continue }
      let (layers, heads) = (keys.shape[0], alive.count / keys.shape[0] / prefill)
      let width = keys.shape[2] / heads
      for name in ["cache.keys", "cache.values"] {
        let values = try numbers(answer[name])
        for cell in values.indices {
          let (layer, entry, head) = (
            cell / keys.shape[2] / prefill, cell / keys.shape[2] % prefill, cell % keys.shape[2] / width
          )
          if !alive[(layer * heads + head) * prefill + entry] { #expect(values[cell] == 0, "\(item.id) \(name)") }
        }
      }
      #expect(alive.contains(true) && layers > 1)
    }
  }

  @Test func `BAS-22 every rejection of the list that a request can have is asked`() throws {
    var asked: Set<String> = []
    for item in cases {
      guard case .rejection(let code) = item.expectation else { continue }
      asked.insert(code)
    }
    let codes = try PeerCatalogueTests().codes("peers-rejections.md", below: "## Chapters 19 and 20")
    // JSON cannot name an axis twice.
    #expect(codes.count == 20 && asked == Set(codes).subtracting(["repeated-axis"]), "\(asked)")
  }

  @Test func `BAS-23 the neutral parameter of every baseline is asked, and changes nothing`() throws {
    let answers = try peerAnswers()
    var neutral: Set<Baseline> = []
    for item in cases {
      guard case .property(.cache) = item.expectation else { continue }
      neutral.insert(try item.request.baseline())
      let plain = Request(
        item.request.operation, axes: [:], parameters: item.request.parameters, model: item.request.model,
        input: item.request.input, captures: [])
      let (mine, right) = (try answers.answer(item.request), try answers.answer(plain))
      let (a, b) = (try numbers(mine.first { $0.name == "logits" }), try numbers(right.first { $0.name == "logits" }))
      #expect(zip(a, b).allSatisfy { ($0 - $1).magnitude < 1e-11 }, "\(item.id)")
      // What a basis stores is counted by its pairs.
      if try item.request.baseline() != .csr {
        #expect(try integers(mine.first { $0.name == "bits" }) == integers(right.first { $0.name == "bits" }))
      }
    }
    #expect(neutral == Set(Baseline.allCases).subtracting([.dmc]))
    #expect(cases.contains { if case .property(.repeat) = $0.expectation { true } else { false } })
  }

  @Test func `BAS-24 no recorded choice is nearer to another than roundings, and no code to a border`() throws {
    let answers = try peerAnswers()
    for item in cases where item.level == .stage {
      #expect(Set(item.dtypes).isSubset(of: ChoiceLead.types(of: item.request)), "\(item.id)")
    }
    for item in cases where item.level == .model || item.level == .property {
      #expect(CachedClarity.isClear(item.request, answers), "\(item.id)")
    }
    // A lead of less than the bounds of two scores is asked in no narrow type.
    let near = PrunedStageCases.evictRequest(
      heads: 1, keyValue: 1, rows: 3, window: 1, budget: 2, seed: 0,
      cells: [1, 0, 0, 0.5, 0.5, 0, 0.4921875, 0.48828125, 0.01953125])
    #expect(ChoiceLead.types(of: near) == ["f64", "f32"])
  }

  @Test func `BAS-24 codes have margins, and those of values have smaller ones`() throws {
    let answer = try answer("stage.zip_cache.gqa")
    let (keys, values) = (try numbers(answer["key_codes.margin"]), try numbers(answer["value_codes.margin"]))
    #expect(keys.count == 24 && keys.allSatisfy { 0...0.5 ~= $0 } && values.allSatisfy { 0...0.5 ~= $0 })
    #expect(values.reduce(0, +) < keys.reduce(0, +))
    let whole = try self.answer("stage.zip_cache.high-whole")
    let codes = try integers(whole["key_codes"])
    #expect(codes.contains { $0 > 0 } && codes.allSatisfy { 0...3 ~= $0 })
  }
}
