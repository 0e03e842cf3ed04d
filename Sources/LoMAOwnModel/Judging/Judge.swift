// OWN-2, OWN-4…OWN-6: the answers of a free run, measured.

import LoMA
import LoMAReference
import LoMAVectors
import NaiveLlama

extension OwnYardstick {
  /// Measures an answer to a question of this text in an element type; `chunk` is that of `reconstruct`.
  ///
  /// Captures that the answer lacks are left out. Throws `answer` for a tensor of another form, and why the yardstick's files
  /// cannot be read.
  package func judge(
    _ operation: Operation, chunk: Int?, answer: [NamedArray], type: ElementType
  ) throws(OwnError) -> OwnFindings {
    let answer = OwnAnswer(answer)
    switch operation {
    case .forward: return try forward(answer, type)
    case .loss: return try loss(answer, type)
    case .generate: return try generate(answer, type)
    case .reconstruct: return try reconstruct(answer, type, chunk: chunk ?? 0)
    default: throw .answer(tensor: operation.rawValue, reason: "this operation is not asked")
    }
  }

  /// A row of the training layout in words.
  func words(_ row: Int) -> String { "row \(row) (\(rows[row].place.description))" }

  private func rules(_ type: ElementType) -> [(rule: OwnRule, bound: Double)] {
    let bounds = OwnBounds.of(type)
    return [(.freeWhole, bounds.freeWhole)] + (bounds.freeRow.map { [(.freeRow, $0)] } ?? [])
  }

  // MARK: - Forward

  private func forward(_ answer: OwnAnswer, _ type: ElementType) throws(OwnError) -> OwnFindings {
    var findings = OwnFindings()
    var contexts: [Int: Tensor] = [:]
    for name in captures + ["logits"] where name == "logits" || answer.has(name) {
      let got = try answer.tensor(name, rows: rows.count, columns: width(of: name))
      let want = try reference(name, type)
      if name == "hidden.0" {
        findings.equal(name, got, to: want, words: words)
        continue
      }
      guard let spread = steadySpread(name, type) else { continue }
      findings.compare(name, got, with: want, spread: spread, rules: rules(type), words: words)
      if findings.nonFinite != nil { return findings }
      if name.hasSuffix(".context"), let layer = Int(name.split(separator: ".")[1]) { contexts[layer] = got }
      if name == "logits" {
        findings.projections += try projections(.logits, layers: [nil], type) { (_) throws(OwnError) in
          (got.selecting(columns: columns), want.selecting(columns: columns), spread)
        }
      }
    }
    exclude(&findings, type)
    if contexts.count == plan.configuration.layers {
      findings.projections += try projections(
        .contexts, layers: (0..<plan.configuration.layers).map { $0 }, type
      ) { (layer) throws(OwnError) in
        let name = Self.name("context", layer: layer ?? 0)
        guard let got = contexts[layer ?? 0], let spread = steadySpread(name, type) else { return nil }
        let want = try reference(name, type).selecting(columns: contextColumns)
        return (got.selecting(columns: contextColumns), want, spread)
      }
    }
    return findings
  }

  /// β's sums of an answer for every alternative of a type that changes this text.
  private func projections(
    _ evidence: OwnEvidence, layers: [Int?], _ type: ElementType,
    _ tensors: (Int?) throws(OwnError) -> (got: Tensor, want: Tensor, spread: Spread)?
  ) throws(OwnError) -> [OwnProjection] {
    guard let known = projections[type]?[evidence] else { return [] }
    let asked = plan.alternatives.indices.filter { known[$0].denominator > 0 }
    var sums = Array(repeating: Projected(answers: 1), count: known.count)
    var remainders = Array(repeating: Remainder(), count: known.count)
    for layer in layers {
      // An unsteady tensor has no part in the simulated ports' sums either.
      guard let (got, want, spread) = try tensors(layer) else { continue }
      for alternative in asked {
        let delta = try differences(alternative, layer: layer)
        sums[alternative].add(Projected(got, reference: want, delta: delta, spread: spread))
        remainders[alternative].add(Remainder(got, reference: want, delta: delta, spread: spread))
      }
    }
    return asked.map { index in
      OwnProjection(
        alternative: plan.alternatives[index].id, evidence: evidence, numerator: sums[index].numerators[0],
        denominator: known[index].denominator, simulated: known[index].numerators, remainder: remainders[index])
    }
  }

  /// Excludes every alternative that would have left a tensor right which is wrong in this answer.
  private func exclude(_ findings: inout OwnFindings, _ type: ElementType) {
    let isChaotic = isChaotic(type) != nil
    let wrong = Set(
      findings.measurements.filter { $0.isWrong && !(isChaotic && $0.rule.needsSteadyRun) }.map(\.tensor))
    for (index, alternative) in plan.alternatives.enumerated()
    where alternative.types.contains(type) && !alternative.isRounding {
      if !wrong.isSubset(of: changed[index]) { findings.excluded.insert(alternative.id) }
    }
  }

  // MARK: - Loss

  private func loss(_ answer: OwnAnswer, _ type: ElementType) throws(OwnError) -> OwnFindings {
    let logits = try reference("logits", type)
    guard let spread = spread("logits", type) else { return OwnFindings() }
    let want = Loss(texts: [rows], logits: [logits])
    var findings = OwnFindings()
    for (name, term, value) in [
      ("language_modelling", LossTerm.languageModelling, want.languageModelling),
      ("repetition", .repetition, want.repetition),
    ] {
      let got = try answer.tensor(name, rows: 1, columns: 1).values[0]
      guard got.isFinite else {
        findings.nonFinite = name
        return findings
      }
      let labelled = rows.indices.filter { rows[$0].lossTerm == term && rows[$0].label != nil }
      // A cross-entropy is a difference of numbers as large as the logits, and its mean is rounded to the type: where the
      // model is certain, that is all the error there is.
      let precision = Precision.of(type) ?? .f32
      let sizes = labelled.map { row in
        let largest = logits.row(row).reduce(0) { max($0, $1.magnitude) }
        return spread.square(row).squareRoot() * Self.slope(logits.row(row), label: rows[row].label ?? 0)
          + 2 * precision.accumulation * largest
      }
      let mean = sizes.isEmpty ? 0 : sizes.reduce(0, +) / Double(sizes.count)
      let unit = mean + precision.output * value.magnitude / 2
      findings.measurements.append(
        OwnMeasurement(
          tensor: name, rule: .loss, error: OwnFindings.ratio((got - value).magnitude, to: unit),
          bound: OwnBounds.of(type).loss, row: nil, column: nil, got: got, want: value,
          words: "the mean over \(labelled.count) rows", firstWords: "the mean over \(labelled.count) rows",
          wrongRows: nil, rows: 1))
    }
    return findings
  }

  /// ‖p − e_label‖₂, the size of a cross-entropy's gradient.
  private static func slope(_ logits: ArraySlice<Double>, label: Int) -> Double {
    CrossEntropy.backward(1, logits: logits, label: label).reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  // MARK: - Generation

  private func generate(_ answer: OwnAnswer, _ type: ElementType) throws(OwnError) -> OwnFindings {
    let (configuration, order, ids) = (plan.configuration, GenerationOrder(self), plan.model.vocabulary)
    var findings = OwnFindings()
    let events = try answer.integers("events", count: 3 * order.events.count)
    findings.equal("events", events, to: order.events.flatMap { $0 }, width: 3)
    let kept = try answer.integers("cache.rows", count: order.cached.count)
    findings.equal("cache.rows", kept, to: order.cached, width: 1)

    let keys = configuration.heads.keyValue * configuration.heads.dimension
    let names: [(String, String, [Int])] = [
      ("appended.keys", "key", order.fed), ("appended.values", "value", order.fed),
      ("cache.keys", "key", order.cached.map { order.fed[$0] }),
      ("cache.values", "value", order.cached.map { order.fed[$0] }),
    ]
    for (name, output, entries) in names {
      let got = try answer.tensor(name, rows: configuration.layers * entries.count, columns: keys)
      for layer in 0..<configuration.layers {
        let tensor = Self.name(output, layer: layer)
        guard let spread = steadySpread(tensor, type) else { continue }
        findings.compare(
          name, got.rows(layer * entries.count..<(layer + 1) * entries.count),
          with: try reference(tensor, type).selecting(rows: entries), spread: spread.selecting(entries),
          rules: rules(type)
        ) { "layer \(layer), " + words(entries[$0]) }
        if findings.nonFinite != nil { return findings }
      }
    }

    let reading = rows.indices.filter { rows[$0].place.zone == .reading }
    guard let spread = spread("logits", type) else { return findings }
    let want = try reference("logits", type)
    let got = try answer.tensor("logits", rows: reading.count, columns: configuration.vocabularySize)
    findings.compare(
      "logits", got, with: want.selecting(rows: reading), spread: spread.selecting(reading), rules: rules(type)
    ) { words(reading[$0]) }
    if findings.nonFinite != nil { return findings }
    let hats = spread.hats()
    for (step, token) in try answer.integers("chosen", count: text.generated).enumerated() {
      let row = reading[text.promptLength - 1 + step]
      findings.choice(
        "chosen", at: step, token: token, scores: want.row(row), vocabulary: ids, hat: hats[row],
        bound: OwnBounds.of(type).token, words: "after " + words(row))
    }
    return findings
  }

  private func reconstruct(_ answer: OwnAnswer, _ type: ElementType, chunk: Int) throws(OwnError) -> OwnFindings {
    let own = rows.indices.filter { rows[$0].place.zone == .repetition && rows[$0].place.chunk == chunk }
    guard let spread = spread("logits", type) else { return OwnFindings() }
    let want = try reference("logits", type)
    let got = try answer.tensor("logits", rows: own.count, columns: plan.configuration.vocabularySize)
    var findings = OwnFindings()
    findings.compare(
      "logits", got, with: want.selecting(rows: own), spread: spread.selecting(own), rules: rules(type)
    ) { words(own[$0]) }
    if findings.nonFinite != nil { return findings }
    let predicting: [PredictingRow]
    do {
      predicting = try Reconstruction(
        chunk: chunk, textLength: text.tokens.count, parameters: text.parameters, profile: plan.model.profile
      ).predictingRows
    } catch { throw .checkpoint(.reference(.rejected(error))) }
    let lastMemory = rows.indices.last { rows[$0].place.zone == .memory && rows[$0].place.chunk == chunk }
    let hats = spread.hats()
    for (index, token) in try answer.integers("tokens", count: own.count).enumerated() {
      let source: Int? =
        switch predicting[index] {
        case .repetition(let place): own[place]
        case .lastMemory: lastMemory
        }
      guard let row = source else { continue }
      findings.choice(
        "tokens", at: index, token: token, scores: want.row(row), vocabulary: plan.model.vocabulary, hat: hats[row],
        bound: OwnBounds.of(type).token, words: "after " + words(row))
    }
    return findings
  }
}
