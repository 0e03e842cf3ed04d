// The right answer to every request of a lesson; with other rules than the Spec's, the answer of one who makes a mistake.

import LoMA
import LoMAAnswers
import LoMAModels
import LoMAReference
import LoMAVectors
import NaiveLlama

/// Why a request of a lesson cannot be answered.
package enum LessonError: Error, Hashable, Sendable {
  /// The line is no request.
  case notARequest(String)
  /// The numbers of a request do not fit together; the reason is the reference's.
  case refused(String)
}

extension LessonError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notARequest(let line): "no request of a lesson: '\(line.prefix(60))'"
    case .refused(let reason): reason
    }
  }
}

/// A trained model with the rules by which it is run.
package struct LessonReference: Sendable {
  /// Nil for one that answers in integers only.
  private let loaded: LoadedModel?
  /// The rules and functions of the Spec, or those of one who makes a mistake.
  var answers: ReferenceAnswers
  var profile: Profile
  /// Whether the mistake behind a wrong answer is looked for, which takes a second where a model computes.
  var namesMistakes = true

  /// The Spec's.
  package init(_ model: LoadedModel?) {
    loaded = model
    answers = ReferenceAnswers(models: [:], workers: .single)
    profile = model?.profile ?? .base
  }

  /// The model; throws if there is none.
  var model: LoadedModel {
    get throws(LessonError) {
      guard let loaded else { throw .refused("no model") }
      return loaded
    }
  }

  private var transformer: Transformer {
    get throws(LessonError) {
      Transformer(
        configuration: try model.checkpoint.configuration, weights: try model.checkpoint.weights,
        functions: answers.functions)
    }
  }

  /// The answer to a request.
  package func answer(_ ask: Ask) throws(LessonError) -> LessonAnswer {
    do { return try computed(ask) } catch { throw (error as? LessonError) ?? .refused("\(error)") }
  }

  private func computed(_ ask: Ask) throws -> LessonAnswer {
    switch ask {
    case .entries(let sizes):
      return .words(["\(try sizes.parameters().cacheSize(afterFeeding: sizes.checkedLength()))"])
    case .rows(let sizes):
      return .words(
        try rows(sizes).flatMap { row in
          ["\(row.place.zone.letter)", "\(row.place.chunk ?? 0)", "\(row.place.index ?? 0)"]
        })
    case .positions(let sizes): return .words(try rows(sizes).map { "\($0.position)" })
    case .mask(let sizes): return .words(cells(try rows(sizes)).map { $0 ? "1" : "0" })
    case .cache(let sizes): return .words(try cacheWords(sizes))
    case .cost(let sizes): return .words(try costs(sizes))
    case .labels(let text): return .words(try rows(text).map { "\($0.label ?? -1)" })
    case .find(let sizes, let given):
      let right = cells(try rows(sizes))
      guard right.count == given.count else { throw LessonError.refused("\(right.count) cells, not \(given.count)") }
      guard let first = right.indices.first(where: { right[$0] != given[$0] }) else { return .words([]) }
      let count = try rows(sizes).count
      return .words(["\(first / count)", "\(first % count)"])
    case .norm(let token):
      let layer = try firstLayer([token], position: 0)
      return .numbers(layer.attentionNorm.values, width: layer.attentionNorm.columns)
    case .query(let position, let token):
      let layer = try firstLayer([token], position: position)
      return .numbers(layer.query.values, width: layer.query.columns)
    case .weights(let layer, let text):
      let (weights, count) = try weights(layer, text)
      return .numbers(weights, width: count)
    case .looks(let layer, let text):
      let (weights, count) = try weights(layer, text)
      let rows = try rows(text)
      let memory = rows.indices.filter { rows[$0].place.zone == .memory }
      return .words(
        memory.map { row in
          let line = weights[row * count..<(row + 1) * count]
          return "\((line.indices.max { line[$0] < line[$1] } ?? line.startIndex) - line.startIndex)"
        })
    case .layer(let text):
      let output = try onePass(text).layers[0].output
      return .numbers(output.values, width: output.columns)
    case .onePass(let text):
      let (trace, rows) = (try onePass(text), try rows(text))
      guard let last = rows.lastIndex(where: { $0.place.zone == .reading }) else {
        throw LessonError.refused("an empty text")
      }
      return .numbers(Array(trace.logits.row(last)), width: trace.logits.columns)
    case .losses(let text):
      let loss = answers.rules.loss([try rows(text)], [try onePass(text).logits])
      return .numbers([loss.languageModelling, loss.repetition], width: 1)
    case .next(let text):
      let generator = try fed(text)
      guard let logits = generator.lastLogits else { throw LessonError.refused("an empty text") }
      return .numbers(logits, width: logits.count)
    case .recite(let chunk, let text):
      return .words(try fed(text).reconstruct(chunk: chunk).tokens.map { "\($0)" })
    }
  }

  // MARK: integers

  /// The rows of a text of some length, whose tokens are its indices.
  static func rows(_ sizes: Sizes, profile: Profile) -> [Row] {
    let rows = try? Layout.training(
      text: Array(0..<sizes.length), vocabulary: Vocabulary(textSize: max(1, sizes.length)),
      parameters: sizes.parameters(), profile: profile
    ).rows
    return rows ?? []
  }

  func rows(_ sizes: Sizes) throws -> [Row] {
    let text = Array(0..<(try sizes.checkedLength()))
    return try answers.rows(
      .training, text, try Vocabulary(textSize: max(1, text.count)), try sizes.parameters(), profile)
  }

  /// The rows of a text that the model reads.
  func rows(_ text: [Int]) throws -> [Row] {
    try answers.rows(.training, text, try model.vocabulary, try model.parameters, profile)
  }

  func cells(_ rows: [Row]) -> [Bool] {
    let visible = answers.rules.visible(rows, profile)
    return visible.lists.flatMap { list in
      let seen = Set(list)
      return rows.indices.map { seen.contains($0) }
    }
  }

  private func cacheWords(_ sizes: Sizes) throws -> [String] {
    var state = CacheState(parameters: try sizes.parameters(), rule: answers.rules.compression)
    var words: [String] = []
    for _ in 0..<(try sizes.checkedLength()) {
      state.feed { _, places in words.append(String(places.map { $0.zone.letter })) }
    }
    return words
  }

  private func costs(_ sizes: Sizes) throws -> [String] {
    let cost = try Cost(textLength: sizes.length, parameters: try sizes.parameters(), profile: profile)
    let (full, rows) = (sizes.length * (sizes.length + 1) / 2, try sizes.parameters().generationRows(sizes.length))
    return [cost.generation, full, rows, sizes.length].map { "\($0)" }
  }

  // MARK: numbers

  /// Layer 0 over rows that each see themselves, all at one position.
  private func firstLayer(_ tokens: [Int], position: Int) throws -> DecoderLayerTrace {
    try transformer.forward(
      layer: 0, try transformer.embed(tokens), positions: tokens.map { _ in position },
      visible: VisibleKeys(lists: tokens.indices.map { [$0] }, keyCount: tokens.count))
  }

  private func onePass(_ text: [Int]) throws -> ForwardTrace {
    try transformer.forward(rows: try rows(text), profile: profile, rules: answers.rules)
  }

  /// The mean over heads of every row's attention to every row.
  private func weights(_ layer: Int, _ text: [Int]) throws -> (weights: [Double], count: Int) {
    let layers = try onePass(text).layers
    guard layers.indices.contains(layer) else { throw LessonError.refused("no layer \(layer)") }
    let probabilities = layers[layer].attention.probabilities
    let (heads, count) = (probabilities.shape[0], probabilities.shape[1])
    let cells = count * count
    return (
      (0..<cells).map { cell in
        (0..<heads).reduce(0) { $0 + probabilities.values[$1 * cells + cell] } / Double(heads)
      }, count
    )
  }

  private func fed(_ text: [Int]) throws -> Generator {
    var generator = Generator(
      transformer: try transformer, vocabulary: try model.vocabulary, parameters: try model.parameters,
      profile: profile)
    generator.rules = answers.rules
    try generator.feed(text, passLength: 1) { _ in }
    return generator
  }
}

extension Sizes {
  /// The longest text that is laid out.
  private static let longest = 1 << 16

  func parameters() throws(InputError) -> Parameters { try Parameters(c: c, t: t) }

  func checkedLength() throws(LessonError) -> Int {
    guard (0...Self.longest).contains(length) else { throw .refused("a text of \(length) tokens") }
    return length
  }
}
