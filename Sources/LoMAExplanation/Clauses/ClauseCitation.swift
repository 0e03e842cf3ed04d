// How clause ids are found in a line of text: A-1, A-2a, and the ranges A-1… …9.

/// An id as a line cites it.
struct ClauseCitation: Equatable {
  /// A chapter's prefix, a hyphen, a number, and perhaps a letter.
  let id: String
  /// Whether it is one of a range, which passes over it.
  let isInRange: Bool

  /// The citations of a line, in order. Whatever looks like an id is one, whether or not the Spec states it.
  static func all(in line: ArraySlice<UInt8>) -> [ClauseCitation] {
    var found: [ClauseCitation] = []
    guard line.mayCite else { return found }
    var scanner = Scanner(rest: line)
    while scanner.skipToCapital() {
      guard let first = scanner.id() else { continue }
      let name = first.prefix + "-\(first.number)"
      let start = scanner
      if first.letter.isEmpty, let last = scanner.endOfRange(first.prefix), last > first.number {
        found += (first.number...last).map { ClauseCitation(id: first.prefix + "-\($0)", isInRange: true) }
      } else {
        scanner = start
        found.append(ClauseCitation(id: name + first.letter, isInRange: false))
      }
    }
    return found
  }

  /// What is left of a line.
  private struct Scanner {
    var rest: ArraySlice<UInt8>

    /// Goes to the next capital that no letter or digit precedes; false if there is none.
    mutating func skipToCapital() -> Bool {
      var isInWord = false
      while let byte = rest.first {
        if byte.isCapital, !isInWord { return true }
        isInWord = byte.isOfWord
        rest.removeFirst()
      }
      return false
    }

    /// Takes an id, or what looked like the start of one.
    mutating func id() -> (prefix: String, number: Int, letter: String)? {
      let prefix = taken { $0.isCapital }
      guard takes(UInt8(ascii: "-")), let number = number() else {
        _ = taken { $0.isOfWord }
        return nil
      }
      let letter = taken { $0.isOfWord }
      return letter.utf8.count <= 1 ? (prefix, number, letter) : nil
    }

    /// Takes `…9` or `…A-9`, a space on either side allowed; nil if there is none of this chapter.
    mutating func endOfRange(_ prefix: String) -> Int? {
      _ = takes(UInt8(ascii: " "))
      for byte in "…".utf8 where !takes(byte) { return nil }
      _ = takes(UInt8(ascii: " "))
      let second = taken { $0.isCapital }
      guard second.isEmpty || second == prefix && takes(UInt8(ascii: "-")), let number = number() else { return nil }
      return rest.first?.isOfWord == true ? nil : number
    }

    private mutating func number() -> Int? {
      let digits = taken { $0.isDigit }
      return digits.utf8.count <= 4 ? Int(digits) : nil
    }

    private mutating func takes(_ byte: UInt8) -> Bool {
      guard rest.first == byte else { return false }
      rest.removeFirst()
      return true
    }

    private mutating func taken(while passes: (UInt8) -> Bool) -> String {
      let start = rest
      while let byte = rest.first, passes(byte) { rest.removeFirst() }
      return String(decoding: start[..<rest.startIndex], as: UTF8.self)
    }
  }
}

extension ArraySlice<UInt8> {
  /// Whether a capital, a hyphen and a digit stand together anywhere; most lines are done with here.
  fileprivate var mayCite: Bool {
    var (beforeLast, last): (UInt8, UInt8) = (0, 0)
    for byte in self {
      if last == UInt8(ascii: "-"), byte.isDigit, beforeLast.isCapital { return true }
      (beforeLast, last) = (last, byte)
    }
    return false
  }
}

extension UInt8 {
  fileprivate var isCapital: Bool { self >= UInt8(ascii: "A") && self <= UInt8(ascii: "Z") }
  fileprivate var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
  fileprivate var isOfWord: Bool {
    isCapital || isDigit || self >= UInt8(ascii: "a") && self <= UInt8(ascii: "z") || self == UInt8(ascii: "_")
  }
}
