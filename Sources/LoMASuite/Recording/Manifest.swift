// Vectors/manifest.json, and that of part II: every case and model of the corpus, with the digest of every file.

import LoMA
import LoMAAnswers
import LoMAReference
import LoMAVectors

/// The manifest as it is written.
struct Manifest {
  let text: String

  init(
    suite: String, models: [RecordedModels.Entry], cases: [Recording.RecordedCase], files: [Recording.File],
    retired: [(id: String, reason: String)], isPublished: Bool
  ) {
    let digests = Dictionary(uniqueKeysWithValues: files.map { ($0.path, Self.entry($0)) })
    let models = models.map { model in
      JSONValue.members(
        [.init("name", .string(model.name)), .init("path", .string(model.path))]
          + (model.recipe.map { [.init("recipe", .string($0))] } ?? [])
          + [.init("files", .array(model.files.compactMap { digests[$0.path] }))])
    }
    let value = JSONValue.members([
      .init("loma_vectors", .integer(1)), .init("suite", .string(suite)),
      .init("specification", .string(Versions.specification)), .init("published", .boolean(isPublished)),
      .init("models", .array(models)),
      .init("structure_json", digests[StructureText.name] ?? .null),
      .init("cases", .array(cases.map { Self.value($0, digests) })),
      .init(
        "retired",
        .array(
          retired.map {
            .members([.init("id", .string($0.id)), .init("reason", .string($0.reason))])
          })),
    ])
    text = value.text() + "\n"
  }

  private static func entry(_ file: Recording.File) -> JSONValue {
    .members([
      .init("path", .string(file.path)), .init("bytes", .integer(file.bytes.count)),
      .init("sha256", .string(SHA256.hexDigest(of: file.bytes))),
    ])
  }

  private static func value(_ result: Recording.RecordedCase, _ digests: [String: JSONValue]) -> JSONValue {
    let (item, request) = (result.recorded, result.recorded.request)
    var members: [JSONObject.Member] = [
      .init("id", .string(item.id)), .init("since", .string(item.since)), .init("level", .string(item.level.rawValue)),
      .init("op", .string(request.operation.rawValue)), .init("hunts", .string(item.hunts)),
      .init("clauses", .array(item.clauses.map { .string($0) })), .init("profile", profile(request)),
      .init("params", parameters(request)), .init("model", request.model.map { .string($0) } ?? .null),
      .init("captures", .array(request.captures.map { .string($0) })),
      .init("dtypes", .array(item.dtypes.map { .string($0) })),
    ]
    if let family = item.family { members.append(.init("family", .string(family.rawValue))) }
    members += [
      .init("input", result.input.flatMap { digests[$0.path] } ?? .null)
    ]
    switch item.expectation {
    case .tensors:
      members.append(.init("expected", result.expected.flatMap { digests[$0.path] } ?? .null))
      let outputs = result.tensors.filter { !$0.isBound }
      members.append(
        .init("rules", .members(outputs.map { .init($0.name, .string(item.rule(of: $0).rawValue)) })))
    case .rejection(let code): members.append(.init("rejection", .string(code)))
    case .property(let property): members.append(.init("property", .string(property.rawValue)))
    }
    return .members(members)
  }

  static func profile(_ request: Request) -> JSONValue {
    .members(request.axes.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })
  }

  /// The parameters as JSON: integers as integers, reals in hexadecimal floating point, words as strings.
  static func parameters(_ request: Request) -> JSONValue {
    .members(
      request.parameters.sorted { $0.key < $1.key }.map { name, value in
        switch value {
        case .integer(let integer): .init(name, .integer(integer))
        case .real(let real): .init(name, .string(HexFloat.text(real)))
        case .word(let word): .init(name, .string(word))
        }
      })
  }
}
