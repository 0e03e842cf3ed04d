// MOD-10 to MOD-13: biases, norms of queries and keys, and position limits, against plain loops and central differences.

import NaiveLlama
import Testing

@Suite struct FamilyTests {
  private func configuration(
    _ family: ModelFamily = .llama, scaling: RotationScaling = .none, biases: Biases = [], norms: Bool = false,
    maximumPositions: Int? = nil, slidingWindow: Int? = nil
  ) throws -> Configuration {
    try Configuration(
      vocabularySize: 7, hiddenSize: 6, intermediateSize: 5, layers: 2, queryHeads: 4, keyValueHeads: 2,
      headDimension: 4, epsilon: 0x1p-10, theta: 100, tiesHead: false, family: family, scaling: scaling,
      biases: biases, normalisesQueriesAndKeys: norms, maximumPositions: maximumPositions,
      slidingWindow: slidingWindow)
  }

  private func weights(_ configuration: Configuration) -> ParameterSet {
    var numbers = SeededNumbers(seed: 5)
    return .highVariance(configuration, numbers: &numbers)
  }

  private func model(_ configuration: Configuration, _ parameters: ParameterSet) -> Transformer {
    Transformer(configuration: configuration, weights: Weights(parameters), functions: .llama(workers: .single))
  }

  private static let tokens = [3, 1, 4, 1, 5]
  private static let positions = [0, 1, 4, 2, 9]
  private static let visible = VisibleKeys(lists: (0..<5).map { Array(0...$0) }, keyCount: 5)

  private func logits(_ configuration: Configuration, _ parameters: ParameterSet) throws -> Tensor {
    let model = model(configuration, parameters)
    return try model.forward(
      embeddings: try model.embed(Self.tokens), positions: Self.positions, visible: Self.visible, past: model.noPast
    ).logits
  }

  @Test func `MOD-10 MOD-11 a family's parameters stand beside a Llama's, each after the weight it follows`() throws {
    let plain = try configuration().parameters.map { $0.name }
    let biased = try configuration(biases: [.attention, .feedForward]).parameters
    #expect(biased.filter { plain.contains($0.name) }.map { $0.name } == plain)
    let added = biased.filter { !plain.contains($0.name) && $0.name.contains("layers.0") }
    #expect(
      added.map { $0.name } == [
        "q", "k", "v", "o",
      ].map { "model.layers.0.self_attn.\($0)_proj.bias" }
        + ["gate", "up", "down"].map { "model.layers.0.mlp.\($0)_proj.bias" })
    #expect(added.map { $0.shape } == [[16], [8], [8], [6], [5], [5], [6]])
    let normed = try configuration(.qwen3, norms: true).parameters.filter { !plain.contains($0.name) }
    #expect(normed.map { $0.shape } == [[4], [4], [4], [4]])
    #expect(normed[0].name == "model.layers.0.self_attn.q_norm.weight")
    #expect(
      try configuration(biases: .inputs).with(layers: 1).parameters.filter { $0.name.hasSuffix("bias") }.count == 3)
  }

  @Test func `MOD-10 biases of 0 and gains of 1 leave what they should leave`() throws {
    let plain = try configuration()
    let biased = try configuration(biases: [.attention, .feedForward])
    var parameters = weights(plain)
    for (name, shape) in biased.parameters where parameters.tensors[name] == nil {
      parameters.tensors[name] = Tensor(zeros: shape)
    }
    #expect(try logits(biased, parameters).values == logits(plain, weights(plain)).values)
    // A bias of the head's direction moves the logits.
    parameters.tensors["model.layers.1.mlp.down_proj.bias"]?.values[0] = 1
    #expect(try logits(biased, parameters).values != logits(plain, weights(plain)).values)
  }

  @Test func `MOD-10 MOD-11 queries are biased, then normalised by head, then rotated`() throws {
    var numbers = SeededNumbers(seed: 8)
    func draw(_ shape: [Int]) -> Tensor {
      Tensor(shape: shape, values: numbers.deviates(shape.reduce(1, *), mean: 0, standardDeviation: 1))
    }
    let (product, bias, gain) = (draw([3, 8]), draw([8]).values, draw([4]).values)
    let angles = RotaryAngles(positions: [2, 0, 7], rotation: Rotation(headDimension: 4, theta: 100))
    let turned = LayerFunctions.llama(workers: .single).turn(
      HeadProjection(product: product, bias: bias, gain: gain, epsilon: 0.25, angles: angles))
    for row in 0..<3 {
      for head in 0..<2 {
        let x = (0..<4).map { product[row, head * 4 + $0] + bias[head * 4 + $0] }
        let root = (x.reduce(0) { $0 + $1 * $1 } / 4 + 0.25).squareRoot()
        let y = (0..<4).map { x[$0] / root * gain[$0] }
        for i in 0..<2 {
          let (c, s) = (angles.cosines[row, i], angles.sines[row, i])
          let (first, second) = (y[i] * c - y[i + 2] * s, y[i + 2] * c + y[i] * s)
          let got = (turned[row, head * 4 + i], turned[row, head * 4 + i + 2])
          #expect((got.0 - first).magnitude < 1e-15 && (got.1 - second).magnitude < 1e-15)
        }
      }
    }
  }

  /// Families of which every gradient is checked; yarn's factor stretches gradients too.
  private static let differentiated: [(ModelFamily, RotationScaling, Biases, Bool)] = [
    (.llama, .none, [.attention, .feedForward], false), (.qwen2, .none, .inputs, false),
    (.qwen3, .none, .attention, true),
    (.llama, .yarn(YarnScaling(factor: 4, originalPositions: 16)), [], false),
    (.qwen3, .yarn(YarnScaling(factor: 4, originalPositions: 16)), [], true),
  ]

  @Test(arguments: differentiated.indices)
  func `MOD-9 MOD-10 MOD-11 every gradient agrees with central differences to 1e-7`(_ index: Int) throws {
    let (family, scaling, biases, norms) = Self.differentiated[index]
    let configuration = try configuration(family, scaling: scaling, biases: biases, norms: norms)
    let parameters = weights(configuration)
    let model = model(configuration, parameters)
    let trace = try model.forward(
      embeddings: try model.embed(Self.tokens), positions: Self.positions, visible: Self.visible, past: model.noPast)
    // The loss is a fixed linear function of the logits, so that its gradient needs no formula of its own.
    var numbers = SeededNumbers(seed: 9)
    let dLogits = Tensor(shape: [5, 7], values: numbers.deviates(35, mean: 0, standardDeviation: 1))
    let gradients = try model.backward(
      dLogits, trace: trace, tokens: Self.tokens, positions: Self.positions, visible: Self.visible
    ).parameters
    func loss(_ parameters: ParameterSet) throws -> Double {
      zip(try logits(configuration, parameters).values, dLogits.values).reduce(0) { $0 + $1.0 * $1.1 }
    }
    let step = 0x1p-18
    for name in parameters.names {
      let gradient = try #require(gradients.tensors[name])
      let largest = gradient.values.map { $0.magnitude }.max() ?? 0
      #expect(largest > 0, "\(name) has no gradient")
      for i in gradient.values.indices {
        var (above, below) = (parameters, parameters)
        above.tensors[name]?.values[i] += step
        below.tensors[name]?.values[i] -= step
        let difference = (try loss(above) - loss(below)) / (2 * step)
        #expect((difference - gradient.values[i]).magnitude <= 1e-7 * largest, "\(name) at \(i)")
      }
    }
  }

  @Test func `MOD-8 MOD-13 a row at or beyond the limit is refused with its position`() throws {
    let dynamic = try configuration(scaling: .dynamic(factor: 2), maximumPositions: 9)
    #expect(throws: ModelError.positionBeyondLimit(position: 9, key: "max_position_embeddings", limit: 9)) {
      try logits(dynamic, weights(dynamic))
    }
    let window = try configuration(.mistral, maximumPositions: 4, slidingWindow: 9)
    #expect(throws: ModelError.positionBeyondLimit(position: 9, key: "sliding_window", limit: 9)) {
      try logits(window, weights(window))
    }
    // One more is enough, and the rows are then those of the plain model.
    let plain = try configuration()
    for wide in [
      try configuration(scaling: .dynamic(factor: 2), maximumPositions: 10),
      try configuration(.mistral, slidingWindow: 10),
    ] {
      #expect(try logits(wide, weights(wide)).values == logits(plain, weights(plain)).values)
    }
    #expect(plain.isPlain && !dynamic.isPlain && !window.isPlain)
  }

  @Test func `MOD-10 drawn biases have deviation 1, and training begins without any`() throws {
    let configuration = try configuration(.qwen2, biases: .inputs)
    let drawn = try #require(weights(configuration).tensors["model.layers.0.self_attn.q_proj.bias"])
    #expect(drawn.values.contains { $0 < 0 } && drawn.values.contains { $0 > 0 })
    var numbers = SeededNumbers(seed: 1)
    let initial = ParameterSet.initial(configuration, numbers: &numbers)
    #expect(initial.tensors["model.layers.0.self_attn.q_proj.bias"]?.values.allSatisfy { $0 == 0 } == true)
    #expect(initial.tensors["model.layers.0.input_layernorm.weight"]?.values.allSatisfy { $0 == 1 } == true)
  }
}
