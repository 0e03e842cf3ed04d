// CCM-30: the texts of a case of compressed context memory, and their rows.

import LoMAPeers
import LoMAVectors

/// The texts of a case and their parallel layouts.
struct StoredContextTexts {
  /// The segments of each text; the last one is final.
  let texts: [[[Int]]]
  let parameters: ContextParameters

  /// Reads texts, ids and parameters; throws `CorpusError` if a case that needs them lacks valid ones.
  init(_ item: StoredCase, input: [NamedArray]) throws(CorpusError) {
    let file = item.input?.path ?? item.id
    func integers(_ name: String) throws(CorpusError) -> [Int] {
      guard let values = try? input.first(where: { $0.name == name })?.integers() else {
        throw .damaged(file: file, reason: "it has no \(name)")
      }
      return values
    }
    func integer(_ name: String) throws(CorpusError) -> Int {
      guard let value = item.integer(name) else { throw .manifest("\(item.id): it has no parameter \(name)") }
      return value
    }
    let (tokens, lengths, counts) = (try integers("tokens"), try integers("lengths"), try integers("segments"))
    guard let segments = try? cutTexts(tokens, by: lengths), let texts = Self.gathered(segments, by: counts) else {
      throw .damaged(file: file, reason: "its lengths and segments are not those of its texts")
    }
    self.texts = texts
    let (n, textSize) = (try integer("memory_tokens"), try integer("text_vocabulary"))
    let beginning = try integer("beginning_token")
    do {
      parameters = try ContextParameters(
        textSize: textSize, memoryTokens: n, beginningToken: beginning == -1 ? nil : beginning,
        profile: try ContextProfile(item.axes.map { (axis: $0.key, value: $0.value) }),
        rate: item.parameters["rate"]?.stringValue.flatMap(Double.init))
      for text in texts { try ContextText(segments: text, outputLength: 0).check(parameters) }
    } catch { throw .manifest("\(item.id): \(error)") }
  }

  /// The segments of each text; nil unless the counts are positive and add up to the segments of at least one text.
  private static func gathered(_ segments: [[Int]], by counts: [Int]) -> [[[Int]]]? {
    var rest = segments[...]
    var texts: [[[Int]]] = []
    for count in counts {
      guard 1...max(1, rest.count) ~= count, !rest.isEmpty else { return nil }
      texts.append(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    return rest.isEmpty && !texts.isEmpty ? texts : nil
  }

  /// The rows of all texts, padded on the left (CCM-8).
  var batch: ContextBatch { ContextBatch(texts.compactMap { layout($0) }, parameters: parameters) }

  /// The parallel layout of a text.
  func layout(_ text: [[Int]]) -> ContextLayout? {
    try? ContextLayout(ContextText(segments: text, outputLength: 0), parameters: parameters)
  }

  /// The first text with tokens added to its final segment.
  func first(followedBy tokens: [Int]) -> [[Int]] {
    var text = texts[0]
    text[text.count - 1] += tokens
    return text
  }
}

extension [[[Int]]] {
  /// The tensors that hold these texts.
  func contextTensors() throws(ContainerError) -> [NamedArray] {
    let segments = joined()
    let tokens = segments.joined()
    return [
      try NamedArray("tokens", .i64, shape: [tokens.count], integers: Array<Int>(tokens)),
      try NamedArray("lengths", .i64, shape: [segments.count], integers: segments.map { $0.count }),
      try NamedArray("segments", .i64, shape: [count], integers: map { $0.count }),
    ]
  }
}
