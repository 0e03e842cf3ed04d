// MOD-4, MSK-12, NUM-1: attention is the plain loops that its comment shows, bit for bit.

import NaiveLlama
import Testing

@Suite struct AttentionTests {
  /// The loops of the comment above `Attention.forward`.
  private func plain(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, visible: VisibleKeys, heads: AttentionHeads
  ) -> Tensor {
    let d = heads.dimension
    var context = Tensor(zeros: q.shape)
    for h in 0..<heads.query {
      let g = heads.keyValueHead(ofQuery: h)
      for (r, seen) in visible.lists.enumerated() {
        let scores = seen.map { j in
          var dot = 0.0
          for i in 0..<d { dot += q[r, h * d + i] * k[j, g * d + i] }
          return dot * heads.scale
        }
        let p = Attention.softmax(scores)
        for i in 0..<d {
          var sum = 0.0
          for (j, weight) in zip(seen, p) { sum += weight * v[j, g * d + i] }
          context[r, h * d + i] = sum
        }
      }
    }
    return context
  }

  @Test(arguments: [(4, 4), (4, 2), (4, 1)])
  func `MOD-4 attention is its plain loops, bit for bit`(queryHeads: Int, keyValueHeads: Int) {
    var numbers = SeededNumbers(seed: 11)
    func matrix(_ rows: Int, _ columns: Int) -> Tensor {
      Tensor(
        shape: [rows, columns],
        values: (0..<rows * columns).map { _ in numbers.deviate(mean: 0, standardDeviation: 1) })
    }
    let heads = AttentionHeads(query: queryHeads, keyValue: keyValueHeads, dimension: 6)
    let (queries, keys) = (9, 13)
    let (q, k, v) = (matrix(queries, queryHeads * 6), matrix(keys, keyValueHeads * 6), matrix(keys, keyValueHeads * 6))
    let lists = (0..<queries).map { r in (0..<keys).filter { $0 == r || numbers.integer(below: 2) == 0 } }
    let visible = VisibleKeys(lists: lists, keyCount: keys)
    let output = Attention.forward(q, k, v, visible: visible, heads: heads, workers: .single)
    let expected = plain(q, k, v, visible: visible, heads: heads)
    #expect(output.context.values.map { $0.bitPattern } == expected.values.map { $0.bitPattern })
  }
}
