// CCM-30: texts in segments, and the requests that hold them, all from seeds.

import LoMAAnswers
import LoMACatalogue
import LoMAPeers
import LoMAVectors
import NaiveLlama

/// Texts of a case, with n, BOS and the profile.
struct ContextTexts: Sendable {
  /// Tokens by text and segment.
  var texts: [[[Int]]]
  /// How many tokens of each final segment are its output.
  var outputs: [Int]
  var n = 2
  var beginning: Int = Self.bos
  /// V.
  var textSize = Self.vocabulary
  var profile: ContextProfile
  /// a, sent if the profile merges by it.
  var rate = Self.share

  static let vocabulary = ContextCaseModel.vocabulary
  /// a of most cases.
  private static let share = 0.375
  /// BOS of most cases; neither the first id nor the last, nor a pad's token.
  static let bos = 4

  /// Texts of drawn tokens; the first of each text is BOS, and no other.
  init(_ lengths: [[Int]], outputs: [Int]? = nil, _ profile: ContextProfile, seed: UInt64) {
    var numbers = SeededNumbers(seed: seed)
    texts = lengths.map { lengths in
      lengths.map { length in
        (0..<length).map { _ in
          let drawn = numbers.integer(below: Self.vocabulary - 1)
          return drawn < Self.bos ? drawn : drawn + 1
        }
      }
    }
    for text in texts.indices { texts[text][0][0] = Self.bos }
    self.outputs = outputs ?? lengths.map { _ in 0 }
    self.profile = profile
  }

  /// Given texts, whatever their tokens are.
  init(
    of texts: [[[Int]]], outputs: [Int], n: Int, beginning: Int, textSize: Int, _ profile: ContextProfile, rate: Double
  ) {
    (self.texts, self.outputs, self.n) = (texts, outputs, n)
    (self.beginning, self.textSize) = (beginning, textSize)
    (self.profile, self.rate) = (profile, rate)
  }

  /// Texts of these tokens, without a BOS and without outputs.
  init(of texts: [[[Int]]], n: Int, vocabulary: Int, _ profile: ContextProfile) {
    self.init(
      of: texts, outputs: texts.map { _ in 0 }, n: n, beginning: -1, textSize: vocabulary, profile,
      rate: Self.share)
  }

  /// The same texts with BOS at further places, each a segment and an index of the first text.
  func beginning(again places: [(segment: Int, index: Int)]) -> ContextTexts {
    var changed = self
    for place in places { changed.texts[0][place.segment][place.index] = beginning }
    return changed
  }

  /// The same texts with BOS exchanged for another id, −1 for none; −1 leaves the tokens.
  func beginning(is token: Int) -> ContextTexts {
    var changed = self
    changed.beginning = token
    if token >= 0 {
      changed.texts = texts.map { $0.map { $0.map { $0 == beginning ? token : $0 == token ? beginning : $0 } } }
    }
    return changed
  }

  func with(n: Int) -> ContextTexts {
    var changed = self
    changed.n = n
    return changed
  }

  func with(rate: Double) -> ContextTexts {
    var changed = self
    changed.rate = rate
    return changed
  }

  /// Whether the profile reads a.
  private var readsRate: Bool { profile.memory == .merge && profile.mergeRate == .exponential }

  var parameters: [String: RequestParameter] {
    var parameters: [String: RequestParameter] = [
      "memory_tokens": .integer(n), "text_vocabulary": .integer(textSize),
      "beginning_token": .integer(beginning),
    ]
    if readsRate { parameters["rate"] = .real(rate) }
    return parameters
  }

  /// The request of an operation on these texts.
  func request(
    _ operation: PeerOperation, model: ContextCaseModel? = nil, _ more: [String: RequestParameter] = [:],
    arrays: [NamedArray] = [], captures: [String] = []
  ) -> Request {
    request(operation, at: model?.path, more, arrays: arrays, captures: captures)
  }

  /// The same of a model by its path below Vectors/peers.
  func request(
    _ operation: PeerOperation, at model: String?, _ more: [String: RequestParameter] = [:],
    arrays: [NamedArray] = [], captures: [String] = []
  ) -> Request {
    let segments = texts.flatMap { $0 }
    let outputs = operation.readsOutputs ? [CaseInputs.integers("output_lengths", self.outputs)] : []
    return Request(
      .peer(operation), axes: profile.axes, parameters: parameters.adding(more), model: model,
      input: CaseInputs.file(
        [
          CaseInputs.integers("tokens", segments.flatMap { $0 }),
          CaseInputs.integers("lengths", segments.map { $0.count }),
          CaseInputs.integers("segments", texts.map { $0.count }),
        ] + outputs + arrays), captures: captures)
  }

  /// The padded layouts. Traps if a text is bad, which is our mistake.
  var batch: ContextBatch {
    do {
      let parameters = try ContextParameters(
        textSize: textSize, memoryTokens: n, beginningToken: beginning < 0 ? nil : beginning, profile: profile,
        rate: rate)
      var layouts: [ContextLayout] = []
      for (text, output) in zip(texts, outputs) {
        layouts.append(try ContextLayout(ContextText(segments: text, outputLength: output), parameters: parameters))
      }
      return ContextBatch(layouts, parameters: parameters)
    } catch { preconditionFailure("a case with a bad text: \(error)") }
  }

  /// Seeded numbers in place of the rows' embeddings, [texts, rows, hidden].
  func embeddings(seed: UInt64) -> NamedArray {
    CaseInputs.normal(
      "embeddings", shape: [texts.count, batch.texts[0].count, ContextCaseModel.hidden], deviation: 1, mean: 0,
      seed: seed)
  }

  /// Other numbers for the rows of a single text, [rows, hidden].
  func replacements(seed: UInt64) -> NamedArray {
    CaseInputs.normal(
      "replacements", shape: [batch.texts[0].count, ContextCaseModel.hidden], deviation: 1, mean: 0, seed: seed)
  }
}

extension ContextProfile {
  /// The axes that differ from base, in the form of a request.
  package var axes: [String: String] {
    var axes: [String: String] = [:]
    for axis in ContextAxis.allCases where self[axis] != ContextProfile.base[axis] { axes[axis.rawValue] = self[axis] }
    return axes
  }

  /// The profile in the form of ids: `base`, or its values joined by hyphens.
  var slug: String {
    let values = ContextAxis.allCases.filter { self[$0] != ContextProfile.base[$0] }.map { axis in
      axis == .sink ? "sink" : self[axis]
    }
    return values.isEmpty ? "base" : values.joined(separator: "-")
  }

  /// The profiles that differ in integers: all but those with another merge rate.
  static var ofStructure: [ContextProfile] { all.filter { $0.mergeRate == .mean } }

  static let merge = chosen([.memory: "merge"])
  static let mergeSeparate = chosen([.memory: "merge", .recurrence: "separate"])
  static let mergeExponential = chosen([.memory: "merge", .mergeRate: "exponential"])
  static let separate = chosen([.recurrence: "separate"])
  static let withSink = chosen([.sink: "on"])
  static let mergeSink = chosen([.memory: "merge", .sink: "on"])

  /// Traps if a value is none of its axis, which is our mistake.
  private static func chosen(_ values: [ContextAxis: String]) -> ContextProfile {
    var profile = base
    for axis in ContextAxis.allCases {
      guard let value = values[axis] else { continue }
      guard let next = profile.choosing(axis, value) else { preconditionFailure("\(axis) has no \(value)") }
      profile = next
    }
    return profile
  }
}
