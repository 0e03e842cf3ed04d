// Reads a case from a manifest strictly: vectors may come from anywhere.

import LoMA
import LoMAVectors

extension StoredCase {
  private static let members: Set = [
    "id", "since", "level", "op", "hunts", "clauses", "profile", "params", "model", "captures", "dtypes", "family",
    "input", "expected", "rules", "rejection", "property",
  ]
  /// A limit on names, words and tensors, larger than any case needs.
  private static let countLimit = 4096

  /// Reads a case; `models` are the paths of the listed models.
  init(_ object: JSONObject, models: Set<String>) throws(CorpusError) {
    let members = CaseMembers(object)
    let id = try members.word("id")
    guard id.utf8.allSatisfy({ Self.isOfID($0) }), id.split(separator: ".").count >= 3 else {
      throw .manifest("the id \(id.onOneLine) is malformed")
    }
    if let unknown = object.members.first(where: { !Self.members.contains($0.key) }) {
      throw members.fault("the member \(unknown.key.onOneLine) is not one of a case")
    }
    let (levelName, opName) = (try members.word("level"), try members.word("op"))
    guard let level = Level(rawValue: levelName) else {
      throw members.fault("no level is named \(levelName.onOneLine)")
    }
    guard let op = Operation(rawValue: opName) else { throw members.fault("no operation is named \(opName.onOneLine)") }
    self.id = id
    self.level = level
    self.op = op
    since = try members.word("since")
    hunts = try members.word("hunts")
    clauses = try members.words("clauses", limit: Self.countLimit)
    captures = try members.words("captures", limit: Self.countLimit)
    profile = try members.profile(of: op, isRejection: level == .rejection)
    parameters = try members.parameters()
    model = try members.model(models)
    family = try members.family()
    input = try members.file("input")
    let listed = try members.words("dtypes", limit: NumberType.allWords.count)
    guard !listed.isEmpty, Set(listed).count == listed.count, listed.allSatisfy({ NumberType.allWords.contains($0) })
    else {
      throw members.fault("its dtypes are not of the list")
    }
    let isAskedOnce = level == .structure || level == .rejection
    guard isAskedOnce || !listed.contains(NumberType.integerWord) else {
      throw members.fault("i64 is no type of numbers")
    }
    dtypes = isAskedOnce ? [NumberType.integerWord] : NumberType.allWords.filter { listed.contains($0) }
    answer = try members.answer(level: level, countLimit: Self.countLimit)
  }

  private static func isOfID(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
    default: false
    }
  }
}

/// The members of a case; errors name the case.
private struct CaseMembers {
  let object: JSONObject

  init(_ object: JSONObject) { self.object = object }

  func fault(_ reason: String) -> CorpusError {
    .manifest((object["id"]?.stringValue?.onOneLine ?? "a case") + ": " + reason)
  }

  func word(_ name: String) throws(CorpusError) -> String {
    guard let word = object[name]?.stringValue, !word.isEmpty else { throw fault("\(name) is missing or not a word") }
    if word.hasControls { throw fault("\(name) holds a control character") }
    return word
  }

  func words(_ name: String, limit: Int) throws(CorpusError) -> [String] {
    guard let list = object[name]?.arrayValue, list.count <= limit else { throw fault("\(name) is not a short list") }
    let words = list.compactMap(\.stringValue)
    guard words.count == list.count, Set(words).count == words.count else {
      throw fault("\(name) must be a list of distinct words")
    }
    if words.contains(where: \.hasControls) { throw fault("\(name) holds a control character") }
    return words
  }

  func profile(of op: Operation, isRejection: Bool) throws(CorpusError) -> JSONObject {
    guard let axes = object["profile"]?.objectValue else { throw fault("profile is missing or not an object") }
    var pairs: [(axis: String, value: String)] = []
    for member in axes.members {
      guard let value = member.value.stringValue else { throw fault("the axis \(member.key.onOneLine) has no word") }
      pairs.append((member.key, value))
    }
    if isRejection { return axes }
    if let method = op.method {
      do { try method.check(pairs) } catch { throw fault(error.description) }
    } else {
      do { _ = try Profile(pairs) } catch { throw fault(error.description) }
    }
    return axes
  }

  func parameters() throws(CorpusError) -> JSONObject {
    guard let parameters = object["params"]?.objectValue else { throw fault("params is missing or not an object") }
    for member in parameters.members where member.value.integerValue == nil && member.value.stringValue == nil {
      throw fault("the parameter \(member.key.onOneLine) is neither an integer nor a string")
    }
    return parameters
  }

  func model(_ models: Set<String>) throws(CorpusError) -> String? {
    switch object["model"] {
    case .null?: return nil
    case .string(let path)?:
      guard models.contains(path) else { throw fault("its model \(path.onOneLine) is not listed") }
      return path
    case .boolean?, .integer?, .number?, .array?, .object?, nil: throw fault("model is missing or not a path")
    }
  }

  func family() throws(CorpusError) -> CaseFamily? {
    guard object["family"] != nil else { return nil }
    let name = try word("family")
    guard let family = CaseFamily(rawValue: name) else { throw fault("no family is named \(name.onOneLine)") }
    return family
  }

  func file(_ name: String) throws(CorpusError) -> ListedFile? {
    guard let value = object[name] else { throw fault("\(name) is missing") }
    if value == .null { return nil }
    do { return try ListedFile(value) } catch { throw fault(error.description) }
  }

  /// The answer: recorded tensors with rules, a rejection or a property, exactly the one its level requires.
  func answer(level: Level, countLimit: Int) throws(CorpusError) -> StoredCase.Answer {
    let present = ["expected", "rules", "rejection", "property"].filter { object[$0] != nil }
    switch level {
    case .rejection:
      guard present == ["rejection"] else { throw fault("a rejection case has a code and no answer") }
      return .rejection(code: try word("rejection"))
    case .property:
      guard present == ["property"] else { throw fault("a property case has a property and no answer") }
      let name = try word("property")
      guard let property = Property(rawValue: name) else { throw fault("no property is named \(name.onOneLine)") }
      return .property(property)
    case .structure, .stage, .model, .training, .generation:
      guard present == ["expected", "rules"], let file = try file("expected") else {
        throw fault("its answer is not a file with rules")
      }
      guard let rules = object["rules"]?.objectValue, 1...countLimit ~= rules.members.count else {
        throw fault("rules must be an object of 1 to \(countLimit) members")
      }
      var list: [(name: String, rule: Rule)] = []
      for member in rules.members {
        guard let rule = member.value.stringValue.flatMap({ Rule(rawValue: $0) }) else {
          throw fault("the rule of \(member.key.onOneLine) is unknown")
        }
        list.append((member.key, rule))
      }
      return .tensors(file, rules: list)
    }
  }
}
