// Draws an explanation for programs: every section as integers and strings, with keys in a fixed order.
//
// {"format": "loma explanation 1", SECTION: …}, with one member per requested section, in the order of
// `ExplanationSection`. A listing beyond its limit is {"not_shown": size, "limit": limit}. Members of `texts` are in
// the order of the given texts. In `rows`, `token` and `label` are written as in the text drawing; `token_id` and
// `label_id` are null for texts given by their length, and `label_id` for rows without a label.

import LoMA
import LoMAVectors

/// Draws sections as one JSON value.
package struct JSONDrawing: Sendable {
  let explanation: Explanation
  let limits = ExplanationLimits.json

  package init(_ explanation: Explanation) {
    self.explanation = explanation
  }

  var inputs: ExplanationInputs { explanation.inputs }
  var parameters: Parameters { explanation.parameters }

  /// The sections, in the order of `ExplanationSection`, and a line end.
  package func draw(_ sections: [ExplanationSection]) throws(InputError) -> String {
    let needsRows = sections.contains(.rows) || sections.contains(.mask)
    let batch = needsRows && explanation.rowCount <= limits.lines ? try explanation.batch() : nil
    var members = [JSONObject.Member("format", .string("loma explanation 1"))]
    for section in ExplanationSection.allCases where sections.contains(section) {
      members.append(.init(section.rawValue, try value(of: section, batch)))
    }
    return JSONValue.members(members).text() + "\n"
  }

  private func value(of section: ExplanationSection, _ batch: Batch?) throws(InputError) -> JSONValue {
    switch section {
    case .parameters: parametersValue
    case .rows: batch.map(rowsValue) ?? notShown(explanation.rowCount, limit: limits.lines)
    case .mask:
      if let batch, batch.rowCount <= limits.maskRows {
        maskValue(batch)
      } else {
        notShown(explanation.rowCount, limit: limits.maskRows)
      }
    case .rules: .array(rules)
    case .schedule: .members([.init("texts", .array(try eachText(scheduleValue)))])
    case .reconstruction: .members([.init("texts", .array(try eachText(reconstructionValue)))])
    case .cost: .members([.init("texts", .array(try eachText(costValue)))])
    case .metrics: metricsValue
    case .choice: choiceValue
    case .profiles: profilesValue
    }
  }

  private func eachText(_ value: (Int) throws(InputError) -> JSONValue) throws(InputError) -> [JSONValue] {
    var values: [JSONValue] = []
    for index in inputs.texts.indices { values.append(try value(index)) }
    return values
  }

  func notShown(_ size: Int, limit: Int) -> JSONValue {
    .members([.init("not_shown", .integer(size)), .init("limit", .integer(limit))])
  }

  private var parametersValue: JSONValue {
    .members([
      .init("c", .integer(parameters.c)), .init("t", .integer(parameters.t)),
      .init("chunk_length", .integer(parameters.chunkLength)),
      .init(
        "texts",
        .array(
          inputs.texts.map { text in
            .members([
              .init("length", .integer(text.length)),
              .init("full_chunks", .integer(parameters.fullChunks(text.length))),
              .init("tail", .integer(parameters.tailLength(text.length))),
            ])
          })),
      .init("generate", .integer(orNull: inputs.generationLength)),
      .init(
        "vocabulary",
        explanation.vocabulary.map { vocabulary in
          .members([
            .init("text", .integer(vocabulary.textSize)), .init("memory_token", .integer(vocabulary.memoryToken)),
            .init("repetition_token", .integer(vocabulary.repetitionToken)),
            .init("model", .integer(vocabulary.modelSize)),
          ])
        } ?? .null),
      .init(
        "profile", .members(Axis.allCases.map { .init($0.rawValue, .string(inputs.profile[$0])) })),
    ])
  }

  private func rowsValue(_ batch: Batch) -> JSONValue {
    let texts = batch.texts.enumerated().map { index, rows in
      let hasIds = if case .tokens = inputs.texts[index] { true } else { false }
      return JSONValue.array(
        rows.map { row in
          .members([
            .init("zone", .string(row.place.zone.rawValue)), .init("chunk", .integer(orNull: row.place.chunk)),
            .init("index", .integer(orNull: row.place.index)), .init("position", .integer(row.position)),
            .init("token", .string(explanation.tokenName(row, textIndex: index))),
            .init("label", .string(orNull: explanation.labelName(row, textIndex: index))),
            .init("token_id", .integer(orNull: hasIds ? row.token : nil)),
            .init("label_id", .integer(orNull: hasIds ? row.label : nil)),
          ])
        })
    }
    return .members([.init("layout", .string(inputs.layout.rawValue)), .init("texts", .array(texts))])
  }

  /// `texts`: per text a list of strings, one per query; character k is `1` if the query sees key k, else `0`.
  private func maskValue(_ batch: Batch) -> JSONValue {
    let texts = batch.texts.map { rows in
      let mask = Mask(rows: rows, profile: inputs.profile)
      return JSONValue.array(
        rows.indices.map { query in
          .string(String(rows.indices.map { mask.allows(query: query, key: $0) ? "1" : "0" }))
        })
    }
    return .members([.init("layout", .string(inputs.layout.rawValue)), .init("texts", .array(texts))])
  }

  /// The clauses of the mask, with the zones that each applies to.
  private var rules: [JSONValue] {
    MaskSentences(profile: inputs.profile).all.map { rule in
      JSONValue.members([
        .init("clause", .string(rule.clause)), .init("query", .string(orNull: rule.query?.rawValue)),
        .init("key", .string(orNull: rule.key?.rawValue)), .init("sentence", .string(rule.sentence)),
      ])
    }
  }
}
