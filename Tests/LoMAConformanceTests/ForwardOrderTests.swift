// Which of many wrong gradients is told.

import LoMAVectors
import Testing
@testable import LoMAJudgement

@testable import LoMAConformance

@Suite("Chapter 14: the order of the forward pass")
struct ForwardOrderTests {
  /// A recorded answer with 1 added to the first number of some tensors.
  private func result(_ id: String, wrong: [String: Double]) throws -> CaseResult {
    var answer = try Recorded.answer(try Recorded.item(id), "f64")
    for (name, error) in wrong { answer = try answer.changing(name, at: 0) { $0 + error } }
    return try Recorded.result(id, "f64", [.tensors(answer)])
  }

  @Test func `RUN-30 of wrong gradients the last in the order of the forward pass is told`() throws {
    let names = [
      "model.embed_tokens", "model.layers.0.input_layernorm", "model.layers.0.self_attn.q_proj",
      "model.layers.0.self_attn.k_proj", "model.layers.0.self_attn.v_proj", "model.layers.0.self_attn.o_proj",
      "model.layers.0.post_attention_layernorm", "model.layers.0.mlp.gate_proj", "model.layers.0.mlp.up_proj",
      "model.layers.0.mlp.down_proj", "model.layers.1.input_layernorm", "model.layers.1.mlp.down_proj", "model.norm",
      "lm_head",
    ].map { "gradients.\($0).weight" }
    for count in 1...names.count {
      let wrong = Dictionary(uniqueKeysWithValues: names.prefix(count).map { ($0, 1.0) })
      let result = try result("training.gradients.mha.ragged", wrong: wrong)
      #expect(result.finding?.tensor == names[count - 1])
      let rest =
        count == 1 ? " is wrong" : ", the last in the order of the forward pass, and \(count - 1) more are wrong"
      #expect(result.why == names[count - 1] + rest)
    }
    // What a rounding may do is behind what is clear.
    let faint = try result("training.gradients.mha.ragged", wrong: [names[0]: 1, names[13]: 1e-12])
    let bound = try #require(faint.tensors.first { $0.name == names[13] })
    let barely = 1e-12 * 1.5 / bound.ratio
    let told = try result("training.gradients.mha.ragged", wrong: [names[0]: 1, names[13]: barely])
    #expect(told.finding?.tensor == names[0] && told.tensors.contains { $0.name == names[13] && $0.ratio > 1 })
  }

  @Test func `RUN-30 of an optimiser's wrong tables the first moments are told first`() throws {
    let norm = "model.norm.weight"
    let wrong = ["parameters.lm_head.weight": 1.0, "second_moments.lm_head.weight": 1, "first_moments." + norm: 1]
    #expect(try result("training.train_step.mha.steps1", wrong: wrong).finding?.tensor == "first_moments." + norm)
    let step = try result("training.train_step.mha.steps1", wrong: ["parameters.lm_head.weight": 1])
    #expect(step.why == "parameters.lm_head.weight is wrong")
    // Of other operations the first tensor in the manifest's order.
    let loss = try result("model.forward.gqa.c2-t2", wrong: ["logits": 1])
    #expect(loss.finding?.tensor == "logits")
  }
}
