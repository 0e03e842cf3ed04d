// JSON that people read as well as machines: keys keep their order; arrays and objects of scalars are on one line.

extension JSONValue {
  /// An object with the given members, written in this order; traps if two have the same key.
  public static func members(_ members: [JSONObject.Member]) -> JSONValue { .object(JSONObject(members)) }

  /// The integer, or `null` for nil.
  public static func integer(orNull value: Int?) -> JSONValue { value.map { .integer($0) } ?? .null }
  /// The string, or `null` for nil.
  public static func string(orNull value: String?) -> JSONValue { value.map { .string($0) } ?? .null }

  /// The value as indented text: an array or object of scalars on one line, any other with one member a line.
  public func text() -> String {
    var text = ""
    write(to: &text, lineEnd: "\n")
    return text
  }

  /// Appends the value; `lineEnd` is a line feed and the indentation of the line that closes the value.
  private func write(to text: inout String, lineEnd: String) {
    let inner = lineEnd + "  "
    switch self {
    case .null: text += "null"
    case .boolean(let value): text += value ? "true" : "false"
    case .number(let value): text += "\(value)"
    case .integer(let value): text += String(value)
    case .string(let value): JSONValue.quote(value, to: &text)
    case .array(let values):
      let isFlat = isFlat
      text += "["
      for (index, value) in values.enumerated() {
        if index > 0 { text += isFlat ? ", " : "," }
        if !isFlat { text += inner }
        value.write(to: &text, lineEnd: inner)
      }
      text += isFlat ? "]" : lineEnd + "]"
    case .object(let object):
      let isFlat = isFlat
      text += "{"
      for (index, member) in object.members.enumerated() {
        if index > 0 { text += isFlat ? ", " : "," }
        if !isFlat { text += inner }
        JSONValue.quote(member.key, to: &text)
        text += ": "
        member.value.write(to: &text, lineEnd: inner)
      }
      text += isFlat ? "}" : lineEnd + "}"
    }
  }

  /// Whether the value is an array or object of scalars only.
  private var isFlat: Bool {
    switch self {
    case .array(let values): values.allSatisfy { $0.isScalar }
    case .object(let object): object.members.allSatisfy { $0.value.isScalar }
    default: true
    }
  }

  private var isScalar: Bool {
    switch self {
    case .array(let values): values.isEmpty
    case .object(let object): object.members.isEmpty
    default: true
    }
  }

  /// Appends a string in quotes, with the escapes it needs.
  private static func quote(_ string: String, to text: inout String) {
    text += "\""
    if string.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
      text += string
    } else {
      for scalar in string.unicodeScalars {
        switch scalar {
        case "\"": text += "\\\""
        case "\\": text += "\\\\"
        case "\n": text += "\\n"
        case "\u{0}"..<" ", "\u{7F}", "\u{2028}", "\u{2029}":
          let digits = String(scalar.value, radix: 16)
          text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: text.unicodeScalars.append(scalar)
        }
      }
    }
    text += "\""
  }
}
