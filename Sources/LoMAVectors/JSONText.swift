// Strings as JSON writes them.

enum JSONText {
  /// The string between quotation marks, with `"`, `\` and control characters escaped as serde_json writes them.
  static func quoted(_ string: String) -> [UInt8] {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = [UInt8(ascii: "\"")]
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""): text += Array(#"\""#.utf8)
      case UInt8(ascii: "\\"): text += Array(#"\\"#.utf8)
      case 0x08: text += Array(#"\b"#.utf8)
      case 0x09: text += Array(#"\t"#.utf8)
      case 0x0a: text += Array(#"\n"#.utf8)
      case 0x0c: text += Array(#"\f"#.utf8)
      case 0x0d: text += Array(#"\r"#.utf8)
      case 0..<0x20: text += Array(#"\u00"#.utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default: text.append(byte)
      }
    }
    text.append(UInt8(ascii: "\""))
    return text
  }
}
