// CCM-20, CCM-22: the tensors of an adapter in the order of the forward pass, for `ForwardOrder`.

/// The place of an adapter's tensor in the forward pass.
struct AdapterOrder {
  /// What PEFT puts before every name.
  private static let start = "base_model.model.model."
  /// A projection's A is used before its B.
  private static let ofLayer = ["q_proj", "k_proj", "v_proj", "o_proj"].flatMap { projection in
    ["A", "B"].map { "self_attn.\(projection).lora_\($0)" }
  }

  /// The layer, −1 for the embeddings.
  let layer: Int
  /// The place in the layer.
  let place: Int

  /// The place of a tensor under its name in a checkpoint; nil for any other tensor.
  init?(_ name: String) {
    guard name.hasPrefix(Self.start) else { return nil }
    let words = name.dropFirst(Self.start.count).split(separator: ".")
    if words == ["embed_tokens", "comp_embeddings", "weight"] {
      (layer, place) = (-1, 0)
      return
    }
    guard words.count == 6, words[0] == "layers", words[5] == "weight", let layer = Int(words[1]), layer >= 0,
      let place = Self.ofLayer.firstIndex(of: words[2...4].joined(separator: "."))
    else { return nil }
    (self.layer, self.place) = (layer, place)
  }
}
