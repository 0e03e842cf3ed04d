// A second Llama decoder for the tests: plain loops over nested arrays and Foundation's functions, nothing shared with the
// reference but the names of the parameters (chapter 8).

import Foundation
import NaiveLlama

struct SecondDecoder {
  let configuration: Configuration
  let weights: [String: Tensor]

  private func matrix(_ name: String) -> [[Double]] {
    guard let tensor = weights[name] else { preconditionFailure(name) }
    return (0..<tensor.rows).map { Array(tensor.row($0)) }
  }

  private func times(_ name: String, _ x: [Double]) -> [Double] {
    matrix(name).map { row in zip(row, x).map { $0 * $1 }.reduce(0, +) }
  }

  private func normed(_ name: String, _ x: [Double]) -> [Double] {
    let root = sqrt(x.map { $0 * $0 }.reduce(0, +) / Double(x.count) + configuration.epsilon)
    return zip(matrix(name)[0], x).map { $0 * $1 / root }
  }

  private func turned(_ x: [Double], position: Int) -> [Double] {
    let d = configuration.heads.dimension
    var y = x
    for head in stride(from: 0, to: x.count, by: d) {
      for i in 0..<d / 2 {
        let angle = Double(position) * pow(configuration.theta, -2 * Double(i) / Double(d))
        y[head + i] = x[head + i] * cos(angle) - x[head + d / 2 + i] * sin(angle)
        y[head + d / 2 + i] = x[head + d / 2 + i] * cos(angle) + x[head + i] * sin(angle)
      }
    }
    return y
  }

  func logits(tokens: [Int], positions: [Int], sees: (Int, Int) -> Bool) -> [[Double]] {
    let d = configuration.heads.dimension
    var hidden = tokens.map { matrix("model.embed_tokens.weight")[$0] }
    for layer in 0..<configuration.layers {
      let prefix = "model.layers.\(layer)."
      let x = hidden.map { normed(prefix + "input_layernorm.weight", $0) }
      let q = zip(x, positions).map { turned(times(prefix + "self_attn.q_proj.weight", $0), position: $1) }
      let k = zip(x, positions).map { turned(times(prefix + "self_attn.k_proj.weight", $0), position: $1) }
      let v = x.map { times(prefix + "self_attn.v_proj.weight", $0) }
      for r in hidden.indices {
        var context: [Double] = []
        for h in 0..<configuration.heads.query {
          let g = h / (configuration.heads.query / configuration.heads.keyValue)
          let seen = hidden.indices.filter { sees(r, $0) }
          let weights = seen.map { s in
            exp((0..<d).map { q[r][h * d + $0] * k[s][g * d + $0] }.reduce(0, +) / sqrt(Double(d)))
          }
          let total = weights.reduce(0, +)
          context += (0..<d).map { i in zip(seen, weights).map { $1 * v[$0][g * d + i] }.reduce(0, +) / total }
        }
        hidden[r] = zip(hidden[r], times(prefix + "self_attn.o_proj.weight", context)).map { $0 + $1 }
      }
      for r in hidden.indices {
        let y = normed(prefix + "post_attention_layernorm.weight", hidden[r])
        let gated = zip(times(prefix + "mlp.gate_proj.weight", y), times(prefix + "mlp.up_proj.weight", y)).map {
          $0 / (1 + exp(-$0)) * $1
        }
        hidden[r] = zip(hidden[r], times(prefix + "mlp.down_proj.weight", gated)).map { $0 + $1 }
      }
    }
    let head = configuration.tiesHead ? "model.embed_tokens.weight" : "lm_head.weight"
    return hidden.map { times(head, normed("model.norm.weight", $0)) }
  }
}
