// MOD-1, MOD-6, OPS-4: parameters in the order of the forward pass. A backward pass visits them in reverse, and a
// mistake spoils every gradient computed after it: the last wrong tensor in forward order is the place of the mistake.

/// The position of a parameter's tensor in the forward pass.
struct ForwardOrder: Comparable {
  /// The tables of an optimiser step; each depends on those before it.
  private static let tables = ["gradients", "first_moments", "second_moments", "parameters"]
  /// The parameters of a layer, in the order of their use.
  private static let ofLayer =
    [
      "input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj",
    ] + LatentOrder.ofAttention + [
      "self_attn.o_proj", "post_attention_layernorm", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj",
    ]

  let table: Int
  private let layer: Int
  private let place: Int

  /// The position of a tensor such as gradients.model.layers.0.mlp.up_proj.weight; nil for any other tensor.
  init?(_ tensor: String) {
    let parts = tensor.split(separator: ".", maxSplits: 1).map { String($0) }
    guard parts.count == 2, let table = Self.tables.firstIndex(of: parts[0]) else { return nil }
    self.table = table
    if let adapter = AdapterOrder(parts[1]) {
      (layer, place) = (adapter.layer, adapter.place)
      return
    }
    switch parts[1] {
    case "model.embed_tokens.weight": (layer, place) = (-1, 0)
    case "model.norm.weight": (layer, place) = (.max, 0)
    case "lm_head.weight": (layer, place) = (.max, 1)
    default:
      let words = parts[1].split(separator: ".")
      guard words.count >= 5, words.starts(with: ["model", "layers"]), let layer = Int(words[2]),
        let place = Self.ofLayer.firstIndex(of: words[3..<words.count - 1].joined(separator: "."))
      else { return nil }
      (self.layer, self.place) = (layer, place)
    }
  }

  static func < (a: ForwardOrder, b: ForwardOrder) -> Bool { (a.layer, a.place) < (b.layer, b.place) }

  /// The wrong tensor to look at: the last in forward order of the first wrong table, with clearly wrong tensors
  /// preferred; nil if one of the tensors is not a parameter's.
  static func last(of wrong: [Comparison]) -> Comparison? {
    let all = wrong.map { ($0, ForwardOrder($0.result.name)) }
    let places = all.compactMap { comparison, place in place.map { (comparison, $0) } }
    guard places.count == all.count, let table = places.map({ $0.1.table }).min() else { return nil }
    let first = places.filter { $0.1.table == table }
    let clear = first.filter { $0.0.result.ratio >= CaseResult.clearRatio }
    return (clear.isEmpty ? first : clear).max { $0.1 < $1.1 }?.0
  }
}
