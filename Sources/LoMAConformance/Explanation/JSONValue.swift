// JSON to write: integers, strings, null, and containers whose keys keep their order. No floating point, no booleans.

/// A JSON value of the kinds this project writes.
public indirect enum JSONValue: Hashable, Sendable {
  /// Nothing.
  case null
  /// A whole number.
  case integer(Int)
  /// Text.
  case string(String)
  /// Values in order.
  case array([JSONValue])
  /// Names and values, written in this order.
  case object([Member])

  /// A name and its value.
  public struct Member: Hashable, Sendable {
    /// The key.
    public let name: String
    /// What it has.
    public let value: JSONValue

    /// A key and a value.
    public init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  /// An integer, or null.
  public static func integer(orNull value: Int?) -> JSONValue { value.map { .integer($0) } ?? .null }
  /// A string, or null.
  public static func string(orNull value: String?) -> JSONValue { value.map { .string($0) } ?? .null }

  /// The value on lines: containers of scalars stand on one line, others have one member a line.
  public func text(indent: Int = 0) -> String {
    let inner = "\n" + String(repeating: " ", count: indent + 2)
    let outer = "\n" + String(repeating: " ", count: indent)
    switch self {
    case .null: return "null"
    case .integer(let value): return "\(value)"
    case .string(let value): return JSONValue.quote(value)
    case .array(let values):
      guard !isFlat else { return "[" + values.map { $0.text() }.joined(separator: ", ") + "]" }
      return "[" + inner + values.map { $0.text(indent: indent + 2) }.joined(separator: "," + inner) + outer + "]"
    case .object(let members):
      let separator = isFlat ? ", " : "," + inner
      let lines = members.map { JSONValue.quote($0.name) + ": " + $0.value.text(indent: isFlat ? 0 : indent + 2) }
        .joined(separator: separator)
      return isFlat ? "{" + lines + "}" : "{" + inner + lines + outer + "}"
    }
  }

  /// Whether it is a container of scalars.
  private var isFlat: Bool {
    switch self {
    case .array(let values): values.allSatisfy { $0.isScalar }
    case .object(let members): members.allSatisfy { $0.value.isScalar }
    default: true
    }
  }

  private var isScalar: Bool {
    switch self {
    case .array(let values): values.isEmpty
    case .object(let members): members.isEmpty
    default: true
    }
  }

  /// A string in quotes.
  private static func quote(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\u{0}"..<" ", "\u{7F}", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
