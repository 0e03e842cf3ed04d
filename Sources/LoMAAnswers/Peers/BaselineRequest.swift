// BAS-1, BAS-4, BAS-19: a request of chapter 19: its baseline, heads, and choices that are given.

import LoMAPeers
import LoMAVectors
import NaiveLlama

extension Baseline {
  /// The axes that differ from base, in the form of a request.
  package var axes: [String: String] { self == .none ? [:] : [Self.axis: rawValue] }
}

extension Request {
  /// The value of the axis.
  package func baseline() throws(RequestError) -> Baseline {
    let sorted = axes.sorted { $0.key < $1.key }.map { (axis: $0.key, value: $0.value) }
    // An unknown axis comes before an unknown value.
    let pairs = sorted.filter { $0.axis != Baseline.axis } + sorted.filter { $0.axis == Baseline.axis }
    return try peer { () throws(PeerError) in try Baseline(pairs) }
  }

  /// Throws `unknownAlternative` unless the request is of the baseline that an operation belongs to (BAS-19).
  func check(_ own: Baseline) throws(RequestError) {
    let asked = try baseline()
    guard asked == own else {
      throw .peer(.reference(.rejected(.unknownAlternative(axis: Baseline.axis, value: asked.rawValue))))
    }
  }

  /// Throws the error of the Spec's list unless something holds.
  func require(_ holds: Bool, else error: @autoclosure () -> PeerError) throws(RequestError) {
    guard holds else { throw .peer(.reference(.rejected(error()))) }
  }

  /// H and G of the parameters; throws `headsDoNotFit`.
  func headCounts() throws(RequestError) -> (query: Int, keyValue: Int) {
    let (query, keyValue) = (try integer("heads"), try integer("kv_heads"))
    try require(
      query >= 1 && keyValue >= 1 && query % keyValue == 0, else: .headsDoNotFit(query: query, keyValue: keyValue))
    return (query, keyValue)
  }

  /// H, G and d, which the width of `tensor` [T, G·d] has.
  package func cacheHeads(of tensor: Tensor, named name: String) throws(RequestError) -> AttentionHeads {
    let (query, keyValue) = try headCounts()
    guard tensor.columns % keyValue == 0 else { throw .shape(tensor: name) }
    return AttentionHeads(query: query, keyValue: keyValue, dimension: tensor.columns / keyValue)
  }

  /// H, G and the parameter `head_dim`; throws `headsDoNotFit`.
  func cacheHeadsOfParameters() throws(RequestError) -> AttentionHeads {
    let (query, keyValue) = try headCounts()
    let dimension = try integer("head_dim")
    try require(dimension >= 1, else: .headsDoNotFit(query: query, keyValue: keyValue))
    return AttentionHeads(query: query, keyValue: keyValue, dimension: dimension)
  }

  /// G alone, and the d that makes up the width of `tensor`.
  func cacheWidth(of tensor: Tensor, named name: String) throws(RequestError) -> (heads: Int, dimension: Int) {
    let heads = try integer("kv_heads")
    try require(heads >= 1, else: .headsDoNotFit(query: heads, keyValue: heads))
    guard tensor.columns % heads == 0 else { throw .shape(tensor: name) }
    return (heads, tensor.columns / heads)
  }

  /// `probabilities` [H, T, T] with T ≥ 1.
  func prefillProbabilities(heads: Int) throws(RequestError) -> (tensor: Tensor, rows: Int) {
    let tensor = try tensor("probabilities")
    guard tensor.shape.count == 3, tensor.shape[0] == heads, tensor.shape[1] == tensor.shape[2], tensor.shape[1] >= 1
    else { throw .shape(tensor: "probabilities") }
    return (tensor, tensor.shape[1])
  }

  /// `forced_choice` [lines, count], line by line, each index below `limit` and, if they ascend, above the one before;
  /// nil if it is not given. Throws `choiceOutOfRange`.
  package func forcedChoice(
    lines: Int, count: Int, below limit: Int, ascending: Bool
  ) throws(RequestError) -> [[Int]]? {
    guard let array = input["forced_choice"] else { return nil }
    guard array.shape.reduce(1, *) == lines * count, array.shape.last == count else {
      throw .shape(tensor: "forced_choice")
    }
    let values = try integers("forced_choice")
    let choice = (0..<lines).map { Array(values[$0 * count..<($0 + 1) * count]) }
    for line in choice { try require(ascending: ascending, line, below: limit) }
    return choice
  }

  /// Throws `choiceOutOfRange` for the first index that is outside 0..<limit, or does not ascend where it has to.
  package func require(ascending: Bool, _ line: [Int], below limit: Int) throws(RequestError) {
    for (place, index) in line.enumerated() {
      let follows = !ascending || place == 0 || index > line[place - 1]
      try require(index >= 0 && index < limit && follows, else: .choiceOutOfRange(index, limit: limit))
    }
  }
}

extension ResultTensor {
  /// Numbers with units element by element, rounded as a stage's output is (TOL-3).
  package static func bounded(
    _ name: String, _ value: Tensor, _ functions: LayerFunctions, units: (_ cell: Int) -> (a: Double, r: Double)
  ) -> [ResultTensor] {
    let cells = value.values.indices.map { units($0) }
    return bounded(
      name,
      Bounded(
        value: functions.round(value), accumulation: Tensor(shape: value.shape, values: cells.map { $0.a }),
        rounding: Tensor(shape: value.shape, values: cells.map { $0.r })))
  }

  /// Numbers that are only copied, or 0: exact in every type.
  static func copied(_ name: String, _ value: Tensor) -> [ResultTensor] { bounded(name, Bounded(exact: value)) }

  /// One line of indices after the other: [lines, count].
  static func choice(_ lines: [[Int]], count: Int) -> ResultTensor {
    .integers("choice", shape: [lines.count, count], lines.flatMap { $0 })
  }
}
