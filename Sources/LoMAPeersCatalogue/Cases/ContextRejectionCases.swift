// CCM-35: the rejection level of chapter 16: bad input, and the code that is the right answer. Where a request has
// several faults, the code that comes first in the list is right.

import LoMAAnswers
import LoMACatalogue
import LoMAPeers
import LoMAVectors

/// A case for each fault, and for each pair of faults whose order a port may get wrong.
enum ContextRejectionCases {
  static var all: [Case] { profiles + parameters + segments + tokens + costs + models + orders }

  /// A request of an operation with some parts replaced.
  private static func rejected(
    _ operation: PeerOperation, _ what: String, _ code: String, clauses: [String], hunts: String,
    axes: [String: String]? = nil, parameters: [String: RequestParameter] = [:], integers: [String: [Int]] = [:],
    without: Set<String> = [], model: String? = nil, profile: ContextProfile = .base
  ) -> Case {
    let texts = ContextTexts([[2, 3, 3]], outputs: [1], profile, seed: 801)
    let usual: [String: RequestParameter] = [
      "generate": .integer(2), "layers": .integer(2), "kv_heads": .integer(2), "head_dim": .integer(4),
      "bytes_per_element": .integer(2),
    ]
    let right = texts.request(operation)
    let isOfModel = [.model, .training, .generation].contains(operation.level)
    var arrays = right.input.arrays.filter { integers[$0.name] == nil && !without.contains($0.name) }
    for (name, values) in integers.sorted(by: { $0.key < $1.key }) { arrays.append(CaseInputs.integers(name, values)) }
    let read = usual.filter { operation.reads($0.key) }.adding(right.parameters).adding(parameters)
    return Case(
      id: "rejection.\(operation.rawValue).\(what)", since: Versions.frozen, level: .rejection, hunts: hunts,
      clauses: clauses.sorted(),
      request: Request(
        right.operation, axes: axes ?? right.axes, parameters: read.filter { !without.contains($0.key) },
        model: isOfModel ? model ?? ContextCaseModel.gqa.path : nil, input: CaseInputs.file(arrays), captures: []),
      expectation: .rejection(code),
      dtypes: operation.level == .structure ? [NumberType.integerWord] : NumberType.words)
  }

  private static let answered = "bad input that is answered, or that ends the program"

  private static var profiles: [Case] {
    let exponential = ["memory": "merge", "merge_rate": "exponential"]
    func rate(_ operation: PeerOperation, _ what: String, _ value: RequestParameter) -> Case {
      rejected(
        operation, what, "merge-rate-out-of-range", clauses: ["CCM-3"], hunts: "a share outside 0 < a ≤ 1",
        axes: exponential, parameters: ["rate": value])
    }
    func stage(_ operation: PeerOperation, _ what: String, _ code: String, axes: [String: String], _ request: Request)
      -> Case
    {
      Case(
        id: "rejection.\(operation.rawValue).\(what)", since: Versions.frozen, level: .rejection, hunts: answered,
        clauses: ["CCM-3"],
        request: Request(
          request.operation, axes: axes, parameters: request.parameters, model: nil, input: request.input, captures: []),
        expectation: .rejection(code), dtypes: NumberType.words)
    }
    func merged(rate: Double) -> Request {
      let numbers = ["keys", "values"].map { name in
        CaseInputs.normal(name, shape: [2, 1, 4], deviation: 1, mean: 0, seed: 805)
      }
      return Request(
        .peer(.merge), axes: [:], parameters: ["rate": .real(rate)], model: nil, input: CaseInputs.file(numbers),
        captures: [])
    }
    return [
      rejected(
        .ccmMask, "unknown-axis", "unknown-axis", clauses: ["CCM-3"],
        hunts: "an axis of part I taken for one of part II",
        axes: ["memory_attention": "causal"]),
      rejected(
        .ccmForward, "unknown-alternative", "unknown-alternative", clauses: ["CCM-3"], hunts: answered,
        axes: ["memory": "gist"]),
      rejected(
        .ccmLayout, "rate-with-its-number", "unknown-alternative", clauses: ["CCM-3"],
        hunts: "a rate that carries its number in its name",
        axes: ["memory": "merge", "merge_rate": "exponential(0.5)"]
      ),
      rate(.ccmLayout, "rate-zero", .real(0)), rate(.ccmOnline, "rate-negative", .real(-0.25)),
      rate(.ccmForward, "rate-above-one", .real(1.5)),
      stage(.merge, "rate-zero", "merge-rate-out-of-range", axes: ["merge_rate": "exponential"], merged(rate: 0)),
      stage(.merge, "rate-above-one", "merge-rate-out-of-range", axes: exponential, merged(rate: 2)),
      stage(
        .conditionalLinear, "unknown-alternative", "unknown-alternative", axes: ["sink": "yes"],
        ContextStageCases.linear("01", width: 4, out: 4, rank: 1, alpha: .real(1), seed: 806)),
    ]
  }

  private static var parameters: [Case] {
    [
      rejected(
        .ccmLayout, "no-memory-token", "memory-tokens-out-of-range", clauses: ["CCM-1"], hunts: answered,
        parameters: ["memory_tokens": .integer(0)]),
      rejected(
        .ccmOnline, "negative-memory-tokens", "memory-tokens-out-of-range", clauses: ["CCM-1"], hunts: answered,
        parameters: ["memory_tokens": .integer(-2)]),
      rejected(
        .ccmMask, "empty-vocabulary", "vocabulary-size-out-of-range", clauses: ["CCM-2"], hunts: answered,
        parameters: ["text_vocabulary": .integer(0)]),
      rejected(
        .ccmLayout, "beginning-is-v", "beginning-token-out-of-range", clauses: ["CCM-4"],
        hunts: "BOS beside the vocabulary", parameters: ["beginning_token": .integer(ContextTexts.vocabulary)]),
      rejected(
        .ccmForward, "beginning-below-none", "beginning-token-out-of-range", clauses: ["CCM-4"],
        hunts: "any negative number taken for none", parameters: ["beginning_token": .integer(-2)]),
    ]
  }

  private static var segments: [Case] {
    [
      rejected(
        .ccmLayout, "empty-segment", "segment-empty", clauses: ["CCM-1"], hunts: "a context without tokens compressed",
        integers: ["lengths": [2, 0, 6]]),
      rejected(
        .ccmOnline, "empty-final", "segment-empty", clauses: ["CCM-1"], hunts: "an empty final segment generated from",
        integers: ["lengths": [2, 6, 0]]),
      rejected(
        .ccmMask, "negative-length", "segment-empty", clauses: ["CCM-1"], hunts: answered,
        integers: ["lengths": [2, -1, 7]]),
      rejected(
        .ccmMask, "no-segment", "segments-mismatch", clauses: ["CCM-30"], hunts: "a text without segments skipped",
        integers: ["segments": [3, 0]]),
      rejected(
        .ccmForward, "too-few-lengths", "segments-mismatch", clauses: ["CCM-30"], hunts: answered,
        integers: ["segments": [4]]),
      rejected(
        .ccmCost, "spare-lengths", "segments-mismatch", clauses: ["CCM-30"], hunts: "segments that are left over",
        integers: ["segments": [2]]),
      rejected(
        .ccmSchedule, "tokens-left-over", "segments-mismatch", clauses: ["CCM-30"], hunts: "tokens that are left over",
        integers: ["lengths": [2, 3, 2]]),
      rejected(
        .ccmLayout, "overflowing-lengths", "segments-mismatch", clauses: ["CCM-30"],
        hunts: "a sum of lengths that overflows", integers: ["lengths": [1 << 62, 1 << 62, 8]]),
      rejected(
        .ccmLayout, "too-many-memory-tokens", "text-too-long", clauses: ["CCM-5", "CCM-35"],
        hunts: "a number of rows that overflows", parameters: ["memory_tokens": .integer(1 << 62)]),
      rejected(
        .ccmSchedule, "too-many-generated", "text-too-long", clauses: ["CCM-5", "CCM-35"],
        hunts: "a number of tokens that overflows", parameters: ["generate": .integer(.max)]),
    ]
  }

  private static var tokens: [Case] {
    let good = [4, 1, 2, 3, 5, 6, 7, 8]
    func token(_ operation: PeerOperation, _ what: String, _ token: Int) -> Case {
      var spoilt = good
      spoilt[3] = token
      return rejected(
        operation, what, "text-token-out-of-range", clauses: ["CCM-2"],
        hunts: "an id clamped, or a memory id in a text",
        integers: ["tokens": spoilt])
    }
    func output(_ operation: PeerOperation, _ what: String, _ length: Int) -> Case {
      rejected(
        operation, what, "output-length-out-of-range", clauses: ["CCM-23"],
        hunts: "an output without a token before it, or of negative length", integers: ["output_lengths": [length]])
    }
    return [
      token(.ccmLayout, "token-is-v", ContextTexts.vocabulary), token(.ccmForward, "token-is-comp", 12),
      token(.ccmGradients, "token-negative", -1), token(.ccmLoss, "token-is-sum", 13),
      token(.ccmOnline, "token-is-v", ContextTexts.vocabulary),
      rejected(
        .ccmOnline, "forced-is-comp", "text-token-out-of-range", clauses: ["CCM-2", "CCM-27"],
        hunts: "a forced token that is not checked", integers: ["forced": [1, 11]]),
      output(.ccmLayout, "output-is-segment", 3), output(.ccmLoss, "output-too-long", 4),
      output(.ccmGradients, "output-negative", -1),
      rejected(
        .ccmOnline, "negative-generation", "negative-generation-length", clauses: ["CCM-27"], hunts: answered,
        parameters: ["generate": .integer(-1)]),
      rejected(
        .ccmSchedule, "negative-generation", "negative-generation-length", clauses: ["CCM-27"], hunts: answered,
        parameters: ["generate": .integer(-3)]),
    ]
  }

  private static var costs: [Case] {
    [("no-layer", "layers", 0), ("overflow", "head_dim", 1 << 61)].map { what, name, value in
      rejected(
        .ccmCost, what, "cache-size-out-of-range", clauses: ["COST-1"],
        hunts: "an entry without bytes, or with too many",
        parameters: [name: .integer(value)])
    }
  }

  private static var models: [Case] {
    let refused = RefusedContextModel.all.map { model in
      rejected(
        .ccmForward, model.name.split(separator: "-").dropFirst().joined(separator: "-"), model.code,
        clauses: [clause(of: model.code)], hunts: model.hunts, model: model.path)
    }
    return refused + [
      rejected(
        .ccmOnline, "other-vocabulary", "vocabulary-mismatch", clauses: ["CCM-2"],
        hunts: "V that is not the model's, so that memory ids are text",
        parameters: ["text_vocabulary": .integer(ContextTexts.vocabulary + 1)]),
      rejected(
        .ccmForward, "no-sum-embeddings", "adapter-shape-mismatch", clauses: ["CCM-22"],
        hunts: "a merge with an adapter for CCM-concat", model: ContextCaseModel.concat.path, profile: .merge),
      rejected(
        .ccmOnline, "more-memory-tokens", "adapter-shape-mismatch", clauses: ["CCM-22"],
        hunts: "COMP_2 embedded as SUM_0", parameters: ["memory_tokens": .integer(3)]),
      rejected(
        .ccmLoss, "fewer-memory-tokens", "adapter-shape-mismatch", clauses: ["CCM-22"],
        hunts: "SUM_0 embedded as COMP_1", parameters: ["memory_tokens": .integer(1)], profile: .merge),
    ]
  }

  private static func clause(of code: String) -> String {
    switch code {
    case "unsupported-configuration": "MOD-1"
    case "invalid-configuration": "MOD-4"
    default: "CCM-22"
    }
  }

  /// Two faults each; the first in the list is right.
  private static var orders: [Case] {
    func order(
      _ operation: PeerOperation, _ what: String, _ code: String, axes: [String: String]? = nil,
      parameters: [String: RequestParameter] = [:], integers: [String: [Int]] = [:], model: String? = nil,
      profile: ContextProfile = .base
    ) -> Case {
      rejected(
        operation, "first." + what, code, clauses: ["CCM-35"], hunts: "faults found in another order", axes: axes,
        parameters: parameters, integers: integers, model: model, profile: profile)
    }
    let exponential = ["memory": "merge", "merge_rate": "exponential"]
    return [
      order(
        .ccmMask, "axis-and-alternative", "unknown-axis", axes: ["memory": "gist", "order": "any"]),
      order(
        .ccmLayout, "rate-and-memory-tokens", "merge-rate-out-of-range", axes: exponential,
        parameters: ["rate": .real(0), "memory_tokens": .integer(0)]),
      order(
        .ccmLayout, "memory-tokens-and-vocabulary", "memory-tokens-out-of-range",
        parameters: ["memory_tokens": .integer(0), "text_vocabulary": .integer(0)]),
      order(
        .ccmLayout, "vocabulary-and-beginning", "vocabulary-size-out-of-range",
        parameters: ["text_vocabulary": .integer(-1), "beginning_token": .integer(7)]),
      order(
        .ccmMask, "beginning-and-segment", "beginning-token-out-of-range",
        parameters: ["beginning_token": .integer(99)], integers: ["lengths": [2, 0, 6]]),
      order(.ccmMask, "segment-and-mismatch", "segment-empty", integers: ["lengths": [2, 0, 5]]),
      order(
        .ccmCost, "mismatch-and-token", "segments-mismatch", integers: ["tokens": [99, 1, 2], "lengths": [2, 2, 2]]),
      order(
        .ccmSchedule, "length-and-token", "text-too-long", parameters: ["memory_tokens": .integer(1 << 61)],
        integers: ["tokens": [99, 1, 2, 3, 4, 5, 6, 7]]),
      order(
        .ccmLayout, "token-and-output", "text-token-out-of-range",
        integers: ["tokens": [1, 1, 2, 3, 4, 5, 6, 99], "output_lengths": [9]]),
      // The second text's token comes before the first text's output.
      order(
        .ccmLayout, "token-of-a-later-text", "text-token-out-of-range",
        integers: [
          "tokens": [1, 2, 3, 4, 5, 6, 7, 99], "lengths": [2, 3, 3], "segments": [2, 1], "output_lengths": [3, 1],
        ]),
      order(
        .ccmOnline, "token-and-generation", "text-token-out-of-range", parameters: ["generate": .integer(-1)],
        integers: ["tokens": [99, 1, 2, 3, 4, 5, 6, 7]]),
      order(
        .ccmOnline, "generation-and-model", "negative-generation-length", parameters: ["generate": .integer(-1)],
        model: RefusedContextModel.scaledRotation.path),
      order(
        .ccmLoss, "configuration-and-vocabulary", "invalid-configuration",
        parameters: ["text_vocabulary": .integer(12)], model: RefusedContextModel.heads.path),
      order(
        .ccmForward, "vocabulary-and-adapter", "vocabulary-mismatch",
        parameters: ["text_vocabulary": .integer(12)], model: RefusedContextModel.rank.path),
      order(
        .ccmForward, "adapter-and-shape", "unsupported-adapter", parameters: ["memory_tokens": .integer(5)],
        model: RefusedContextModel.modules.path),
    ]
  }
}

extension PeerOperation {
  /// Whether the operation reads a parameter beside those of CCM-30.
  fileprivate func reads(_ parameter: String) -> Bool { parameter == "generate" ? generates : self == .ccmCost }
}
