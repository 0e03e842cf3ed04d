// OPS-2, OPS-4, OPS-5, OPS-6: what an answer holds. The numbers are checked by Tests/Candidates/check_vectors.py.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAAnswers
@testable import LoMACatalogue
@testable import LoMASuite

@Suite("Chapter 11: operations")
struct OperationTests {
  private func results(_ id: String) throws -> [ResultTensor] {
    let item = try #require(Catalogue.cases.first { $0.id == id }, "\(id)")
    return try ReferenceAnswers(models: try RecordedModels.seeded.get().models, workers: .single).answer(item.request)
  }

  private func shapes(_ id: String) throws -> [String] { try results(id).map { "\($0.name) \($0.shape)" } }

  private func integers(_ tensors: [ResultTensor], _ name: String) throws -> [Int] {
    guard case .integers(let values)? = tensors.first(where: { $0.name == name })?.content else {
      Issue.record("no integers \(name)")
      return []
    }
    return values
  }

  @Test func `OPS-2 layout, mask, schedule, metrics and cost have the stated tensors`() throws {
    // n = 13, c = t = 2: 13 + 3·(2 + 4) rows.
    #expect(
      try shapes("structure.layout.c2-t2-n13")
        == ["tokens", "zones", "chunks", "indices", "positions", "labels"].map { "\($0) [1, 31]" })
    #expect(try shapes("structure.mask.c2-t2-n13") == ["mask [1, 31, 31]"])
    #expect(
      try shapes("structure.schedule.c2-t2-n5") == ["events [7, 6]", "entries [7, 6]", "maximum []"])
    #expect(try shapes("structure.metrics.exact") == ["counts [4]"])
    #expect(
      try shapes("structure.cost.c4-t2") == [
        "generation []", "training []", "full_attention []", "reconstruction [7]", "entry_bytes []", "cache_size []",
        "cache_maximum []",
      ])
  }

  @Test func `OPS-2 zones, events and entries are numbered as stated`() throws {
    let layout = try results("structure.layout.c2-t2-n5")
    #expect(try integers(layout, "zones") == [0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 0])
    #expect(try integers(layout, "labels").last == -1)
    let schedule = try results("structure.schedule.c2-t2-n5")
    #expect(
      try integers(schedule, "events") == [
        0, 0, 0, 1, 0, 1, 0, 1, 1, 2, 0, 2, 0, 2, 2, 3, 0, 3, 0, 3, 3, 4, 0, 4, 1, 0, 4, 6, 2, 4, 2, 0, 6, 6, 2, 0, 0,
        4,
        6, 7, 2, 1,
      ])
    #expect(try integers(schedule, "entries").suffix(12) == [4, 5, -1, -1, -1, -1, 4, 5, 6, -1, -1, -1])
  }

  @Test func `OPS-4 the embeddings of the tokens give the logits of the tokens`() throws {
    let item = try #require(Catalogue.cases.first { $0.id == "model.forward.gqa.embeddings" })
    let models = try RecordedModels.seeded.get().models
    let answers = ReferenceAnswers(models: models, workers: .single)
    let rows = try #require(try item.request.trainingBatch().texts.first)
    let table = try #require(models["models/gqa"]?.parameters.tensors[ParameterName.embedding])
    let own = table.selecting(rows: rows.map(\.token))
    func logits(_ more: [NamedArray]) throws -> [Double] {
      let texts = item.request.input.arrays.filter { $0.name != "embeddings" }
      let request = Request(
        .forward, axes: [:], parameters: item.request.parameters, model: item.request.model,
        input: try ArrayFile(texts + more, metadata: [:]), captures: [])
      guard case .doubles(let values)? = try answers.answer(request).first?.content else { return [] }
      return values
    }
    let given = CaseInputs.numbers("embeddings", shape: [1, rows.count, own.columns], own.values)
    #expect(try logits([given]) == logits([]))
    #expect(try logits(item.request.input.arrays.filter { $0.name == "embeddings" }) != logits([]))
  }

  @Test func `OPS-4 answers hold logits and captures, losses, gradients and moments by name`() throws {
    #expect(
      try shapes("model.forward.gqa.captures-hidden")
        == [
          "logits [1, 21, 16]", "hidden.0 [1, 21, 8]", "hidden.1 [1, 21, 8]", "hidden.2 [1, 21, 8]",
          "final_norm [1, 21, 8]",
        ])
    #expect(try shapes("model.loss.gqa.base") == ["language_modelling []", "repetition []"])
    let gradients = try results("training.gradients.mqa-tied.tied").map(\.name)
    #expect(
      gradients.contains("gradients.model.embed_tokens.weight") && !gradients.contains("gradients.lm_head.weight"))
    let step = try results("training.train_step.mha.steps1").map(\.name)
    #expect(step.count == 3 * 21)
    for prefix in ["parameters.", "first_moments.", "second_moments."] {
      #expect(step.contains(prefix + "model.layers.1.self_attn.k_proj.weight"))
    }
  }

  @Test func `OPS-5 forcing what would be chosen changes nothing`() throws {
    let item = try #require(Catalogue.cases.first { $0.id == "generation.generate.gqa.base" })
    let answers = ReferenceAnswers(models: try RecordedModels.seeded.get().models, workers: .single)
    let free = try answers.answer(item.request)
    let chosen = try integers(free, "chosen")
    #expect(chosen.count == 6)
    let forced = try answers.answer(
      Request(
        .generate, axes: [:], parameters: item.request.parameters, model: item.request.model,
        input: try ArrayFile(item.request.input.arrays + [CaseInputs.integers("forced", chosen)], metadata: [:]),
        captures: []))
    #expect(try forced.map { try $0.array() } == free.map { try $0.array() })
    // A prompt of 5 and 5 tokens fed back, c = t = 2: 10 + 2·2 rows fed; 2·2 + 2 entries are left.
    #expect(
      free.map { "\($0.name) \($0.shape)" } == [
        "chosen [6]", "logits [10, 16]", "events [14, 3]", "appended.keys [2, 14, 8]", "appended.values [2, 14, 8]",
        "cache.rows [6]", "cache.keys [2, 6, 8]", "cache.values [2, 6, 8]",
      ])
  }

  @Test func `OPS-6 every rejection case is rejected with its code`() throws {
    let models = try RecordedModels.seeded.get()
    var answers = ReferenceAnswers(models: models.models, workers: .single)
    answers.refusals = models.refusals
    var seen: Set<String> = []
    for item in Catalogue.cases {
      guard case .rejection(let code) = item.expectation else { continue }
      do throws(RequestError) {
        _ = try answers.answer(item.request)
        Issue.record("\(item.id) was answered")
      } catch { #expect(error.rejectionCode == code, "\(item.id)") }
      seen.insert(code)
    }
    // Every code that a request can carry: text-too-long would need a text of half a billion tokens, a profile as an object
    // cannot name an axis twice.
    #expect(seen.count >= 18)
  }
}
