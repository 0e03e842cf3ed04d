// What the suites share: profiles, small texts from seeds, and a mask drawn as text.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama
import Testing

/// V = 11 and BOS = 1 in every sample, so that BOS also stands where a text repeats it.
let (sampleTextSize, sampleBegin) = (11, 1)

/// The profiles whose merge rate is the mean.
let meanProfiles = ContextProfile.all.filter { $0.mergeRate == .mean }

/// Parameters whose exponential rate, if they have one, is one half.
func sampleParameters(n: Int, _ profile: ContextProfile) throws -> ContextParameters {
  try ContextParameters(
    textSize: sampleTextSize, memoryTokens: n, beginningToken: sampleBegin, profile: profile, rate: 0.5)
}

func sampleParameters(n: Int, _ profile: String) throws -> ContextParameters {
  try sampleParameters(n: n, ContextProfile(name: profile))
}

/// A text whose first token is BOS, the others drawn from all ids, BOS among them.
func sampleText(contexts: [Int], input: Int, output: Int, seed: UInt64) -> ContextText {
  var numbers = SeededNumbers(seed: seed)
  var isFirst = true
  func tokens(_ count: Int) -> [Int] {
    (0..<count).map { _ in
      defer { isFirst = false }
      return isFirst ? sampleBegin : numbers.integer(below: sampleTextSize)
    }
  }
  return ContextText(segments: (contexts + [input + output]).map(tokens), outputLength: output)
}

/// A text without BOS but at its front, and without an output.
func plainText(contexts: [Int], final: Int) -> ContextText {
  var next = 2
  func tokens(_ count: Int) -> [Int] {
    (0..<count).map { _ in
      next = next == sampleTextSize - 1 ? 2 : next + 1
      return next
    }
  }
  var segments = (contexts + [final]).map(tokens)
  segments[0][0] = sampleBegin
  return ContextText(segments: segments, outputLength: 0)
}

/// Texts of T = 0…5 contexts of 1…9 tokens and a final segment of 1…4, some of each T, with n = 1…3.
func someTexts(ofEach count: Int, seed: UInt64) -> [(text: ContextText, n: Int)] {
  var numbers = SeededNumbers(seed: seed)
  return (0...5).flatMap { contexts in
    (1...3).flatMap { n in
      (0..<count).map { _ in
        let lengths = (0..<contexts).map { _ in 1 + numbers.integer(below: 9) }
        let (input, output) = (1 + numbers.integer(below: 2), numbers.integer(below: 3))
        return (sampleText(contexts: lengths, input: input, output: output, seed: numbers.next()), n)
      }
    }
  }
}

/// One line per query, one letter per key: `#` visible, `.` hidden.
func drawing(_ mask: ContextMask) -> [String] {
  mask.rows.indices.map { query in
    String(mask.rows.indices.map { mask.allows(query: query, key: $0) ? "#" : "." })
  }
}
