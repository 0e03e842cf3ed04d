// Chapter 11: stages answered from requests, and requests that do not fit.

import LoMA
import LoMAVectors
import NaiveLlama
import Testing

@testable import LoMAAnswers

@Suite("11 Operations: stages")
struct StageAnswerTests {
  let answers = ReferenceAnswers(models: [:], workers: .single)

  static func request(
    _ operation: Operation, _ parameters: [String: RequestParameter], _ tensors: [(String, Tensor)],
    positions: [Int]? = nil, mask: [[Bool]]? = nil
  ) throws -> Request {
    var arrays = try tensors.map { try NamedArray($0.0, .f32, shape: $0.1.shape, doubles: $0.1.values) }
    if let positions {
      arrays.append(try NamedArray("positions", .i64, shape: [positions.count], integers: positions))
    }
    if let mask {
      arrays.append(try NamedArray("mask", shape: [mask.count, mask.count], booleans: mask.flatMap { $0 }))
    }
    return Request(
      operation, axes: [:], parameters: parameters, model: nil, input: try ArrayFile(arrays, metadata: [:]),
      captures: [])
  }

  static func layer(_ input: StageInput, without: String? = nil) throws -> Request {
    let names: [(String, KeyPath<LayerParameterNames, String>)] = [
      ("input_layernorm", \.attentionNorm), ("post_attention_layernorm", \.feedForwardNorm), ("q_proj", \.query),
      ("k_proj", \.key), ("v_proj", \.value), ("o_proj", \.attentionOutput), ("gate_proj", \.gate),
      ("up_proj", \.up), ("down_proj", \.down),
    ]
    let weights = try names.filter { $0.0 != without }.map { ($0.0, try input.weight($0.1)) }
    return try request(
      .decoderLayer,
      [
        "heads": .integer(input.heads.query), "kv_heads": .integer(input.heads.keyValue),
        "epsilon": .real(input.configuration.epsilon), "theta": .integer(10_000),
      ], [("x", input.x)] + weights, positions: input.positions, mask: input.mask)
  }

  @Test func `OPS-3 a decoder layer is answered by the decoder, with the units of its parts`() throws {
    for seed in 0..<UInt64(50) {
      let input = try StageInput(seed: seed)
      let tensors = try answers.answer(Self.layer(input))
      let expected = try input.bounded(.decoderLayer)[0]
      #expect(tensors.map(\.name) == ["y", "y.accumulation", "y.rounding"])
      let parts = [expected.value, expected.accumulation, expected.rounding]
      for (tensor, part) in zip(tensors, parts) {
        guard case .doubles(let values) = tensor.content else { throw RequestError.tensor(.emptyName) }
        #expect(tensor.shape == part.shape)
        #expect(values == part.values)
      }
    }
  }

  @Test func `OPS-3 what does not fit is named`() throws {
    let x = Tensor(shape: [2, 4], values: [1, 2, 3, 4, 5, 6, 7, 8])
    func problem(_ request: Request) -> String {
      do { return "\(try answers.answer(request).count) tensors" } catch { return "\(error)" }
    }
    let gain = Tensor(shape: [4], values: [1, 1, 1, 1])
    #expect(problem(try Self.request(.rmsNorm, ["epsilon": .real(0)], [("x", x), ("gain", gain)])) == "3 tensors")
    #expect(problem(try Self.request(.rmsNorm, [:], [("x", x), ("gain", gain)])) == "missing-parameter: epsilon")
    #expect(problem(try Self.request(.rmsNorm, ["epsilon": .real(0)], [("x", x), ("gain", x)])) == "bad-shape: gain")
    let rope: [String: RequestParameter] = ["head_dim": .integer(4), "theta": .integer(10_000)]
    #expect(problem(try Self.request(.rope, rope, [("x", x)], positions: [0, 1])) == "3 tensors")
    #expect(problem(try Self.request(.rope, rope, [("x", x)], positions: [0])) == "bad-shape: positions")
    #expect(
      problem(try Self.request(.rope, ["head_dim": .integer(3), "theta": .integer(2)], [("x", x)], positions: [0, 1]))
        == "missing-parameter: head_dim")
    let heads: [String: RequestParameter] = ["heads": .integer(2), "kv_heads": .integer(2)]
    let qkv = [("q", x), ("k", x), ("v", x)]
    let causal = [[true, false], [true, true]]
    #expect(problem(try Self.request(.attention, heads, qkv, mask: causal)) == "6 tensors")
    #expect(
      problem(try Self.request(.attention, heads, qkv, mask: [[false, false], [true, true]])) == "bad-shape: mask")
    #expect(
      problem(try Self.request(.attention, ["heads": .integer(2), "kv_heads": .integer(3)], qkv, mask: causal))
        == "missing-parameter: kv_heads")
    #expect(
      problem(try Self.request(.feedForward, [:], [("x", x), ("gate", x), ("up", x), ("down", x)]))
        == "bad-shape: down")
    #expect(problem(try Self.layer(try StageInput(seed: 1), without: "up_proj")).hasPrefix("bad-tensor: "))
  }
}
