// Spec chapter 16: conditional LoRA and the adapter, CCM-20…CCM-22.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama
import Testing

@Suite("16 CCM: conditional LoRA") struct ConditionalLinearTests {
  private func drawn(_ shape: [Int], seed: UInt64) -> Tensor {
    var numbers = SeededNumbers(seed: seed)
    return Tensor(
      shape: shape, values: (0..<shape.reduce(1, *)).map { _ in numbers.deviate(mean: 0, standardDeviation: 1) })
  }

  private let functions = LayerFunctions.llama(workers: .single)

  @Test func `CCM-20 by hand: Wx, and half of B(Ax) where the gate is open`() {
    let x = Tensor(rows: [[1, 2], [1, 2]], width: 2)
    let weight = Tensor(rows: [[1, 1], [0, 3], [2, 0]], width: 2)
    let update = LowRankUpdate(
      a: Tensor(rows: [[3, 1]], width: 2), b: Tensor(rows: [[2], [0], [-4]], width: 1), scale: 0.5)
    let y = ConditionalLinear.forward(x, weight: weight, update: update, gates: [false, true], functions: functions)
    // Ax = 5, B(Ax) = (10, 0, −20).
    #expect(y == Tensor(rows: [[3, 6, 2], [8, 6, -8]], width: 3))
  }

  @Test func `CCM-20 the update is that of the weight W + scale·BA, on open rows alone`() {
    let (x, w) = (drawn([5, 6], seed: 1), drawn([4, 6], seed: 2))
    let (a, b, scale) = (drawn([3, 6], seed: 3), drawn([4, 3], seed: 4), 0.75)
    var whole = w
    for o in 0..<4 {
      for i in 0..<6 { for k in 0..<3 { whole[o, i] += scale * b[o, k] * a[k, i] } }
    }
    let gates = [true, false, true, true, false]
    let y = ConditionalLinear.forward(
      x, weight: w, update: LowRankUpdate(a: a, b: b, scale: scale), gates: gates, functions: functions)
    let (base, updated) = (functions.linear(x, weight: w), functions.linear(x, weight: whole))
    for row in 0..<5 where !gates[row] { #expect(y.bits([row]) == base.bits([row])) }
    for row in 0..<5 where gates[row] {
      for (left, right) in zip(y.row(row), updated.row(row)) { #expect((left - right).magnitude < 1e-13) }
      #expect(y.bits([row]) != base.bits([row]))
    }
  }

  @Test func `CCM-20 every line of the layer is rounded once`() {
    var rounding = functions
    rounding.round = { x in Tensor(shape: x.shape, values: x.values.map { $0.rounded() }) }
    let update = LowRankUpdate(
      a: Tensor(rows: [[0.6]], width: 1), b: Tensor(rows: [[1.4]], width: 1), scale: 1.4)
    let y = ConditionalLinear.forward(
      Tensor(rows: [[1]], width: 1), weight: Tensor(rows: [[10.4]], width: 1), update: update, gates: [true],
      functions: rounding)
    // Wx = 10, Ax = 1, B(Ax) = 1, scaled 1, together 11; one rounding of 10.4 + 1.176 would give 12.
    #expect(y.values == [11])
  }

  @Test func `CCM-20 the gradients of x, W, A and B agree with central differences`() throws {
    let inputs = [drawn([4, 5], seed: 5), drawn([3, 5], seed: 6), drawn([2, 5], seed: 7), drawn([3, 2], seed: 8)]
    let (dy, gates) = (drawn([4, 3], seed: 9), [true, false, false, true])
    func sum(_ inputs: [Tensor]) -> Double {
      let y = ConditionalLinear.forward(
        inputs[0], weight: inputs[1], update: LowRankUpdate(a: inputs[2], b: inputs[3], scale: 1.5), gates: gates,
        functions: functions)
      return zip(y.values, dy.values).reduce(0) { $0 + $1.0 * $1.1 }
    }
    let d = ConditionalLinear.backward(
      dy, input: inputs[0], weight: inputs[1], update: LowRankUpdate(a: inputs[2], b: inputs[3], scale: 1.5),
      gates: gates, functions: functions)
    for (which, gradient) in [d.input, d.weight, try #require(d.a), try #require(d.b)].enumerated() {
      #expect(gradient.shape == inputs[which].shape)
      for i in gradient.values.indices {
        var (above, below) = (inputs, inputs)
        above[which].values[i] += 0x1p-10
        below[which].values[i] -= 0x1p-10
        // The layer is linear in each input, so the difference is exact but for rounding.
        #expect(((sum(above) - sum(below)) * 0x1p9 - gradient.values[i]).magnitude < 1e-10)
      }
    }
    let closed = ConditionalLinear.backward(
      dy, input: inputs[0], weight: inputs[1], update: LowRankUpdate(a: inputs[2], b: inputs[3], scale: 1.5),
      gates: [false, false, false, false], functions: functions)
    let base = functions.linearBackward(dy, input: inputs[0], weight: inputs[1])
    #expect(closed.input == base.input && closed.weight == base.weight && closed.b?.largest == 0)
  }

  @Test func `CCM-20 the scale is alpha over r, and r is at least one`() throws {
    #expect(try AdapterSettings(rank: 8, alpha: 16).scale == 2)
    #expect(throws: PeerReferenceError.rankBelowOne(0)) { try AdapterSettings(rank: 0, alpha: 16) }
    #expect(throws: PeerReferenceError.nonFiniteAlpha) { try AdapterSettings(rank: 1, alpha: .infinity) }
  }

  @Test func `CCM-21 first values: A uniform in one over the root of its width, B zero`() throws {
    let sample = SampleModel(profile: try ContextProfile(name: "memory=merge"), rank: 3)
    var numbers = SeededNumbers(seed: 4)
    let adapter = try ContextAdapter.initial(
      base: Weights(sample.base()), configuration: sample.configuration(), memoryEmbeddings: 4,
      settings: AdapterSettings(rank: 3, alpha: 16), numbers: &numbers)
    try adapter.check(sample.configuration(), sample.parameters())
    for (name, tensor) in adapter.parameters.tensors {
      if name.hasSuffix(".lora_B.weight") { #expect(tensor.largest == 0) }
      guard name.hasSuffix(".lora_A.weight") else { continue }
      let bound = 1 / Double(tensor.columns).squareRoot()
      #expect(tensor.largest <= bound && tensor.largest > bound / 2)
      #expect(tensor.values.contains { $0 < 0 } && tensor.values.contains { $0 > 0 })
    }
  }

  @Test func `CCM-21 first values: the memory embeddings are means of the table's rows, from the end`() throws {
    let sample = SampleModel(n: 2, profile: try ContextProfile(name: "memory=merge"))
    let base = try sample.base()
    var numbers = SeededNumbers(seed: 4)
    let adapter = try ContextAdapter.initial(
      base: Weights(base), configuration: sample.configuration(), memoryEmbeddings: 4,
      settings: AdapterSettings(rank: 1, alpha: 16), numbers: &numbers)
    let table = try #require(base.tensors[ParameterName.embedding])
    let embeddings = try #require(adapter.parameters.tensors[AdapterParameterName.memoryEmbedding])
    #expect(embeddings.shape == [4, 8])
    for column in 0..<8 {
      // The last one of rows 0, 4, 8, the first one of rows 3 and 7.
      #expect(embeddings[3, column] == (table[0, column] + table[4, column] + table[8, column]) / 3)
      #expect(embeddings[0, column] == (table[3, column] + table[7, column]) / 2)
    }
    #expect(throws: PeerReferenceError.noRowsToAverage(textVocabulary: 11, memoryEmbeddings: 12)) {
      _ = try ContextAdapter.initial(
        base: Weights(base), configuration: sample.configuration(), memoryEmbeddings: 12,
        settings: AdapterSettings(rank: 1, alpha: 16), numbers: &numbers)
    }
  }

  @Test func `CCM-22 the adapter's tensors have PEFT's names and their shapes`() throws {
    let sample = SampleModel(
      n: 3, profile: try ContextProfile(name: "memory=merge"), layers: 1, heads: (query: 4, keyValue: 1))
    let shapes = ContextAdapter.shapes(try sample.configuration(), memoryEmbeddings: 6, rank: 5)
    let prefix = "base_model.model.model."
    #expect(
      shapes.map { $0.name } == [
        prefix + "embed_tokens.comp_embeddings.weight",
        prefix + "layers.0.self_attn.q_proj.lora_A.weight", prefix + "layers.0.self_attn.q_proj.lora_B.weight",
        prefix + "layers.0.self_attn.k_proj.lora_A.weight", prefix + "layers.0.self_attn.k_proj.lora_B.weight",
        prefix + "layers.0.self_attn.v_proj.lora_A.weight", prefix + "layers.0.self_attn.v_proj.lora_B.weight",
        prefix + "layers.0.self_attn.o_proj.lora_A.weight", prefix + "layers.0.self_attn.o_proj.lora_B.weight",
      ])
    #expect(
      shapes.map { $0.shape } == [[6, 8], [5, 8], [16, 5], [5, 8], [4, 5], [5, 8], [4, 5], [5, 16], [8, 5]])
    #expect(AdapterParameterName.a(layer: 7, .value) == prefix + "layers.7.self_attn.v_proj.lora_A.weight")
  }

  @Test func `CCM-22 an adapter that lacks, adds or misshapes a tensor is refused`() throws {
    let sample = SampleModel()
    let good = try sample.adapter()
    let (configuration, parameters) = (try sample.configuration(), try sample.parameters())
    try good.check(configuration, parameters)
    let name = AdapterParameterName.b(layer: 1, .output)
    func problem(_ change: (inout ContextAdapter) -> Void) -> PeerReferenceError? {
      var adapter = good
      change(&adapter)
      do throws(PeerReferenceError) {
        try adapter.check(configuration, parameters)
        return nil
      } catch {
        return error
      }
    }
    #expect(problem { $0.parameters.tensors[name] = nil } == .adapterShapeMismatch(tensor: name))
    #expect(problem { $0.parameters.tensors["x"] = Tensor(zeros: [1]) } == .adapterShapeMismatch(tensor: "x"))
    #expect(problem { $0.parameters.tensors[name] = Tensor(zeros: [2, 8]) } == .adapterShapeMismatch(tensor: name))
    #expect(
      problem { $0.parameters.tensors[name]?.values[3] = .nan } == .model(.nonFiniteWeight(tensor: name, index: 3)))
  }

  @Test func `CCM-2 CCM-22 memory embeddings have n rows or 2n, under merge 2n, and V is the model's`() throws {
    func problem(_ rows: Int, _ profile: String, n: Int) throws -> PeerReferenceError? {
      let sample = SampleModel(n: n, profile: try ContextProfile(name: profile), memoryEmbeddings: rows)
      let (adapter, configuration) = (try sample.adapter(), try sample.configuration())
      let parameters = try sample.parameters()
      do throws(PeerReferenceError) {
        try adapter.check(configuration, parameters)
        return nil
      } catch {
        return error
      }
    }
    let wrong = PeerReferenceError.adapterShapeMismatch(tensor: AdapterParameterName.memoryEmbedding)
    for rows in 1...7 {
      #expect(try problem(rows, "base", n: 3) == (rows == 3 || rows == 6 ? nil : wrong))
      #expect(try problem(rows, "memory=merge", n: 3) == (rows == 6 ? nil : wrong))
    }
    let sample = SampleModel()
    #expect(throws: PeerReferenceError.rejected(.vocabularyMismatch(textVocabulary: 11, modelVocabulary: 12))) {
      try sample.adapter().check(sample.configuration(vocabularySize: 12), sample.parameters())
    }
  }

  @Test func `CCM-22 under concat the last n rows of 2n are not used`() throws {
    for profile in meanProfiles where profile.memory == .concat {
      let wide = SampleModel(n: 2, profile: profile, memoryEmbeddings: 4)
      var adapter = try wide.adapter()
      let name = AdapterParameterName.memoryEmbedding
      let logits = try wide.forward().logits
      adapter.parameters.tensors[name]?.values.replaceSubrange(16..<32, with: Array(repeating: 5, count: 16))
      #expect(try wide.model(adapter: adapter).forward(wide.layout().mask).logits == logits)
      let batch = ContextBatch([try wide.layout()], parameters: try wide.parameters())
      let gradient = try wide.model().trainingPass(batch, training: .adapter).gradients.adapter.tensors[name]
      #expect(gradient?.shape == [4, 8] && gradient?.values.suffix(16).allSatisfy { $0 == 0 } == true)
    }
  }
}
