// CCM-34: one text fed segment by segment, and tokens generated after it.

import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

extension ReferenceAnswers {
  /// `chosen` [m]; `logits` of every text token fed; `events`; the entries of all rows fed, and those held at the end.
  func contextOnline(_ request: Request) throws(RequestError) -> [ResultTensor] {
    let asked = try ContextRequest(request, for: .ccmOnline)
    let (text, m) = (try asked.onlyText(), try request.integer("generate"))
    let forced = try request.forcedTokens()
    let model = try contextModel(request, asked.parameters)
    if let forced, forced.count != m { throw .shape(tensor: "forced") }
    var reader = ContextReader(model: model)
    var record = ContextRecord(model.configuration)
    let chosen = try request.peer { () throws(PeerReferenceError) in
      for segment in text.contexts {
        try reader.read(context: segment, passLength: segment.count) { record.saw($0) }
      }
      try reader.read(final: text.final, passLength: text.final.count) { record.saw($0) }
      return try reader.generate(m, forced: forced, stopToken: nil) { record.saw($0) }
    }
    return [.integers("chosen", shape: [chosen.count], chosen)] + record.results(reader)
  }
}

/// What is recorded of a text being read: logits of text tokens, events, and the entries of every row fed.
private struct ContextRecord {
  private let vocabulary: Int
  private var logits: [Double] = []
  private var events: [Int] = []
  /// The entries of the rows fed, per layer, including those dropped or folded since.
  private var appended: [KeyValues]

  init(_ configuration: Configuration) {
    vocabulary = configuration.vocabularySize
    let empty = Tensor(zeros: [0, configuration.heads.keyValue * configuration.heads.dimension])
    appended = Array(repeating: KeyValues(keys: empty, values: empty), count: configuration.layers)
  }

  mutating func saw(_ reading: ContextReading) {
    let held = reading.entries.rows.count
    switch reading.event {
    case .read(let last):
      logits += reading.logits.values
      // Tokens that were fed in one pass count as one read event each.
      for behind in reading.fed.indices.reversed() { events += [0, last - behind, held - behind] }
    case .compress, .drop, .fold: events += reading.event.numbers + [held]
    }
    let new = Array(held - reading.fed.count..<held)
    for (layer, entries) in reading.layers.enumerated() {
      appended[layer] = appended[layer].appending(
        KeyValues(keys: entries.keys.selecting(rows: new), values: entries.values.selecting(rows: new)))
    }
  }

  func results(_ reader: ContextReader) -> [ResultTensor] {
    let held = reader.entries.numbers
    return [
      .tensor("logits", Tensor(shape: [logits.count / vocabulary, vocabulary], values: logits)),
      .integers("events", shape: [events.count / 3, 3], events),
      stacked("appended.keys", appended.map { $0.keys }), stacked("appended.values", appended.map { $0.values }),
      .integers("cache.rows", shape: [held.count], held),
      stacked("cache.keys", reader.layers.map { $0.keys }),
      stacked("cache.values", reader.layers.map { $0.values }),
    ]
  }

  private func stacked(_ name: String, _ layers: [Tensor]) -> ResultTensor {
    let (rows, width) = (layers.first?.rows ?? 0, layers.first?.columns ?? 0)
    return .tensor(name, Tensor(shape: [layers.count, rows, width], values: layers.flatMap { $0.values }))
  }
}
