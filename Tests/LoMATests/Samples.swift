// What the suites share: small inputs by hand, the exhaustive set of inputs, and a mask drawn as text.

import LoMA

/// One input: c, t, the number of text tokens, and a profile.
struct Sample: CustomStringConvertible, Sendable {
  let parameters: Parameters
  let textLength: Int
  let profile: Profile

  init(c: Int, t: Int, n: Int, _ profile: Profile = .base) throws {
    self.parameters = try Parameters(c: c, t: t)
    self.textLength = n
    self.profile = profile
  }

  var description: String { "c=\(parameters.c) t=\(parameters.t) n=\(textLength) profile=\(profile.name)" }

  /// Tokens that all differ from each other and from their index, so that a wrong index shows.
  var text: [Int] { distinctText(textLength) }

  func training() throws -> Layout {
    try .training(text: text, vocabulary: sampleVocabulary(), parameters: parameters, profile: profile)
  }

  func generation() throws -> Layout {
    try .generation(text: text, vocabulary: sampleVocabulary(), parameters: parameters, profile: profile)
  }
}

/// V = 1009, with special ids that are neither the defaults nor in their order.
func sampleVocabulary() throws -> Vocabulary {
  try Vocabulary(textSize: 1009, memoryToken: 1012, repetitionToken: 1010, modelSize: 1020)
}

/// n ≤ 1008 different tokens, token g being 7(g + 1) mod 1009.
func distinctText(_ n: Int) -> [Int] { (0..<n).map { 7 * ($0 + 1) % 1009 } }

/// Base with the named alternatives.
func profile(_ pairs: (axis: String, value: String)...) throws -> Profile { try Profile(pairs) }

/// Base, every single alternative and every pair of alternatives, canonical and without repetition.
func singlesAndPairs() -> [Profile] {
  let alternatives = Axis.allCases.flatMap { axis in axis.values.indices.dropFirst().map { (axis, $0) } }
  var profiles = [Profile.base]
  for (axis, index) in alternatives {
    let single = Profile.base.choosing(axis, valueAt: index)
    profiles.append(single)
    for (other, otherIndex) in alternatives where other != axis {
      profiles.append(single.choosing(other, valueAt: otherIndex))
    }
  }
  var seen: Set<Profile> = []
  return profiles.map { $0.canonical }.filter { seen.insert($0).inserted }
}

/// Calls `body` for all c ≤ 4, t ≤ 3, n ≤ 4L + 3 under base, each alternative and each pair of alternatives.
func forEverySample(_ body: (Sample) throws -> Void) throws {
  for profile in singlesAndPairs() {
    for c in 1...4 {
      for t in 1...3 {
        for n in 0...4 * c * t + 3 { try body(Sample(c: c, t: t, n: n, profile)) }
      }
    }
  }
}

/// One line per query, one letter per key: `#` visible, `.` hidden.
func drawing(_ mask: Mask) -> [String] {
  mask.rows.indices.map { query in
    String(mask.rows.indices.map { mask.allows(query: query, key: $0) ? "#" : "." })
  }
}

/// The rows of one zone, as indices into a mask or a layout.
func indices(of zone: Zone, chunk: Int? = nil, in rows: [Row]) -> [Int] {
  rows.indices.filter { rows[$0].place.zone == zone && (chunk == nil || rows[$0].place.chunk == chunk) }
}
