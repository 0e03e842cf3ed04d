// Chapters 17 and 18 over the protocol: the catalogue's coverage, its codes far from borders, and what the answers say.

import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAAnswers
@testable import LoMACatalogue
@testable import LoMAPeersCatalogue
@testable import LoMASuite

@Suite("Chapters 17 and 18: operations")
struct LatentOperationTests {
  private var cases: [Case] { PeerCatalogue.cases.filter { $0.request.operation.method == .latent } }

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

  @Test func `LAT-1 every profile and every named point is asked as a forward pass`() throws {
    let forwards = cases.filter { $0.request.operation == .peer(.latentForward) && $0.level == .model }
    #expect(Set(try forwards.map { try $0.request.latentProfile() }) == Set(LatentProfile.all))
    let models = LatentCaseModel.all
    let trained = TrainedLatentModel.all.map { $0.path }
    #expect(
      Set(forwards.compactMap { $0.request.model }) == Set(models.filter { $0.layers > 1 }.map { $0.path } + trained))
    for point in LatentPoint.allCases {
      let model = try #require(models.first { $0.name == "lat-" + point.rawValue })
      #expect(model.profile == point.profile && (point.stride ?? model.stride) == model.stride)
      guard case .latent(let widths) = model.stores else {
        #expect(point == .cla)
        continue
      }
      #expect(widths.bits == point.bits && widths.rotatedBits == nil && widths.group == widths.latent)
    }
    #expect(Set(models.map { $0.stride }).isSuperset(of: 1...4))
  }

  @Test func `LAT-12 profiles are those of the models, and texts are causal rows padded on the right`() throws {
    for item in cases where item.request.model != nil && item.level != .rejection {
      let model = LatentCaseModel.all.first { $0.path == item.request.model }
      #expect(try item.request.latentProfile() == model?.profile ?? .base, "\(item.id)")
    }
    let texts = LatentTexts([3, 1], seed: 5)
    let asked = try LatentRequest(texts.request(.latentForward, .mla), try peerAnswers())
    let batch = asked.batch
    #expect(batch.rowCount == 3 && batch.texts.map { $0.count } == [3, 3])
    #expect(batch.texts[0].map { $0.position } == [0, 1, 2] && batch.texts[0].last?.label == nil)
    #expect(batch.texts[0][0].label == texts.texts[0][1] && batch.texts[1][1].place == .pad)
  }

  @Test func `LAT-13 a cost names the layer that each layer reads`() throws {
    #expect(try integers(try answer("structure.latent_cost.cla")["producers"]) == [0, 0, 2, 2, 4])
    #expect(try integers(try answer("structure.latent_cost.stride-beyond-layers")["producers"]) == [0, 0])
    // 31 layers of 512 and 64 numbers of 16 bits would be another stride; 61 is DeepSeek's.
    #expect(try integers(try answer("structure.latent_cost.mla")["bits"]) == [61 * (512 + 64) * 16])
  }

  @Test func `LAT-14 no recorded code is near a border, and a code that depends on roundings is`() throws {
    let answers = try peerAnswers()
    var asked = 0
    for item in cases where item.level != .rejection && item.request.model != nil {
      guard let margin = CodeMargin.margin(of: item.request, answers) else { continue }
      #expect(margin >= CodeMargin.least, "\(item.id): \(margin)")
      asked += 1
    }
    #expect(asked > 30)
    let near = CaseInputs.numbers("x", shape: [1, 3], [0, 0.5 + 0x1p-18, 3])
    let request = LatentStageCases.quantiseRequest(near, bits: 2, group: 3)
    let margins = try numbers(try answers.answer(request).first { $0.name == "codes.margin" })
    #expect(margins.min() ?? 1 < CodeMargin.least)
  }

  @Test func `LAT-15 what is cached is what its codes mean`() throws {
    let answer = try answer("generation.latent_generate.rotated-bits")
    #expect(answer["cache.latent_codes"] == nil)
    let codes = try integers(answer["cache.rotated_codes"])
    let keys = try #require(answer["cache.rotated_keys"])
    #expect(keys.shape == [2, 4, 4] && codes.count == 32 && codes.allSatisfy { (0...15).contains($0) })
    let values = try numbers(keys)
    for row in 0..<8 {
      let own = row * 4..<row * 4 + 4
      let (least, most) = (try #require(values[own].min()), try #require(values[own].max()))
      for cell in own { #expect((least + Double(codes[cell]) * (most - least) / 15 - values[cell]).magnitude < 1e-12) }
    }
    let empty = try #require(try self.answer("generation.latent_generate.no-rotated")["cache.rotated_keys"])
    #expect(empty.shape == [2, 4, 0])
  }

  @Test func `LAT-16 every rejection of the list that a request can have is asked`() throws {
    var asked: Set<String> = []
    for item in cases {
      guard case .rejection(let code) = item.expectation else { continue }
      asked.insert(code)
    }
    let codes = try PeerCatalogueTests().codes("peers-rejections.md", below: "## Chapters 17 and 18")
    #expect(codes.count == 18 && asked == Set(codes).subtracting(["repeated-axis"]), "\(asked)")
  }

  @Test func `LAT-17 every property of chapter 17 is asked`() {
    var asked: Set<Property> = []
    for item in cases {
      if case .property(let property) = item.expectation { asked.insert(property) }
    }
    #expect(asked == [.cache, .interference, .batch, .repeat])
  }

  @Test func `LAT-17 the logits of a cache have the bits of a pass at once`() throws {
    for model in LatentCaseModel.all where model.layers > 1 {
      let text = CaseInputs.text(5, below: LatentCaseModel.vocabulary, seed: 77)
      let fed = LatentModelCases.generateRequest(
        model, Array(text.prefix(2)), generate: 4, forced: text.suffix(3) + [0])
      let whole = LatentTexts(of: [text]).request(.latentForward, model)
      let answers = try peerAnswers()
      let online = try answers.answer(fed).first { $0.name == "logits" }
      let atOnce = try answers.answer(whole).first { $0.name == "logits" }
      #expect(try numbers(online) == numbers(atOnce), "\(model.name)")
    }
  }

  /// |a − b| in units of the bound of F32 (TOL-3), element by element: the largest.
  private func ratio(_ a: [Float], _ answer: [String: ResultTensor], _ name: String) throws -> Double {
    let precision = try #require(Precision.of(.f32))
    let (right, units) = (try numbers(answer[name]), try numbers(answer[name + ".accumulation"]))
    let roundings = try numbers(answer[name + ".rounding"])
    return a.indices.reduce(0) { worst, i in
      max(
        worst,
        precision.ratio(Double(a[i]), expected: right[i], accumulation: units[i], rounding: roundings[i]))
    }
  }

  /// Attention in F32 in the plain form and in the absorbed one is right; one that is scaled by the latent's width, or
  /// has values before keys, is not.
  @Test func `LAT-18 both forms in F32 are within the bound, and wrong ones far beyond it`() throws {
    for id in ["mla", "past", "hidden", "wide-latent"] {
      let item = try #require(PeerCatalogue.item("stage.latent_attention." + id))
      let answer = try self.answer(item.id)
      let form = try AttentionInF32(item.request)
      #expect(try ratio(form.context(absorbed: false), answer, "context") <= 1, "\(id)")
      #expect(try ratio(form.context(absorbed: true), answer, "context") <= 1, "\(id)")
      if form.latentWidth != form.plain + form.rotated {
        #expect(try ratio(form.context(absorbed: true, width: form.latentWidth), answer, "context") > 100, "\(id)")
      }
      #expect(try ratio(form.context(absorbed: false, valuesFirst: true), answer, "context") > 100, "\(id)")
    }
  }

  @Test func `LAT-18 a quantiser in F32 is within the bound, and one of 2^b steps is not`() throws {
    for id in ["four-bits", "groups", "sixteen-bits", "constant"] {
      let item = try #require(PeerCatalogue.item("stage.quantise." + id))
      let answer = try self.answer(item.id)
      let x = try item.request.matrix("x").values.map { Float($0) }
      let (bits, group) = (try item.request.integer("bits"), try item.request.integer("group"))
      let codes = try integers(answer["codes"])
      func values(steps: Float) -> (step: [Float], values: [Float]) {
        var (all, read): ([Float], [Float]) = ([], [])
        for start in stride(from: 0, to: x.count, by: group) {
          let own = x[start..<start + group]
          let (least, most) = (own.min() ?? 0, own.max() ?? 0)
          let step = (most - least) / steps
          all.append(step)
          read += (start..<start + group).map { least + Float(codes[$0]) * step }
        }
        return (all, read)
      }
      let right = values(steps: Float(1 << bits) - 1)
      #expect(try ratio(right.step, answer, "step") <= 1 && ratio(right.values, answer, "values") <= 1, "\(id)")
      if id != "constant" {
        #expect(try ratio(values(steps: Float(1 << bits)).values, answer, "values") > 4, "\(id)")
      }
    }
  }
}

/// Attention over entries in F32, in either form, with or without a mistake.
private struct AttentionInF32 {
  let heads: Int
  let (plain, rotated, value): (Int, Int, Int)
  let latentWidth: Int
  let (query, latent, keys, up): ([[Float]], [[Float]], [[Float]], [[Float]])
  let visible: [[Int]]

  init(_ request: Request) throws {
    func rows(_ name: String) throws -> [[Float]] {
      let tensor = try request.tensor(name)
      return (0..<tensor.rows).map { tensor.row($0).map { Float($0) } }
    }
    heads = try request.integer("heads")
    (plain, rotated) = (try request.integer("plain_width"), try request.integer("rotated_width"))
    value = try request.integer("value_width")
    (query, latent) = (try rows("query"), try rows("latent"))
    (keys, up) = (try rows("rotated_key"), try rows("kv_b_proj"))
    latentWidth = latent[0].count
    visible = try request.visibleKeys(rows: query.count, keys: latent.count).lists
  }

  private func dot(_ a: some Collection<Float>, _ b: some Collection<Float>) -> Float {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }

  func context(absorbed: Bool, width: Int? = nil, valuesFirst: Bool = false) -> [Float] {
    let scale = 1 / Float(width ?? plain + rotated).squareRoot()
    var context: [Float] = []
    for (row, seen) in visible.enumerated() {
      for head in 0..<heads {
        let own = up[head * (plain + value)..<(head + 1) * (plain + value)]
        let upKey = Array(valuesFirst ? own.suffix(plain) : own.prefix(plain))
        let upValue = Array(valuesFirst ? own.prefix(value) : own.suffix(value))
        let q = query[row][head * (plain + rotated)..<(head + 1) * (plain + rotated)]
        let (qPlain, qRotated) = (Array(q.prefix(plain)), Array(q.suffix(rotated)))
        let low = (0..<latentWidth).map { c in dot(qPlain, upKey.map { $0[c] }) }
        let scores = seen.map { j in
          let product = absorbed ? dot(low, latent[j]) : dot(qPlain, upKey.map { dot($0, latent[j]) })
          return (product + dot(qRotated, keys[j])) * scale
        }
        let most = scores.max() ?? 0
        let powers = scores.map { Float(Elementary.exponential(Double($0 - most))) }
        let sum = powers.reduce(0, +)
        let weights = powers.map { $0 / sum }
        if absorbed {
          let mean = (0..<latentWidth).map { c in dot(weights, seen.map { latent[$0][c] }) }
          context += upValue.map { dot($0, mean) }
        } else {
          context += upValue.map { w in dot(weights, seen.map { dot(w, latent[$0]) }) }
        }
      }
    }
    return context
  }
}
