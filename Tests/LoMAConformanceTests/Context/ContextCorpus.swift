// Cases of part II that a test makes, as vectors in memory.

import LoMAPeers
import LoMAVectors
@testable import LoMAJudgement

@testable import LoMAConformance

/// One case of part II, as its manifest would list it.
struct ContextCase {
  var id = "model.ccm_forward.made"
  var level = Level.model
  var op = PeerOperation.ccmForward
  var profile: [String: String] = [:]
  var parameters: [String: JSONValue] = [:]
  var captures: [String] = []
  var input: [NamedArray] = []
  var expected: [NamedArray] = []
  var rules: [(name: String, rule: Rule)] = []
  var property: Property?
  var rejection: String?

  /// A case on texts, with n = 2, V = 5 and BOS = 1.
  static func onTexts(
    _ texts: [[[Int]]], _ op: PeerOperation, level: Level, profile: ContextProfile = .base
  ) throws -> ContextCase {
    var made = ContextCase(id: "\(level.rawValue).\(op.rawValue).made", level: level, op: op)
    made.profile = Dictionary(
      uniqueKeysWithValues: ContextAxis.allCases.filter { profile[$0] != ContextProfile.base[$0] }.map {
        ($0.rawValue, profile[$0])
      })
    made.parameters = [
      "memory_tokens": .integer(2), "text_vocabulary": .integer(5), "beginning_token": .integer(1),
    ]
    if profile.mergeRate == .exponential { made.parameters["rate"] = .string("0x1p-1") }
    made.input = try texts.contextTensors()
    return made
  }

  /// The same as a property case.
  func asking(_ property: Property) -> ContextCase {
    var made = self
    (made.level, made.property) = (.property, property)
    made.id = "property.\(property.rawValue).made"
    return made
  }

  private func entry(_ files: (_ name: String, _ arrays: [NamedArray]) throws -> JSONValue) throws -> JSONValue {
    let isExact = level == .structure || level == .rejection
    var members: [JSONObject.Member] = [
      .init("id", .string(id)), .init("since", .string("0.1")), .init("level", .string(level.rawValue)),
      .init("op", .string(op.rawValue)), .init("hunts", .string("a mistake")), .init("clauses", .array([])),
      .init("profile", .members(profile.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })),
      .init("params", .members(parameters.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) })),
      .init("model", .null), .init("captures", .strings(captures)),
      .init("dtypes", .strings(isExact ? ["i64"] : NumberType.words)),
      .init("input", input.isEmpty ? .null : try files("input", input)),
    ]
    if let property {
      members.append(.init("property", .string(property.rawValue)))
    } else if let rejection {
      members.append(.init("rejection", .string(rejection)))
    } else {
      members.append(.init("expected", try files("expected", expected)))
      members.append(.init("rules", .members(rules.map { .init($0.name, .string($0.rule.rawValue)) })))
    }
    return .members(members)
  }

  /// These cases as a corpus, behind cases given as JSON.
  static func corpus(_ cases: [ContextCase], others: [JSONValue] = []) throws -> CaseCorpus {
    var files: [(path: String, bytes: [UInt8])] = []
    let entries = try cases.map { made in
      try made.entry { name, arrays in
        let bytes = try ArrayFile(arrays, metadata: [:]).encoded()
        let path = "\(made.id)/\(name).safetensors"
        files.append((path, bytes))
        return .members([
          .init("path", .string(path)), .init("bytes", .integer(bytes.count)),
          .init("sha256", .string(SHA256.hexDigest(of: bytes))),
        ])
      }
    }
    let manifest = JSONValue.members([
      .init("loma_vectors", .integer(1)), .init("suite", .string("0.1")), .init("specification", .string("0.1")),
      .init("published", .boolean(false)), .init("models", .array([])), .init("structure_json", .null),
      .init("cases", .array(others + entries)), .init("retired", .array([])),
    ])
    return try CaseCorpus(files: files + [("manifest.json", Array(manifest.text().utf8))])
  }

  /// The corpus of this case alone.
  func corpus() throws -> CaseCorpus { try Self.corpus([self]) }

  /// The verdict on an answer, its numbers rounded once to the type.
  func result(
    _ answer: [NamedArray], _ dtype: String, bounds: CalibratedBounds = .provisional
  ) throws -> CaseResult {
    let corpus = try corpus()
    return try corpus.judge(corpus.cases[0], dtype: dtype, replies: [.tensors(answer)], bounds: bounds)
  }

  /// The recorded answer in an element type.
  func answer(_ dtype: String) throws -> [NamedArray] {
    try expected.filter { array in rules.contains { $0.name == array.name } }.map { array in
      guard array.elementType == .f64, let type = ElementType(rawValue: dtype.uppercased()) else { return array }
      return try NamedArray(array.name, type, shape: array.shape, doubles: try array.doubles())
    }
  }

  /// The rows of its texts, padded.
  func batch() throws -> ContextBatch {
    // A case that is read needs an answer, which may not be made yet.
    let corpus = try asking(.repeat).corpus()
    return try StoredContextTexts(corpus.cases[0], input: input).batch
  }
}

/// Numbers of either sign, none 0 and none like its neighbours.
func unlikeNumbers(_ count: Int) -> [Double] {
  (0..<count).map { place -> Double in
    let size = Double((place * 37 + 11) % 101 + 1) / 64
    return place % 3 == 0 ? -size : size
  }
}
