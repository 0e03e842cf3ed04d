// The pieces of a SentencePiece model, whose place is their id: field 1 of the protocol buffer, and field 1 of each.

/// The pieces of a SentencePiece model.
struct SentencePieces {
  /// The pieces by id.
  let contents: [String]

  /// Reads a tokenizer.model; nil if the bytes are no such protocol buffer.
  init?(_ bytes: [UInt8]) {
    guard let fields = Self.fields(bytes[...]) else { return nil }
    var contents: [String] = []
    for piece in fields where piece.number == 1 {
      guard let parts = Self.fields(piece.bytes), let text = parts.first(where: { $0.number == 1 }),
        let content = String(validating: text.bytes, as: UTF8.self)
      else { return nil }
      contents.append(content)
    }
    self.contents = contents
  }

  /// The fields of a message in order, those that are no bytes with their encoding; nil if the message is cut short.
  private static func fields(_ message: ArraySlice<UInt8>) -> [(number: UInt64, bytes: ArraySlice<UInt8>)]? {
    var rest = message
    var fields: [(number: UInt64, bytes: ArraySlice<UInt8>)] = []
    while !rest.isEmpty {
      guard let tag = integer(&rest) else { return nil }
      let count: Int
      switch tag & 7 {
      case 0:
        let before = rest
        guard integer(&rest) != nil else { return nil }
        fields.append((tag >> 3, before[before.startIndex..<rest.startIndex]))
        continue
      case 1: count = 8
      case 2:
        guard let length = integer(&rest), length <= UInt64(rest.count) else { return nil }
        count = Int(length)
      case 5: count = 4
      default: return nil
      }
      guard count <= rest.count else { return nil }
      fields.append((tag >> 3, rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    return fields
  }

  /// The next integer: seven bits a byte, the lowest first, the top bit set in all but the last.
  private static func integer(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard let byte = rest.popFirst() else { return nil }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }
}
