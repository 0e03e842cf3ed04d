// How far a mistyped id is from a right one.

/// The edit distance of two texts (Levenshtein's).
package enum EditDistance {
  /// The least number of bytes inserted, removed or replaced that makes one text the other.
  package static func between(_ one: [UInt8], _ other: [UInt8]) -> Int {
    var line = Array(0...other.count)
    for (i, byte) in one.enumerated() {
      var diagonal = line[0]
      line[0] = i + 1
      for (j, wanted) in other.enumerated() {
        let replaced = diagonal + (byte == wanted ? 0 : 1)
        diagonal = line[j + 1]
        line[j + 1] = min(replaced, diagonal + 1, line[j] + 1)
      }
    }
    return line[other.count]
  }
}
