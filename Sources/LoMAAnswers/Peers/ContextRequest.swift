// CCM-30, CCM-35: a request of chapter 16. Faults are looked for in the order of the list of rejections, across all
// texts, so that the first one found is the right answer.

import LoMA
import LoMAPeers
import LoMAPeersReference
import LoMAVectors
import NaiveLlama

extension PeerOperation {
  /// The operations that read `output_lengths`.
  package var readsOutputs: Bool { [.ccmLayout, .ccmLoss, .ccmGradients].contains(self) }

  /// The operations that feed tokens after the text.
  package var generates: Bool { [.ccmSchedule, .ccmOnline].contains(self) }
}

/// The parameters and texts of a request.
package struct ContextRequest {
  package let parameters: ContextParameters
  /// At least one.
  package let texts: [ContextText]

  /// Reads everything but the model, which comes last in the list, and the factors of a cost.
  package init(_ request: Request, for operation: PeerOperation) throws(RequestError) {
    let parameters = try request.contextParameters()
    let segmented = try request.segmentedTexts()
    // A number of tokens beyond the limit is as bad as one just beyond it, and cannot overflow.
    let asked = operation.generates ? try request.integer("generate") : 0
    let further = min(max(asked, 1) - 1, ContextParameters.limit + 1)
    for text in segmented {
      let rows = text.reduce(further) { $0 + $1.count }
      try request.peer { () throws(PeerError) in try parameters.check(textRows: rows, contexts: text.count - 1) }
    }
    for text in segmented {
      for (segment, tokens) in text.enumerated() {
        try request.peer { () throws(PeerError) in try parameters.check(tokens, segment: segment) }
      }
    }
    if operation == .ccmOnline, let forced = try request.forcedTokens(), let text = segmented.first {
      try request.peer { () throws(PeerError) in try parameters.check(forced, segment: text.count - 1) }
    }
    let outputs =
      operation.readsOutputs
      ? try request.integers("output_lengths") : Array(repeating: 0, count: segmented.count)
    guard outputs.count == segmented.count else { throw .shape(tensor: "output_lengths") }
    let texts = zip(segmented, outputs).map { ContextText(segments: $0, outputLength: $1) }
    for text in texts { try request.peer { () throws(PeerError) in try text.check(parameters) } }
    if asked < 0 { throw .peer(.reference(.rejected(.negativeGenerationLength(asked)))) }
    self.parameters = parameters
    self.texts = texts
  }

  /// The only text of an operation that takes one.
  func onlyText() throws(RequestError) -> ContextText {
    guard let text = texts.first, texts.count == 1 else { throw .shape(tensor: "segments") }
    return text
  }

  /// The padded batch of the texts' parallel layouts, each as `peers` has it.
  func batch(of request: Request, _ peers: PeerAnswers) throws(RequestError) -> ContextBatch {
    var layouts: [ContextLayout] = []
    for text in texts {
      let layout = try request.peer { () throws(PeerError) in try ContextLayout(text, parameters: parameters) }
      layouts.append(peers.layout(layout))
    }
    return ContextBatch(layouts, parameters: parameters)
  }
}

extension Request {
  package func contextProfile() throws(RequestError) -> ContextProfile {
    let sorted = axes.sorted { $0.key < $1.key }.map { (axis: $0.key, value: $0.value) }
    // An unknown axis comes before an unknown value.
    let pairs =
      sorted.filter { ContextAxis(rawValue: $0.axis) == nil } + sorted.filter { ContextAxis(rawValue: $0.axis) != nil }
    return try peer { () throws(PeerError) in try ContextProfile(pairs) }
  }

  /// a; nil if it is absent or no number, which is a fault where it is read.
  package func mergeShare() -> Double? { try? real("rate") }

  func contextParameters() throws(RequestError) -> ContextParameters {
    let profile = try contextProfile()
    let (n, size) = (try integer("memory_tokens"), try integer("text_vocabulary"))
    let beginning = try integer("beginning_token")
    return try peer { () throws(PeerError) in
      try ContextParameters(
        textSize: size, memoryTokens: n, beginningToken: beginning == -1 ? nil : beginning, profile: profile,
        rate: mergeShare())
    }
  }

  /// `tokens`, cut by `lengths` into segments and by `segments` into texts.
  fileprivate func segmentedTexts() throws(RequestError) -> [[[Int]]] {
    let (tokens, lengths, counts) = (try integers("tokens"), try integers("lengths"), try integers("segments"))
    for (segment, length) in lengths.enumerated() where length < 1 {
      throw .peer(.reference(.rejected(.segmentEmpty(segment: segment))))
    }
    guard counts.allSatisfy({ $0 >= 1 }), Self.sum(counts) == lengths.count, Self.sum(lengths) == tokens.count else {
      throw .peer(.segmentsMismatch(segments: counts, lengths: lengths.count, tokens: tokens.count))
    }
    guard !counts.isEmpty else { throw .shape(tensor: "segments") }
    var (rest, ends) = (tokens[...], lengths[...])
    return counts.map { count in
      let text = ends.prefix(count).map { length in
        let segment = Array(rest.prefix(length))
        rest = rest.dropFirst(length)
        return segment
      }
      ends = ends.dropFirst(count)
      return text
    }
  }

  /// nil if it does not fit an `Int`.
  private static func sum(_ values: [Int]) -> Int? {
    var sum = 0
    for value in values {
      let (next, overflow) = sum.addingReportingOverflow(value)
      if overflow { return nil }
      sum = next
    }
    return sum
  }

  /// `forced`, nil if it is not given.
  func forcedTokens() throws(RequestError) -> [Int]? {
    input["forced"] == nil ? nil : try integers("forced")
  }
}

extension ReferenceAnswers {
  /// The base and the adapter of a request; the base's refusal comes before V, and V before the adapter.
  func contextModel(_ request: Request, _ parameters: ContextParameters) throws(RequestError) -> ContextModel {
    let (configuration, weights) = try loaded(request)
    guard parameters.textSize == configuration.vocabularySize else {
      throw .peer(
        .reference(
          .rejected(
            .vocabularyMismatch(
              textVocabulary: parameters.textSize, modelVocabulary: configuration.vocabularySize))))
    }
    guard let found = request.model.flatMap({ peers.adapters[$0] }) else { throw .parameter("model") }
    let adapter: ContextAdapter
    do { adapter = try found.get() } catch { throw .peer(.adapter(error)) }
    try request.peer { () throws(PeerReferenceError) in try adapter.check(configuration, parameters) }
    return ContextModel(
      configuration: configuration, weights: Weights(weights), adapter: adapter, parameters: parameters,
      functions: functions, rules: peers.rules)
  }
}
