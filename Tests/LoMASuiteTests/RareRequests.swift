// Requests for mistakes that few requests leave room for: long texts, odd models, bad input, long sums.

import LoMA
import LoMAVectors
import NaiveLlama

@testable import LoMAAnswers
@testable import LoMACatalogue

enum RareRequests {
  /// Models with θ that is no integer, weights that bf16 does not hold, logits beyond 100, and
  /// logits that f32 takes for equal.
  static func models(beside others: [String: Model]) throws -> [String: Model] {
    var models = others
    let model = try CaseModel.gqa.inMemory()
    let shape = model.configuration
    let odd = try Configuration(
      vocabularySize: shape.vocabularySize, hiddenSize: shape.hiddenSize, intermediateSize: shape.intermediateSize,
      layers: shape.layers, queryHeads: shape.heads.query, keyValueHeads: shape.heads.keyValue,
      headDimension: shape.heads.dimension, epsilon: shape.epsilon, theta: 12345.5, tiesHead: false)
    let fine = ParameterSet(
      model.parameters.tensors.mapValues { Tensor(shape: $0.shape, values: $0.values.map { $0 * (1 + 0x1p-20) }) })
    models["models/odd"] = Model(configuration: odd, parameters: fine)
    let mha = try CaseModel.mha.inMemory()
    var steep = mha.parameters
    // Logits, and gradients with them, 64 times as large.
    steep.tensors[ParameterName.head] = steep.tensors[ParameterName.head].map { head in
      Tensor(shape: head.shape, values: head.values.map { $0 * 64 })
    }
    models["models/steep"] = Model(configuration: mha.configuration, parameters: steep)
    let ties = try CaseModel.ties.inMemory()
    var parameters = ties.parameters
    var head = Tensor(zeros: [ties.configuration.vocabularySize, ties.configuration.hiddenSize])
    // Ids 0 to 3 score a little less than those that are 4 and 8 more, where they score above 0.
    for id in 0..<11 { head[id, id % 4] = id < 4 ? 1 - 0x1p-40 : 1 }
    parameters.tensors[ParameterName.head] = head
    models["models/close"] = Model(configuration: ties.configuration, parameters: parameters)
    return models
  }

  private static func request(
    _ operation: Operation, _ model: CaseModel, c: Int, t: Int, _ lengths: [Int], axes: [String: String] = [:],
    forced: [Int]? = nil, _ parameters: [String: RequestParameter] = [:]
  ) -> Request {
    let right = ModelCases.request(
      operation, model, c: c, t: t, CaseInputs.texts(lengths, below: 11, seed: 5), .base,
      more: forced.map { [CaseInputs.integers("forced", $0)] } ?? [], parameters: parameters)
    return right.with(axes: axes)
  }

  private static func on(_ path: String, _ request: Request) -> Request {
    Request(
      request.operation, axes: request.axes, parameters: request.parameters, model: path, input: request.input,
      captures: request.captures)
  }

  private static let steps: [String: RequestParameter] = [
    "steps": .integer(2), "learning_rate": .real(0x1p-7), "beta1": .real(0.875), "beta2": .real(0.9375),
    "adam_epsilon": .real(0x1p-10), "weight_decay": .real(0.125),
  ]

  /// By mutant; every other one differs on a case of the catalogue.
  static var all: [String: Request] {
    let none: [String: RequestParameter] = ["generate": .integer(0)]
    let far = request(.generate, .shallow, c: 64, t: 8, [1100], axes: ["numbering": "sequential"], none)
    let short = request(.forward, .gqa, c: 2, t: 2, [1, 13, 4])
    let odd = on("models/odd", short)
    let many = request(.generate, .shallow, c: 1, t: 1, [20], none)
    let long = request(.forward, .shallow, c: 16, t: 4, [70])
    // 34 rows a chunk, so that row 128 recites: it sees its memory in the tile before and nothing in the first one.
    let rows = request(.forward, .shallow, c: 8, t: 2, [80])
    return [
      "M077": hiddenKey,
      "M211": request(
        .forward, .deep, c: 2, t: 2, [13], axes: ["memory_context": "own_chunk", "memory_attention": "causal"]),
      "M201": short, "M202": short, "M214": rows, "M215": tiled, "M221": far, "M240": far, "M223": many, "M228": many,
      "M225": long, "M226": long, "M250": odd, "M251": odd, "M238": odd, "M239": odd,
      "M237": on("models/close", request(.generate, .ties, c: 2, t: 2, [5], ["generate": .integer(3)])),
      "M243": crossEntropy(rows: 1, columns: 16) { $0 == 3 ? 100 : 0 },
      "M253": Request(
        .forward, axes: [:], parameters: short.parameters.adding(["repetition_token": .integer(12)]),
        model: short.model,
        input: short.input, captures: []),
      "M258": request(.trainStep, .mha, c: 2, t: 2, [9], steps.adding(["beta1": .real(0.75)])),
      "M274": request(.trainStep, .mqa, c: 2, t: 2, [9], steps),
      "M277": on("models/steep", request(.gradients, .mha, c: 2, t: 2, [9])),
      "M285": request(.generate, .mha, c: 2, t: 2, [0], none),
      "M290": request(.generate, .gqa, c: 2, t: 1, [3], forced: [1, 2, 3, 4, 5, 6], ["generate": .integer(6)]),
      "M292": request(.generate, .gqa, c: 2, t: 1, [3], forced: [1, 11, 3], ["generate": .integer(3)]),
      "M296": request(.forward, .gqa, c: 2, t: 1, [3], ["c": .integer(0), "text_vocabulary": .integer(2)]),
    ]
  }

  /// Attention of two rows that see themselves, the first of which would score 46,341 with the other.
  private static var hiddenKey: Request {
    Request(
      .attention, axes: [:], parameters: ["heads": .integer(1), "kv_heads": .integer(1)], model: nil,
      input: CaseInputs.file([
        CaseInputs.numbers("q", shape: [2, 2], [256, 0, 0, 0]),
        CaseInputs.numbers("k", shape: [2, 2], [0, 0, 256, 0]),
        CaseInputs.numbers("v", shape: [2, 2], [1, 2, 3, 4]),
        CaseInputs.mask("mask", [true, false, false, true], rows: 2),
      ]), captures: [])
  }

  /// Attention of 273 rows: at every border of tiles of 16, 32, 64 and 128 some repetition row sees few keys.
  static var manyRows: Request {
    StageRequests.attention(
      heads: 2, keyValueHeads: 1, d: 2, c: 6, t: 1, n: 126, profile: .base, deviation: 1, seed: 6)
  }

  /// Attention in which row 256 sees nothing before row 128, and row 257 does.
  private static var tiled: Request {
    let rows = 258
    let cells = (0..<rows).flatMap { query in
      (0..<rows).map { key in query == key || query == 257 && key == 0 || query == 256 && key == 128 }
    }
    return Request(
      .attention, axes: [:], parameters: ["heads": .integer(1), "kv_heads": .integer(1)], model: nil,
      input: CaseInputs.file(
        ["q", "k", "v"].enumerated().map { index, name in
          CaseInputs.normal(name, shape: [rows, 2], deviation: 1, mean: 0, seed: UInt64(index))
        } + [CaseInputs.mask("mask", cells, rows: rows)]), captures: [])
  }

  static func crossEntropy(rows: Int, columns: Int, _ logit: (Int) -> Double) -> Request {
    Request(
      .crossEntropy, axes: [:], parameters: [:], model: nil,
      input: CaseInputs.file([
        CaseInputs.numbers(
          "logits", shape: [rows, columns], (0..<rows).flatMap { _ in (0..<columns).map { logit($0) } }),
        CaseInputs.integers("labels", Array(repeating: 1, count: rows)),
      ]), captures: [])
  }

  /// Long sums by mutant.
  static var longSums: [(String, [(String, Request)])] {
    [
      (
        "M244",
        [256, 1024, 4096].map { ("feed_forward M=1 D=\($0)", feedForward($0)) }
          + [("feed_forward M=1 D=4096, all alike", alike(4096))]
      ),
      ("M245", [("attention of 512 like keys", likeKeys)]),
      ("M246", [("rms_norm D=4096", norm(4096))]),
      ("M247", [("cross_entropy V=8192", crossEntropy(rows: 1, columns: 8192) { _ in 0 })]),
    ]
  }

  private static func feedForward(_ width: Int) -> Request {
    func normal(_ name: String, _ rows: Int, _ columns: Int, _ deviation: Double, _ seed: UInt64) -> NamedArray {
      CaseInputs.normal(name, shape: [rows, columns], deviation: deviation, mean: 0, seed: seed)
    }
    let deviation = 1 / Double(width).squareRoot()
    return Request(
      .feedForward, axes: [:], parameters: [:], model: nil,
      input: CaseInputs.file([
        normal("x", 4, width, 1, 1), normal("gate", 1, width, deviation, 2), normal("up", 1, width, deviation, 3),
        normal("down", width, 1, 1, 4),
      ]), captures: [])
  }

  /// Terms of one size, so that what is added to a long sum falls away.
  private static func alike(_ width: Int) -> Request {
    func equal(_ name: String, _ rows: Int, _ columns: Int, _ value: Double) -> NamedArray {
      CaseInputs.numbers(
        name, shape: [rows, columns], [Double](repeating: value, count: rows * columns))
    }
    return Request(
      .feedForward, axes: [:], parameters: [:], model: nil,
      input: CaseInputs.file([
        equal("x", 1, width, 1), equal("gate", 1, width, 1 / Double(width)), equal("up", 1, width, 1 / Double(width)),
        equal("down", width, 1, 1),
      ]), captures: [])
  }

  private static func norm(_ width: Int) -> Request {
    Request(
      .rmsNorm, axes: [:], parameters: ["epsilon": .real(0x1p-14)], model: nil,
      input: CaseInputs.file([
        CaseInputs.normal("x", shape: [2, width], deviation: 1, mean: 0, seed: 1),
        CaseInputs.normal("gain", shape: [width], deviation: 0.5, mean: 1, seed: 2),
      ]), captures: [])
  }

  /// One key and value 512 times; the last row sees all of them.
  private static var likeKeys: Request {
    let rows = 512
    let cells = (0..<rows).flatMap { query in (0..<rows).map { key in query == key || query == rows - 1 } }
    func repeated(_ name: String, _ row: [Double]) -> NamedArray {
      CaseInputs.numbers(name, shape: [rows, row.count], (0..<rows).flatMap { _ in row })
    }
    return Request(
      .attention, axes: [:], parameters: ["heads": .integer(1), "kv_heads": .integer(1)], model: nil,
      input: CaseInputs.file([
        repeated("q", [1, 0.5]), repeated("k", [0.5, 1]), repeated("v", [0x1.1ap0, 1.5]),
        CaseInputs.mask("mask", cells, rows: rows),
      ]), captures: [])
  }
}
