// RUN-17, MOD-8…MOD-13: fresh cases of other families, drawn only for a candidate that lists them.

import LoMA
import LoMAAnswers
import LoMAVectors
import NaiveLlama

extension CaseFamily {
  /// Whether answers of an operation differ from a plain Llama's.
  fileprivate func changes(_ operation: Operation) -> Bool {
    if Set<Operation>.models.contains(operation) { return true }
    return switch self {
    case .linear, .llama3, .yarn: operation == .rope || operation == .decoderLayer
    case .biases: operation == .feedForward || operation == .decoderLayer
    case .qwen2, .qwen3: operation == .decoderLayer
    // Below their limits these two are plain, and a stage has no limit.
    case .dynamic, .mistral: false
    }
  }
}

extension FreshDrawing {
  /// The draws of a case of a family: others than those of the plain case, which stay as they are for whoever lists none.
  private static func ofFamily(seed: UInt64, index: Int) -> FreshDrawing { FreshDrawing(seed: ~seed, index: index) }

  /// The family of case `index` of a seed for a candidate that lists these; nil for a plain Llama.
  ///
  /// Half of an operation's cases are of the families that change it, each as often as the others; in place of those that
  /// are not listed stands the plain case.
  package static func family(seed: UInt64, index: Int, of listed: Set<CaseFamily>) -> CaseFamily? {
    var drawing = ofFamily(seed: seed, index: index)
    return drawing.family(of: kind(seed: seed, index: index), listed)
  }

  private mutating func family(of kind: FreshKind, _ listed: Set<CaseFamily>) -> CaseFamily? {
    guard case .answer(let operation) = kind else { return nil }
    let possible = CaseFamily.allCases.filter { $0.changes(operation) }
    guard !possible.isEmpty else { return nil }
    let lot = numbers.integer(below: 2 * possible.count)
    return lot < possible.count && listed.contains(possible[lot]) ? possible[lot] : nil
  }

  /// Case `index` of a seed as a case of its family; nil for a plain Llama.
  package static func drawn(seed: UInt64, index: Int, of listed: Set<CaseFamily>) -> FreshCase? {
    var drawing = ofFamily(seed: seed, index: index)
    let kind = kind(seed: seed, index: index)
    guard let family = drawing.family(of: kind, listed) else { return nil }
    var drawn = drawing.draw(kind.operation, of: family)
    // The fastest pair is kept by most scalings.
    if drawn.extents[.pairs] != nil { drawn.extents[.pairs] = drawing.numbers.one(of: 2...8) }
    drawn.shorten()
    return drawn
  }
}

extension FreshCase {
  /// The models that it may be drawn with.
  var possibleModels: [CaseModel] {
    guard let family else { return CaseModel.drawn }
    return CaseModel.families.filter { $0.family?.word == family }
  }

  /// Whether its model can be asked for all of its positions, none of which reaches the number of its rows.
  var isBelowLimit: Bool {
    guard family != nil, let model = CaseModel.families.first(where: { $0.name == model }),
      let limit = (try? model.configuration())?.positionLimit?.count
    else { return true }
    return lengths.allSatisfy { length in
      let read = length + self[.generate]
      return read + read / chunkLength * (self[.t] + chunkLength) <= limit
    }
  }

  /// Drops chunks until no row stands at the model's limit.
  fileprivate mutating func shorten() {
    while !isBelowLimit {
      for place in texts.indices where texts[place].length > chunkLength { texts[place].length -= chunkLength }
    }
    if operation == .reconstruct { extents[.chunk] = min(self[.chunk], lengths[0] / chunkLength - 1) }
  }

  /// The stage on drawn numbers, with what its family adds.
  var stageRequest: Request {
    let plain = plainStage
    guard let family else { return plain }
    return Request(
      plain.operation, axes: plain.axes, parameters: plain.parameters.adding(scaling(family)), model: nil,
      input: CaseInputs.file(plain.input.arrays + additions(family)), captures: [])
  }

  /// The numbers of a scaled rotation, under the names of a rope object.
  private func scaling(_ family: CaseFamily) -> [String: RequestParameter] {
    var lots = SeededNumbers(seed: seed(8))
    func one<Value>(_ values: [Value]) -> Value { values[lots.integer(below: values.count)] }
    let isAlone = operation == .rope
    switch family {
    case .linear: return ["rope_type": .word("linear"), "factor": .real(one([1.5, 2, 4, 8]))]
    case .llama3:
      let low = one([0.5, 1.0, 2])
      // Borders among the wavelengths of a layer's pairs, and of a long context's.
      let old = one(isAlone ? [64, 512, 8192] : [32, 64, 256])
      return [
        "rope_type": .word("llama3"), "factor": .real(one([2.0, 8, 32])), "low_freq_factor": .real(low),
        "high_freq_factor": .real(low * one([2.0, 4, 8])), "original_max_position_embeddings": .integer(old),
      ]
    case .yarn:
      // At the longest the ramp ends beyond the last pair, where its limit shows.
      let old = one(isAlone ? [64, 512, 65_536] : [32, 64, 8192])
      let ramps: [[String: RequestParameter]] = [
        [:], ["beta_fast": .real(16), "beta_slow": .real(2)], ["truncate": .integer(0)],
        ["truncate": .integer(0), "beta_fast": .real(5), "beta_slow": .real(0.5)],
      ]
      let factors: [[String: RequestParameter]] = [
        [:], [:], ["attention_factor": .real(1.5)], ["mscale": .real(0.75), "mscale_all_dim": .real(1)],
      ]
      return [
        "rope_type": .word("yarn"), "factor": .real(one([2.0, 4, 16, 40])),
        "original_max_position_embeddings": .integer(old),
      ].adding(one(ramps)).adding(one(factors))
    case .dynamic, .biases, .mistral, .qwen2, .qwen3: return [:]
    }
  }

  /// The biases and gains that a stage of a family is given beside a plain one's tensors.
  private func additions(_ family: CaseFamily) -> [NamedArray] {
    let d = 2 * self[.pairs]
    let (queries, keys) = (self[.keyValueHeads] * self[.sharing] * d, self[.keyValueHeads] * d)
    let (width, middle) = (StageRequests.layerWidth, StageRequests.layerMiddle)
    let inputs = [("q_proj_bias", queries), ("k_proj_bias", keys), ("v_proj_bias", keys)]
    let others = [
      ("o_proj_bias", width), ("gate_proj_bias", middle), ("up_proj_bias", middle), ("down_proj_bias", width),
    ]
    let added: [(name: String, width: Int)] =
      switch (family, operation) {
      case (.biases, .feedForward):
        [("gate_bias", self[.middle]), ("up_bias", self[.middle]), ("down_bias", self[.width])]
      case (.biases, .decoderLayer): inputs + others
      case (.qwen2, .decoderLayer): inputs
      case (.qwen3, .decoderLayer): [("q_norm", d), ("k_norm", d)]
      case _: []
      }
    return added.enumerated().map { place, array in
      CaseInputs.normal(
        array.name, shape: [array.width], deviation: 1, mean: family == .qwen3 ? 1 : 0, seed: seed(30 + place),
        fills: fillsF32)
    }
  }
}
