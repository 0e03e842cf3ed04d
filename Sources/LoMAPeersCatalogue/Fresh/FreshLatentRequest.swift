// RUN-17, LAT-19: the request of a fresh case of chapters 17 and 18, and its faults.

import LoMAAnswers
import LoMACatalogue
import LoMAPeers
import LoMAVectors
import NaiveLlama

extension FreshLatentCase {
  package var good: Request {
    switch operation {
    case .latentCost: cost
    case .quantise: quantise
    case .latentAttention: attention
    default: onModel
    }
  }

  private var cost: Request {
    let group = self[.group]
    var parameters: [String: RequestParameter] = [
      "layers": .integer(self[.layers]), "stride": .integer(self[.stride]),
    ]
    switch profile.entries {
    case .heads:
      parameters["kv_heads"] = .integer(self[.keyValueHeads])
      parameters["head_dim"] = .integer(2 * self[.pairs])
    case .latent:
      parameters["bits"] = .integer(extents[.bits] ?? 0)
      parameters["rotated_bits"] = .integer(extents[.rotatedBits] ?? 0)
      parameters["latent_width"] = .integer(group * self[.groups])
      parameters["rotated_width"] = .integer(2 * self[.rotatedPairs])
      // One group may be left out.
      if self[.groups] > 1 { parameters["group"] = .integer(group) }
    }
    return Request(
      .peer(.latentCost), axes: profile.axes, parameters: parameters, model: nil, input: CaseInputs.file([]),
      captures: [])
  }

  private var quantise: Request {
    let (rows, group, groups) = (self[.rows], self[.group], self[.groups])
    let shape = [rows, group * groups]
    var lots = SeededNumbers(seed: seed(1))
    let mean = lots.one(of: [0.0, 0, 3, -40])
    let x: NamedArray
    switch numbers {
    case .drawn, .constant:
      let drawn = CaseInputs.normal("x", shape: shape, deviation: 1, mean: mean, seed: seed(2), fills: fillsF32)
      guard numbers == .constant, let values = try? drawn.doubles() else {
        x = drawn
        break
      }
      x = CaseInputs.numbers(
        "x", shape: shape,
        values.indices.map { $0 / group % 2 == 0 ? values[$0 / group * group] : values[$0] })
    case .halves:
      // From 0 to 2^b − 1, or on both sides of 0: Δ = 1, but for the groups that draw other ends.
      let last = profile.quantiser == .symmetric ? (1 << (self[.bits] - 1)) - 1 : (1 << self[.bits]) - 1
      let first = profile.quantiser == .symmetric ? -last : 0
      x = CaseInputs.numbers(
        "x", shape: shape,
        (0..<rows * group * groups).map { place in
          let drawn = Double(first) + Double(lots.integer(below: 2 * (last - first) + 1)) / 2
          return place % group == 0 ? Double(first) : place % group == 1 ? Double(last) : drawn
        })
    }
    return LatentStageCases.quantiseRequest(x, bits: self[.bits], group: group, profile)
  }

  private var attention: Request {
    var lots = SeededNumbers(seed: seed(3))
    let hidden = hidesEntries ? Set((0..<self[.entries]).filter { _ in lots.integer(below: 3) == 0 }) : []
    return LatentStageCases.attentionRequest(
      heads: self[.keyValueHeads], plain: self[.plain], rotated: 2 * self[.rotatedPairs], value: self[.value],
      latent: self[.latent], queries: self[.rows], entries: self[.entries], seed: seed(4), fills: fillsF32,
      hidden: hidden)
  }

  private var onModel: Request {
    guard let model = caseModel else { preconditionFailure("\(operation.rawValue) without a model") }
    let drawn = LatentTexts(
      of: texts.map { CaseInputs.text($0.length, below: LatentCaseModel.vocabulary, seed: seed(1000 + $0.stream)) })
    var arrays: [NamedArray] = []
    if property == .interference {
      arrays = [drawn.embeddings(seed: seed(5)), drawn.replacements(seed: seed(6))]
    } else if hasEmbeddings {
      arrays = [drawn.embeddings(seed: seed(5))]
    }
    if isForced {
      arrays.append(
        CaseInputs.integers(
          "forced", CaseInputs.text(self[.generate], below: LatentCaseModel.vocabulary, seed: seed(7))))
    }
    var parameters: [String: RequestParameter] =
      operation == .latentGenerate ? ["generate": .integer(self[.generate])] : [:]
    if property != nil { parameters = parameters.adding(model.answerForm) }
    return drawn.request(operation, model, parameters, arrays: arrays, captures: captures)
  }
}

/// A fault for which a request of chapters 17 and 18 is rejected.
package enum FreshLatentFault: String, CaseIterable, DrawnFault {
  case axis, alternative, stride, latentWidth, rotatedWidth, headWidth, bits, group, emptyText, mismatch, token, forced
  case generationLength, cacheSize, model, profile

  static func possible(_ operation: PeerOperation) -> [FreshLatentFault] {
    allCases.filter { $0.isPossible(operation) }
  }

  private func isPossible(_ operation: PeerOperation) -> Bool {
    let onModels = [.latentForward, .latentGradients, .latentGenerate].contains(operation)
    return switch self {
    case .axis, .alternative: true
    case .stride, .latentWidth, .cacheSize: operation == .latentCost
    case .rotatedWidth: operation == .latentCost || operation == .latentAttention
    case .headWidth: operation == .latentAttention
    case .bits, .group: operation == .latentCost || operation == .quantise
    case .emptyText, .mismatch, .token, .model, .profile: onModels
    case .forced, .generationLength: operation == .latentGenerate
    }
  }

  package func spoiling(_ request: Request, lot: Int) -> Request {
    var (axes, parameters, model) = (request.axes, request.parameters, request.model)
    var arrays = request.input.arrays
    func replace(_ name: String, _ values: [Int]) {
      arrays = arrays.filter { $0.name != name } + [CaseInputs.integers(name, values)]
    }
    /// One element of a tensor of integers, exchanged.
    func change(_ name: String, _ changed: (Int) -> Int) {
      guard var values = try? request.integers(name), !values.isEmpty else { return }
      values[lot % values.count] = changed(values[lot % values.count])
      replace(name, values)
    }
    let ofLatents = axes["entries"] != "heads"
    switch self {
    case .axis: axes[["memory", "order", ""][lot % 3]] = "causal"
    case .alternative: axes[LatentAxis.allCases[lot % LatentAxis.allCases.count].rawValue] = "other"
    case .stride: parameters["stride"] = .integer([0, -1, 1 << 40][lot % 3])
    case .latentWidth where !ofLatents, .rotatedWidth where !ofLatents, .bits where !ofLatents,
      .group where !ofLatents:
      parameters["stride"] = .integer(-(lot % 3))
    case .latentWidth: parameters["latent_width"] = .integer(-(lot % 3))
    case .rotatedWidth: parameters["rotated_width"] = .integer([-2, 3, -1][lot % 3])
    case .headWidth: parameters[lot % 2 == 0 ? "plain_width" : "value_width"] = .integer(-1 - lot % 3)
    case .bits: parameters["bits"] = .integer([-1, 25, 1 << 40][lot % 3])
    case .group: parameters["group"] = .integer([0, -1, 1 << 20][lot % 3])
    case .emptyText: change("lengths") { _ in -(lot % 2) }
    case .mismatch: change("lengths") { $0 + 1 + lot % 2 }
    case .token: change("tokens") { _ in [LatentCaseModel.vocabulary, -1, 1 << 40][lot % 3] }
    case .forced:
      parameters["generate"] = .integer(1)
      replace("forced", [[LatentCaseModel.vocabulary, -1][lot % 2]])
    case .generationLength: parameters["generate"] = .integer(-1 - lot % 5)
    case .cacheSize: parameters["layers"] = .integer(-(lot % 4))
    case .model:
      let refused = RefusedLatentModel.all.filter { $0.spoilt.name == LatentCaseModel.shallow.name }
      model = refused[lot % refused.count].path
    // Under `entries = heads` no other axis has an effect.
    case .profile where !ofLatents: axes["entries"] = nil
    case .profile: axes["quantiser"] = axes["quantiser"] == nil ? "symmetric" : nil
    }
    return Request(
      request.operation, axes: axes, parameters: parameters, model: model, input: CaseInputs.file(arrays), captures: [])
  }
}
