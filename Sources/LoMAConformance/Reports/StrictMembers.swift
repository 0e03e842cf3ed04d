// RUN-21: strict decoding of an untrusted JSON line: every key once, of its type, no unknown keys.

import LoMAVectors

/// The members of one object of a results file.
struct StrictMembers {
  let object: JSONObject
  let path: String
  let line: Int

  /// Throws if `value` is not an object, or if its keys are not exactly `keys`, but for optional ones.
  init(
    _ value: JSONValue?, keys: [String], optional: [String] = [], of name: String, path: String, line: Int
  ) throws(ReportError) {
    guard let object = value?.objectValue else {
      throw .member("\(name) is not an object", path: path, line: line)
    }
    self.object = object
    self.path = path
    self.line = line
    if let extra = object.members.first(where: { !keys.contains($0.key) && !optional.contains($0.key) }) {
      throw .member("\(shortened(extra.key)) is unknown", path: path, line: line)
    }
    for key in keys where object[key] == nil { throw .member("\(key) is missing", path: path, line: line) }
  }

  /// A value that `read` accepts.
  func value<Value>(_ key: String, _ what: String, _ read: (JSONValue) -> Value?) throws(ReportError) -> Value {
    guard let value = object[key].flatMap(read) else { throw .member("\(key) is not \(what)", path: path, line: line) }
    return value
  }

  func string(_ key: String) throws(ReportError) -> String { try value(key, "a string") { $0.stringValue } }

  func boolean(_ key: String) throws(ReportError) -> Bool { try value(key, "true or false") { $0.booleanValue } }

  func strings(_ key: String) throws(ReportError) -> [String] { try value(key, "a list of strings") { $0.words } }

  func object(_ key: String) throws(ReportError) -> JSONObject { try value(key, "an object") { $0.objectValue } }

  func count(_ key: String) throws(ReportError) -> Int {
    try value(key, "a count") { value in value.integerValue.flatMap { $0 < 0 ? nil : $0 } }
  }

  /// A number of at least 0, or the word `infinite`.
  func size(_ key: String) throws(ReportError) -> Double { try value(key, "a number of at least 0") { $0.size } }

  /// A finite number of at least 0.
  func seconds(_ key: String) throws(ReportError) -> Double {
    try value(key, "a number of at least 0") { value in value.size.flatMap { $0.isFinite ? $0 : nil } }
  }

  /// The raw value of an enum.
  func word(_ key: String, of words: [String]) throws(ReportError) -> String {
    try value(key, "one of \(words.joined(separator: ", "))") { value in
      value.stringValue.flatMap { words.contains($0) ? $0 : nil }
    }
  }

  /// A time in UTC, to the second.
  func time(_ key: String) throws(ReportError) -> String {
    try value(key, "a time like 2026-11-21T04:00:00Z") { value in
      value.stringValue.flatMap {
        $0.wholeMatch(of: /[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]Z/) == nil ? nil : $0
      }
    }
  }

  /// A value, or nil for `null`.
  func optional(_ key: String) -> JSONValue? { object[key].flatMap { $0 == .null ? nil : $0 } }

  func digest(_ key: String) throws(ReportError) -> String {
    try value(key, "64 hexadecimal digits") { value in
      value.stringValue.flatMap { $0.isHexDigest ? $0 : nil }
    }
  }
}

/// A name from a file, shortened for a message.
private func shortened(_ name: String) -> String { String(JSONValue.string(name).line.prefix(120)) }

extension JSONValue {
  /// The list of strings, or nil if it is not one.
  fileprivate var words: [String]? {
    guard let values = arrayValue else { return nil }
    let words = values.compactMap { $0.stringValue }
    return words.count == values.count ? words : nil
  }

  /// A number of at least 0, or infinity for the word `infinite`.
  var size: Double? {
    if self == .string("infinite") { return .infinity }
    return doubleValue.flatMap { $0 >= 0 ? $0 : nil }
  }
}
