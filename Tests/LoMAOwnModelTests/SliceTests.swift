// OWN-2, OWN-8: layers asked alone.

import Foundation
import LoMA
import LoMAModels
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAOwnModel

@Suite("OWN: slices")
struct SliceTests {
  /// A slice's checkpoint, loaded as a checkpoint of its own.
  private func withCheckpoint<Value>(
    _ name: String, layer: Int, _ body: (Checkpoint) throws -> Value
  ) throws -> Value {
    let folder = OwnFixtures.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try OwnSlice.writeCheckpoint(
      of: try OwnFixtures.model(name), from: OwnFixtures.models + "/" + name, layer: layer, into: folder)
    return try body(try Checkpoint(directory: folder))
  }

  @Test(arguments: ["text-c4", "gqa", "mqa-tied"])
  func `OWN-2 the checkpoint of a layer has the bytes of the whole`(name: String) throws {
    let whole = try OwnFixtures.model(name).checkpoint
    let last = whole.configuration.layers - 1
    try withCheckpoint(name, layer: last) { slice in
      #expect(slice.configuration.layers == 1)
      #expect(slice.configuration.heads == whole.configuration.heads)
      #expect(slice.configuration.tiesHead == whole.configuration.tiesHead)
      #expect(slice.file.loma == whole.file.loma)
      for (parameter, _) in slice.configuration.parameters {
        let source = parameter.replacingOccurrences(of: "layers.0.", with: "layers.\(last).")
        let (copy, stored) = (try slice.stored(parameter), try whole.stored(source))
        #expect(copy.bytes == stored.bytes && copy.elementType == stored.elementType && copy.shape == stored.shape)
      }
    }
    #expect(throws: OwnError.noSuchLayer(9, layers: last + 1)) { try withCheckpoint(name, layer: 9) { _ in } }
  }

  @Test func `OWN-2 the reference answers a layer asked alone without error`() throws {
    // Its one-layer checkpoint through the ordinary forward, beside layer N of the whole model.
    for layer in 0..<3 {
      let plan = try OwnFixtures.plan("text-c4", [.f32], .none)
      try OwnFixtures.withYardstick(plan) { yardstick in
        let slice = try OwnSlice(
          computing: yardstick, layer: layer, type: .f32, alternatives: [], workers: .single
        ) { _ in }
        try withCheckpoint("text-c4", layer: layer) { checkpoint in
          let answer = try OwnFixtures.answer(
            slice.question(capturing: true), yardstick, .llama(workers: .single), embeddings: slice.embeddings,
            parameters: try checkpoint.parameters(), configuration: checkpoint.configuration)
          OwnFixtures.expectForm(answer, slice.question(capturing: true).form)
          let findings = try slice.judge(answer: answer)
          #expect(findings.measurements.count == 5)
          #expect(findings.measurements.allSatisfy { $0.error == 0 && $0.rule == .sliceRow })
        }
      }
    }
  }

  @Test(arguments: [ElementType.f32, .bf16, .f16])
  func `OWN-2 right ports of a layer are right, and what it decides is named`(type: ElementType) throws {
    let plan = try OwnFixtures.plan("text-c4", [type], .axes)
    try OwnFixtures.withYardstick(plan) { yardstick in
      let slice = try OwnSlice(
        computing: yardstick, layer: 1, type: type, alternatives: plan.alternatives, workers: Workers(threads: 2)
      ) { _ in }
      #expect(slice.embeddings.shape == [1, 183, 64])
      let format = try #require(NumberFormat.of(type))
      #expect(format.nearest(slice.embeddings, saturating: false) == slice.embeddings)
      try withCheckpoint("text-c4", layer: 1) { checkpoint in
        for capturing in [true, false] {
          let answer = try OwnFixtures.answer(
            slice.question(capturing: capturing), yardstick, try OwnFixtures.port(type, seed: 3),
            embeddings: slice.embeddings, parameters: try checkpoint.parameters(),
            configuration: checkpoint.configuration)
          let findings = try slice.judge(answer: answer)
          let verdict = OwnVerdict(plan: plan, type: type, findings: [findings], chaotic: true)
          #expect(verdict.kind == .right, "\(verdict.sentence)")
        }
        var decided = 0
        for known in slice.decidability where known.isDecidable(capturing: false) {
          var form = try PassForm(plan, yardstick.text, workers: .single)
          form.functions = try OwnFixtures.port(type, seed: 5)
          #expect(known.alternative.change(&form, plan, yardstick.text))
          let model = Transformer(
            configuration: checkpoint.configuration, weights: checkpoint.weights, functions: form.functions)
          let trace = try model.forward(
            embeddings: Tensor(shape: [183, 64], values: slice.embeddings.values),
            positions: form.rows.map { $0.position }, visible: form.visible, past: model.noPast)
          let answer = [
            try NamedArray("logits", .f64, shape: [1, 183, 258], doubles: trace.logits.values)
          ]
          let findings = try slice.judge(answer: answer)
          let verdict = OwnVerdict(plan: plan, type: type, findings: [findings], chaotic: true)
          #expect(verdict.kind == .wrong, "\(known.alternative.id): \(verdict.sentence)")
          #expect(verdict.names.contains(known.alternative))
          decided += 1
        }
        #expect(decided >= 6, "\(decided)")
      }
    }
  }
}
