// An answer to a request, and an answer read from a line that any language's `print` may have written.

import LoMAVectors

/// What the reference or a program says.
package enum LessonAnswer: Hashable, Sendable {
  /// Words and integers, compared as they are.
  case words([String])
  /// Numbers, so many a row.
  case numbers([Double], width: Int)

  /// The answer on a line.
  package var line: String {
    switch self {
    case .words(let words): words.joined(separator: " ")
    case .numbers(let numbers, _): numbers.map { "\($0)" }.joined(separator: " ")
    }
  }

  /// The words of a line. Brackets, commas, quotes and the names of NumPy's types do not count, and True is 1.
  static func words(ofLine line: [UInt8]) -> [String] {
    let separators: Set<Character> = [" ", ",", "[", "]", "(", ")", "{", "}", "'", "\"", "\t", "\r"]
    return String(decoding: line, as: UTF8.self).split { separators.contains($0) }.compactMap { word in
      switch word {
      case "True", "true", "np.True_": "1"
      case "False", "false", "np.False_": "0"
      default: word.hasPrefix("np.") || word == "array" ? nil : String(word)
      }
    }
  }

  /// Numbers that are as near to these as a program in 32-bit numbers comes: within 2e-5 of the largest.
  static func agree(_ a: [Double], _ b: [Double]) -> Bool { a.count == b.count && firstDifference(a, b) == nil }

  /// The index of the first number that is not near enough; a number that is none is not.
  static func firstDifference(_ expected: [Double], _ given: [Double]) -> Int? {
    let room = 2e-5 * (expected.map { $0.magnitude }.max() ?? 0)
    return zip(expected, given).enumerated().first { !(($1.0 - $1.1).magnitude <= room) }?.offset
  }
}
