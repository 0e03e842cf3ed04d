// `loma explain --method latent` as a value: checked sizes, which layer writes what which layer reads, and what a token
// costs (chapter 17 of the Spec).

import LoMA
import LoMAPeers
import LoMAVectors

/// Sizes that passed all checks, with their costs.
package struct LatentExplanation: MethodExplanation {
  /// The most layers of a model that is explained.
  package static let layerLimit = 4096
  /// The sections of this method, all of them shown by default but the last.
  package static let sections: [ExplanationSection] = [.parameters, .weights, .layers, .rules, .cost, .profiles]

  package static let drawnSections: [ExplanationSection] = [.layers]

  package let inputs: LatentInputs
  /// The decisions, s and the widths.
  package let parameters: LatentParameters
  /// What a token costs (LAT-11).
  package let cost: LatentCost
  /// The systems side by side, this one first.
  let comparison: [ComparedCache]

  /// Makes all checks in the order of the Spec's list. Throws a `PeerError`, or an `InputError` for a text of LoMA.
  package init(_ inputs: LatentInputs) throws {
    let parameters = try LatentParameters(profile: inputs.profile, stride: inputs.stride, form: inputs.form)
    guard (1...Self.layerLimit).contains(inputs.layers), (1...LatentParameters.limit).contains(inputs.hiddenSize) else {
      throw PeerError.cacheSizeOutOfRange
    }
    let cost = try LatentCost(parameters, layers: inputs.layers)
    let length = inputs.textLength ?? inputs.loma?.chunkLength ?? 1
    try Parameters.check(textLength: length)
    self.inputs = inputs
    self.parameters = parameters
    self.cost = cost
    comparison = try ComparedCache.all(inputs, parameters, cost, textLength: length)
  }

  /// Whether these are the sizes that the name `clla` stands for (LAT-1): its choices are this project's.
  var isCLLA: Bool {
    guard case .latent(let widths) = parameters.form else { return false }
    return parameters.profile == LatentPoint.clla.profile && parameters.stride == LatentPoint.clla.stride
      && widths.bits == LatentPoint.clla.bits && widths.rotatedBits == nil && widths.group == widths.latent
  }

  /// What stands beside the name `clla` wherever it is shown.
  static let note = [
    "clla is a named point of this project's decisions (P-5):",
    "of arXiv 2410.15252 only the abstract was read, and nothing here claims to follow it",
  ]

  // MARK: layers

  /// The number of layers: the rows of the picture.
  package var rowCount: Int { inputs.layers }

  /// Who writes and who reads, in words.
  package var sentences: [DrawnSentence] {
    let (writer, reader) = (RowWords.latent["producer"], RowWords.latent["consumer"])
    let ups =
      switch (parameters.profile.entries, parameters.profile.upProjection) {
      case (.heads, _): "they are keys and values of heads already"
      case (.latent, .own): "each layer makes keys and values of them with its own W_UK and W_UV"
      case (.latent, .shared): "each layer makes keys and values of them with its producer's W_UK and W_UV"
      }
    return [
      DrawnSentence(
        clause: "LAT-2", queries: [], keys: [writer],
        sentence: "a layer reads the entries of the first layer of its group of s = \(parameters.stride), its producer"),
      DrawnSentence(
        clause: "LAT-9", queries: [], keys: [reader], sentence: "a consumer writes nothing, so nothing of it is read"),
      DrawnSentence(
        clause: parameters.profile.entries == .heads ? "LAT-8" : "LAT-5", queries: [writer, reader], keys: [writer],
        sentence: ups),
    ]
  }

  /// The layers, each with what it reads.
  package func pictures() throws -> [MaskPicture] {
    let parameters = parameters
    let rows = (0..<inputs.layers).map { layer in
      DrawnRow(
        kind: RowWords.latent[parameters.isProducer(layer) ? "producer" : "consumer"],
        group: parameters.place(ofLayer: layer), index: layer - parameters.producer(ofLayer: layer), position: layer,
        token: DrawnToken(name: "layer", id: nil), label: nil)
    }
    return [
      MaskPicture(
        rows: rows, words: .latent, sentences: sentences, caption: layoutCaption
      ) { reader, writer in
        DrawnRule(
          clause: parameters.isProducer(writer) ? "LAT-2" : "LAT-9",
          isVisible: parameters.producer(ofLayer: reader) == writer)
      }
    ]
  }

  // MARK: names

  /// Latent attention, in a sentence.
  package var method: String { "latent attention" }

  /// The profile as text.
  package var profileName: String { parameters.profile.name }

  /// The style of all pages, and breaks in long names.
  package var pageStyle: Markup { .joined([HTMLAssets.style, HTMLAssets.breakingNames], by: "\n") }

  /// The layers are drawn, not rows of a text.
  package var layoutName: String { "layers" }

  /// The layers and their groups.
  package var layoutCaption: String {
    "which layer reads what which layer wrote, \(inputs.layers) layer\(inputs.layers == 1 ? "" : "s") in groups of "
      + "s = \(parameters.stride)"
  }

  /// A description of the sizes, on one line.
  package var title: String {
    let stored =
      switch parameters.form {
      case .latent(let widths):
        "latents of \(widths.latent)" + (widths.bits.map { " in \($0) bits" } ?? "")
          + (widths.rotated == 0 ? "" : ", rotated keys of \(widths.rotated)")
          + (widths.rotatedBits.map { " in \($0) bits" } ?? "")
      case .heads(_, let keyValue, let dimension): "keys and values of \(keyValue) heads of \(dimension)"
      }
    let name = (inputs.point.map { $0.rawValue } ?? (isCLLA ? LatentPoint.clla.rawValue : nil)).map { $0 + ": " } ?? ""
    return "latent attention: " + name + "\(inputs.layers) layers, s = \(parameters.stride), " + stored
  }
}

extension RowWords {
  /// Those of layers: producers and consumers have the colours of memory and repetition.
  package static let latent = RowWords(
    kind: "kind", group: "group",
    kinds: [
      RowKind(name: "producer", letter: "w", colour: .memory),
      RowKind(name: "consumer", letter: "r", colour: .repetition),
    ], row: "layer", query: "reader", key: "writer", sees: "reads", seesNot: "does not read",
    noun: "Layers")
}
