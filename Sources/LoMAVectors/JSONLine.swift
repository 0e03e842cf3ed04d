// JSON on one line without spaces, for protocols and files that have one value a line.

extension JSONValue {
  /// The value on one line, without a final line feed; a line break inside a string is escaped.
  public var line: String { String(decoding: lineBytes, as: UTF8.self) }

  /// The UTF-8 bytes of `line`.
  public var lineBytes: [UInt8] {
    var text: [UInt8] = []
    append(to: &text)
    return text
  }

  private func append(to text: inout [UInt8]) {
    switch self {
    case .null: text += Array("null".utf8)
    case .boolean(let value): text += Array((value ? "true" : "false").utf8)
    case .integer(let value): text += Array(String(value).utf8)
    case .number(let value): text += Array("\(value)".utf8)
    case .string(let value): text += JSONText.quoted(value)
    case .array(let values):
      text.append(UInt8(ascii: "["))
      for (place, value) in values.enumerated() {
        if place > 0 { text.append(UInt8(ascii: ",")) }
        value.append(to: &text)
      }
      text.append(UInt8(ascii: "]"))
    case .object(let object):
      text.append(UInt8(ascii: "{"))
      for (place, member) in object.members.enumerated() {
        if place > 0 { text.append(UInt8(ascii: ",")) }
        text += JSONText.quoted(member.key)
        text.append(UInt8(ascii: ":"))
        member.value.append(to: &text)
      }
      text.append(UInt8(ascii: "}"))
    }
  }
}
