// BAS-3: which indices have the highest scores, and which the lowest; and how large numbers are.

import NaiveLlama

/// What methods make of scores; of equal ones the lower index ranks higher.
package enum Scores {
  /// The indices of the highest scores, so many of them, ascending.
  package static func highest(_ count: Int, of scores: [Double]) -> [Int] {
    precondition(count >= 0 && count <= scores.count, "as many as there are")
    let order = scores.indices.sorted { a, b in
      scores[a] != scores[b] ? scores[a] > scores[b] : a < b
    }
    return order.prefix(count).sorted()
  }

  /// The indices of the lowest scores, so many of them, ascending: all that are not among the highest.
  package static func lowest(_ count: Int, of scores: [Double]) -> [Int] {
    let kept = Set(highest(scores.count - count, of: scores))
    return scores.indices.filter { !kept.contains($0) }
  }

  /// Σ x²/n, by rising index from +0.0; 0 of no number.
  package static func meanSquare(_ numbers: [Double]) -> Double {
    var sum = 0.0
    for x in numbers { sum += x * x }
    return numbers.isEmpty ? 0 : sum / Double(numbers.count)
  }
}

extension AttentionHeads {
  /// The query heads that read a KV head: H/G neighbours (MOD-4).
  package func group(of keyValueHead: Int) -> Range<Int> {
    let size = query / keyValue
    return keyValueHead * size..<(keyValueHead + 1) * size
  }
}
