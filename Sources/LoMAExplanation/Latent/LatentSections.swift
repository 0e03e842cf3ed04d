// Sections parameters, weights, layers, cost and profiles of latent attention (LAT-1…LAT-5, LAT-10, LAT-11).

import LoMA
import LoMAPeers
import LoMAVectors

extension LatentExplanation {
  /// A section besides rules; nil if this method has no such section.
  package func content(of section: ExplanationSection, limits: ExplanationLimits) throws -> SectionContent? {
    switch section {
    case .parameters: parametersContent
    case .weights: weightsContent
    case .layers: try layersContent(limits: limits)
    case .cost: costContent
    case .profiles: Self.profilesContent(Self.axes, notes: Self.profilesNotes)
    case .rows, .positions, .mask, .rules, .schedule, .reconstruction, .metrics, .choice: nil
    }
  }

  /// Every size with its symbol.
  var sizes: [(symbol: String, key: String, value: Int?, meaning: String)] {
    let common: [(String, String, Int?, String)] = [
      ("layers", "layers", inputs.layers, "decoder layers"), ("D", "hidden_size", inputs.hiddenSize, "width of a row"),
      ("s", "stride", parameters.stride, "layers that share the entries of one"),
      ("", "producers", cost.producers, "producers: ⌈layers/s⌉ layers write"),
    ]
    switch parameters.form {
    case .latent(let widths):
      return common + [
        ("H", "heads", widths.heads, "heads"), ("d_n", "plain", widths.plain, "plain query and key channels of a head"),
        ("d_r", "rotated", widths.rotated, "rotated ones; of keys one for all heads"),
        ("d_v", "value", widths.value, "value channels of a head"),
        ("d_c", "latent", widths.latent, "channels of the latent"),
        ("d_q", "query_latent", widths.queryLatent, "channels of the query latent"),
        ("b", "bits", widths.bits, "bits of a channel of the latent"),
        ("g", "group", widths.bits == nil ? nil : widths.group, "channels that share lo and Δ"),
        ("b_r", "rotated_bits", widths.rotatedBits, "bits of a channel of the rotated key"),
      ]
    case .heads(let query, let keyValue, let dimension):
      return common + [
        ("H", "heads", query, "query heads"), ("H_kv", "kv_heads", keyValue, "KV heads"),
        ("d", "head_dim", dimension, "channels of a head, all of them rotated"),
      ]
    }
  }

  private var parametersContent: SectionContent {
    let rows = sizes.map { size in
      [size.symbol, size.value.map(String.init) ?? "none", size.meaning].map { ContentCell($0) }
    }
    var blocks: [ContentBlock] = [
      .table(ContentTable(columns: [.words(""), .number(""), .words("")], rows: rows))
    ]
    if isCLLA || inputs.point == .clla { blocks.append(.note(Self.note)) }
    return SectionContent(section: .parameters, subtitle: "profile " + profileName, blocks: blocks)
  }

  // MARK: weights

  /// The weights of attention in the layers of one kind: what they make, and their shapes.
  struct LayerKind {
    let name: String
    let layers: [Int]
    let weights: [(name: String, shape: [Int], meaning: String)]
  }

  /// Producers, and consumers if there are any.
  var layerKinds: [LayerKind] {
    let shape = LatentShape(
      vocabularySize: 1, hiddenSize: inputs.hiddenSize, intermediateSize: 1, layers: inputs.layers, tiesHead: true,
      attention: parameters)
    let all = Array(0..<inputs.layers)
    let kinds = [
      ("producer", all.filter { parameters.isProducer($0) }), ("consumer", all.filter { !parameters.isProducer($0) }),
    ]
    return kinds.compactMap { name, layers in
      guard let layer = layers.first else { return nil }
      let prefix = "model.layers.\(layer).self_attn."
      let weights = shape.parameters.filter { $0.name.hasPrefix(prefix) }.map { weight in
        let short = String(weight.name.dropFirst(prefix.count))
        return (name: short, shape: weight.shape, meaning: meaning(of: short))
      }
      return LayerKind(name: name, layers: layers, weights: weights)
    }
  }

  private func meaning(of weight: String) -> String {
    let own = parameters.profile.upProjection == .own ? "of the layer that reads" : "of the layer that wrote"
    return switch weight {
    case "q_proj.weight": "W_Q"
    case "q_a_proj.weight": "W_DQ: the query latent"
    case "q_a_layernorm.weight": "gain of its norm"
    case "q_b_proj.weight": "W_UQ: queries of the query latent"
    case "kv_a_proj_with_mqa.weight": "W_DKV, then W_KR: writes the entry"
    case "kv_a_layernorm.weight": "gain of the latent's norm"
    case "kv_b_proj.weight": "W_UK and W_UV " + own + ": read it, head by head"
    case "k_proj.weight": "W_K: writes keys"
    case "v_proj.weight": "W_V: writes values"
    case "o_proj.weight": "W_O"
    default: ""
    }
  }

  private var weightsContent: SectionContent {
    var blocks: [ContentBlock] = []
    for kind in layerKinds {
      blocks.append(.title(kind.name + "s: layer" + (kind.layers.count == 1 ? " " : "s ") + kind.layers.inWords))
      let rows = kind.weights.map { weight in
        [weight.name, "[" + weight.shape.map(String.init).joined(separator: ", ") + "]", weight.meaning]
          .map { ContentCell($0) }
      }
      blocks.append(
        .table(ContentTable(columns: [.words("weight"), .words("shape"), .words("what it makes")], rows: rows)))
    }
    return SectionContent(section: .weights, subtitle: "model.layers.N.self_attn (LAT-10)", blocks: blocks)
  }

  // MARK: layers

  private func layersContent(limits: ExplanationLimits) throws -> SectionContent {
    guard rowCount <= limits.maskRows else {
      return .tooLong(.layers, "\(rowCount) layers", limit: "\(limits.maskRows) layers")
    }
    return SectionContent(
      section: .layers, subtitle: layoutCaption,
      blocks: try pictures().map { .mask($0) } + [.note(["every layer has the same mask over rows (LAT-9)"])])
  }

  // MARK: cost

  /// What a producer stores of one token: numbers, bits each, groups, and bits in all.
  var entry: [(name: String, key: String, count: Int, bits: Int?, groups: Int?)] {
    switch parameters.form {
    case .latent(let widths):
      var parts: [(name: String, key: String, count: Int, bits: Int?, groups: Int?)] = [
        (
          "latent ĉ", "latent", widths.latent, widths.bits,
          widths.bits == nil ? nil : widths.latent / widths.group
        )
      ]
      if widths.rotated > 0 {
        parts.append(
          (
            "rotated key k̂^R", "rotated_key", widths.rotated, widths.rotatedBits,
            widths.rotatedBits == nil ? nil : 1
          ))
      }
      return parts
    case .heads(_, let keyValue, let dimension):
      return [
        ("rotated keys", "keys", keyValue * dimension, nil, nil), ("values", "values", keyValue * dimension, nil, nil),
      ]
    }
  }

  /// The bits of a part of an entry (QNT-4).
  func payload(of part: (name: String, key: String, count: Int, bits: Int?, groups: Int?)) -> Int {
    // The sum of all parts is known to fit.
    (try? StoredBits.payload(
      count: part.count, bits: part.bits, groups: part.groups ?? 0, form: parameters.profile.quantiser)) ?? 0
  }

  private var costContent: SectionContent {
    let parts = entry.map { part in
      [
        part.name, "\(part.count)", "\(part.bits ?? StoredBits.ofNumber)", part.groups.map(String.init) ?? "-",
        "\(payload(of: part))",
      ].map { ContentCell($0) }
    }
    let whole = comparison[1].bits
    let systems = comparison.map { system in
      [
        system.name, "\(system.rows)", "\(system.rowBits)", ComparedCache.bytes(system.bits),
        whole == 0 ? "-" : percentage(system.bits, of: whole), "\(system.pairs)",
      ].map { ContentCell($0) }
    }
    let length = inputs.textLength ?? inputs.loma?.chunkLength ?? 1
    return SectionContent(
      section: .cost,
      subtitle: "\(cost.tokenBits) bits a token: \(cost.producers) entr\(cost.producers == 1 ? "y" : "ies") of "
        + "\(cost.entryBits) (LAT-11)",
      blocks: [
        .table(
          ContentTable(
            columns: [
              .words("an entry holds"), .number("numbers"), .number("bits each"), .number("groups"),
              .number("bits in all"),
            ], rows: parts)),
        .title("\(length) token\(length == 1 ? "" : "s")"),
        .table(
          ContentTable(
            columns: [
              .words(""), .number("rows held"), .number("bits a row"), .number("bytes"), .number("of multi-head"),
              .number("pairs"),
            ], rows: systems)),
        .note([
          "bits a row are those of all layers; pairs are visible (query, key) pairs per layer and query head (COST-2)",
          "whole heads have the keys and values that are computed here, 16 bits a number",
        ]),
      ])
  }

  // MARK: profiles

  /// The axes of LAT-1.
  static let axes = DrawnAxes(
    origin: "clause",
    axes: LatentAxis.allCases.map { DrawnAxes.Axis(name: $0.rawValue, origin: "LAT-1", values: $0.values) })

  private static let profilesNotes =
    [
      "under entries=heads the others have no effect: \(LatentProfile.all.count) profiles differ",
      "points: mla, cla with any --stride, and clla",
    ] + note
}
