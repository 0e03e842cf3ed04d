// LAT-13: cost, the quantiser and attention over a producer's entries; numbers with their units and margins (LAT-18).

import LoMA
import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

extension ReferenceAnswers {
  /// `producers` [layers]; `bits` [], of a token.
  func latentCost(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let profile = try request.latentProfile()
    let (layers, stride) = (try request.integer("layers"), try request.integer("stride"))
    let form: LatentForm
    switch profile.entries {
    case .latent:
      form = .latent(
        LatentWidths(
          heads: 1, plain: 1, rotated: try request.integer("rotated_width"), value: 1,
          latent: try request.integer("latent_width"), queryLatent: nil, bits: try request.bits("bits"),
          rotatedBits: try request.bits("rotated_bits"), group: try request.optionalInteger("group")))
    case .heads:
      let heads = try request.integer("kv_heads")
      form = .heads(query: heads, keyValue: heads, dimension: try request.integer("head_dim"))
    }
    let rules = peers.latentRules
    return try request.peer { () throws(PeerError) in
      let parameters: LatentParameters
      do throws(PeerError) { parameters = try LatentParameters(profile: profile, stride: stride, form: form) } catch {
        // An entry without a number, or with more than are counted.
        if case .invalidHeads = error { throw PeerError.cacheSizeOutOfRange }
        throw error
      }
      guard 1...LatentParameters.limit ~= layers else { throw .cacheSizeOutOfRange }
      let cost = try LatentCost(parameters, layers: layers)
      return [
        .integers("producers", shape: [layers], (0..<layers).map { rules.producer($0, stride) }),
        .integer("bits", cost.tokenBits),
      ]
    }
  }

  /// `codes` [S, C] with margins, `lower` and `step` [S, C/g], `values` [S, C].
  func quantise(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let profile = try request.latentProfile()
    let x = try request.matrix("x")
    let (bits, group) = (try request.integer("bits"), try request.integer("group"))
    let quantiser = try request.peer { () throws(PeerError) in
      try StoredBits.check(bits, profile.quantiser)
      guard group >= 1, x.columns % group == 0 else {
        throw .groupDoesNotDivide(group: group, latent: x.columns)
      }
      return try Quantiser(
        form: profile.quantiser, bits: bits, group: group, scaleRounding: profile.scaleRounding)
    }
    let groups = peers.quantise(quantiser, x)
    let margins = groups.indices.map { groups[$0].margins(of: x.values[$0 * group..<($0 + 1) * group]) }
    let scales = [x.rows, x.columns / group]
    func tensor(_ shape: [Int], _ values: [Double]) -> Tensor { Tensor(shape: shape, values: values) }
    func bounded(_ shape: [Int], _ cells: [QuantisedGroup.Number]) -> Bounded {
      Bounded(
        value: functions.round(tensor(shape, cells.map { $0.value })),
        accumulation: tensor(shape, cells.map { $0.accumulation }), rounding: tensor(shape, cells.map { $0.rounding }))
    }
    return [
      .integers("codes", shape: x.shape, groups.flatMap { $0.codes.map { Int($0) } }),
      .tensor("codes" + ResultTensor.marginSuffix, tensor(x.shape, margins.flatMap { $0 })),
    ] + ResultTensor.bounded("lower", bounded(scales, groups.map { $0.boundedLeast }))
      + ResultTensor.bounded("step", bounded(scales, groups.map { $0.boundedStep }))
      + ResultTensor.bounded("values", bounded(x.shape, groups.flatMap { $0.boundedValues }))
  }

  /// `context` [S, H·d_v] and `probabilities` [H, S, K].
  func latentAttention(_ request: Request) throws(RequestError) -> [ResultTensor] {
    _ = try request.latentProfile()
    let (heads, plain) = (try request.integer("heads"), try request.integer("plain_width"))
    let (rotated, value) = (try request.integer("rotated_width"), try request.integer("value_width"))
    let latent = try request.matrix("latent")
    let widths = LatentWidths(
      heads: heads, plain: plain, rotated: rotated, value: value, latent: latent.columns, queryLatent: nil, bits: nil,
      rotatedBits: nil, group: nil)
    _ = try request.peer { () throws(PeerError) in
      try LatentParameters(profile: .base, stride: 1, form: .latent(widths))
    }
    let query = try request.matrix("query")
    guard query.columns == heads * widths.key else { throw .shape(tensor: "query") }
    let up = try request.tensor("kv_b_proj", shape: [heads * (plain + value), latent.columns])
    let keys = try request.tensor("rotated_key", shape: [latent.rows, rotated])
    let output = BoundedLayers(functions).latentAttention(
      query: query, entries: StoredEntries(contents: latent, keys: keys), keyValueUp: up,
      visible: try request.visibleKeys(rows: query.rows, keys: latent.rows), widths: widths, rules: peers.latentRules)
    return ResultTensor.bounded("context", output.context)
      + ResultTensor.bounded("probabilities", output.probabilities)
  }
}

// MARK: - Units and margins of a group (LAT-18)

extension QuantisedGroup {
  /// A number with its units.
  struct Number {
    let value: Double
    let accumulation: Double
    let rounding: Double
  }

  /// A number of the input, or 0: exact in every type that it is asked in.
  var boundedLeast: Number { Number(value: least, accumulation: 0, rounding: 0) }

  /// A difference and a division.
  var boundedStep: Number { Number(value: step, accumulation: 3 * step, rounding: 3 * step) }

  /// The step's error as often as it is taken, a product and a sum.
  var boundedValues: [Number] {
    codes.map { code in
      let value = least + code * step
      let units = 4 * (code.magnitude + 1) * step + value.magnitude
      return Number(value: value, accumulation: step == 0 ? 0 : units, rounding: step == 0 ? 0 : units)
    }
  }

  /// How far each quotient is from the nearest border of two codes; 0 only where it is a border in every type.
  package func margins(of x: ArraySlice<Double>) -> [Double] {
    guard step != 0 else { return x.map { _ in 0.5 } }
    return x.map { number in
      let quotient = (number - least) / step
      let margin = (quotient - quotient.rounded(.down) - 0.5).magnitude
      return margin == 0 && step.significand != 1 ? .leastNormalMagnitude : margin
    }
  }
}
