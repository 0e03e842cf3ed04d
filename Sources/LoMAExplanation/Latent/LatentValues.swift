// Draws an explanation of latent attention for programs: the sections that are its own.

import LoMAPeers
import LoMAVectors

extension LatentExplanation {
  /// The format, and the method beside it.
  package var heading: [JSONObject.Member] {
    [.init("format", .string("loma explanation 1")), .init("method", .string("latent"))]
  }

  /// A section; nil if this method has no such section.
  package func value(of section: ExplanationSection, limits: ExplanationLimits) throws -> JSONValue? {
    switch section {
    case .parameters: parametersValue
    case .weights: .array(layerKinds.map(weightsValue))
    case .layers: layersValue
    case .rules:
      .array(
        sentences.map { .members([.init("clause", .string($0.clause)), .init("sentence", .string($0.sentence))]) })
    case .cost: costValue
    case .profiles: Self.axes.value
    case .rows, .positions, .mask, .schedule, .reconstruction, .metrics, .choice: nil
    }
  }

  /// Sizes by name, null where there is none; `note` says what `clla` is, and is null for other points.
  private var parametersValue: JSONValue {
    let isNoted = isCLLA || inputs.point == .clla
    return .members(
      [.init("point", .string(orNull: inputs.point?.rawValue ?? (isCLLA ? LatentPoint.clla.rawValue : nil)))]
        + sizes.map { .init($0.key, .integer(orNull: $0.value)) } + [
          .init(
            "profile", .members(LatentAxis.allCases.map { .init($0.rawValue, .string(parameters.profile[$0])) })),
          .init("note", .string(orNull: isNoted ? Self.note.joined(separator: " ") : nil)),
        ])
  }

  private func weightsValue(_ kind: LayerKind) -> JSONValue {
    .members([
      .init("kind", .string(kind.name)), .init("layers", .array(kind.layers.map { .integer($0) })),
      .init(
        "weights",
        .array(
          kind.weights.map { weight in
            .members([
              .init("name", .string(weight.name)), .init("shape", .array(weight.shape.map { .integer($0) })),
            ])
          })),
    ])
  }

  /// By layer, the layer whose entries it reads (LAT-2).
  private var layersValue: JSONValue {
    .members([
      .init("producers", .array((0..<inputs.layers).map { .integer(parameters.producer(ofLayer: $0)) }))
    ])
  }

  /// Bits of an entry and of a token, and of a text in every system.
  private var costValue: JSONValue {
    .members([
      .init("token_bits", .integer(cost.tokenBits)), .init("entry_bits", .integer(cost.entryBits)),
      .init(
        "entry",
        .array(
          entry.map { part in
            .members([
              .init("part", .string(part.key)), .init("numbers", .integer(part.count)),
              .init("bits", .integer(part.bits ?? StoredBits.ofNumber)), .init("groups", .integer(orNull: part.groups)),
              .init("payload", .integer(payload(of: part))),
            ])
          })),
      .init(
        "text",
        .array(
          comparison.map { system in
            .members([
              .init("system", .string(system.key)), .init("rows", .integer(system.rows)),
              .init("row_bits", .integer(system.rowBits)), .init("bits", .integer(system.bits)),
              .init("pairs", .integer(system.pairs)),
            ])
          })),
    ])
  }
}
