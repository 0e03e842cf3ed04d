// Spec chapter 16: the merged memory, CCM-17 and CCM-19.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama
import Testing

@Suite("16 CCM: merged memory") struct MergedMemoryTests {
  /// h₁ … h_T, [n, width] each.
  private func drawn(_ count: Int, n: Int, width: Int, seed: UInt64) -> [KeyValues] {
    var numbers = SeededNumbers(seed: seed)
    func tensor() -> Tensor {
      Tensor(shape: [n, width], values: (0..<n * width).map { _ in 2 * numbers.unitInterval() - 1 })
    }
    return (0..<count).map { _ in KeyValues(keys: tensor(), values: tensor()) }
  }

  private func folded(_ entries: [KeyValues], _ rate: MergeRate) -> MergedMemory {
    entries.reduce(MergedMemory(rate: rate, entries: entries[0].keys.rows, width: entries[0].keys.columns)) {
      $0.folding($1)
    }
  }

  private func entry(_ keys: [[Double]], _ values: [[Double]]) -> KeyValues {
    KeyValues(keys: Tensor(rows: keys, width: 1), values: Tensor(rows: values, width: 1))
  }

  @Test func `CCM-17 slot j is the mean of slot j, keys and values apart`() {
    let memory = folded(
      [entry([[1], [10]], [[2], [0]]), entry([[3], [20]], [[4], [0]]), entry([[8], [0]], [[0], [9]])], .mean)
    #expect(memory.segments == 3)
    #expect(memory.mean == entry([[4], [10]], [[2], [3]]))
  }

  @Test func `CCM-3 CCM-17 an exponential rate starts from the first segment and forgets the oldest`() throws {
    let (first, second, third) = (entry([[8]], [[1]]), entry([[4]], [[2]]), entry([[2]], [[4]]))
    #expect(folded([first], .exponential(0.5)).mean == first)
    #expect(folded([first, second, third], .exponential(1)).mean == third)
    // (8 + 4)/2 = 6, (6 + 2)/2 = 4; (1 + 2)/2 = 1.5, (1.5 + 4)/2 = 2.75.
    #expect(folded([first, second, third], .exponential(0.5)).mean == entry([[4]], [[2.75]]))
    #expect(folded([first, second], .exponential(0.25)).mean == entry([[7]], [[1.25]]))
  }

  @Test func `CCM-19 the sum is kept and divided on reading, from plus zero by rising segment`() {
    let entries = drawn(7, n: 2, width: 3, seed: 19)
    let memory = folded(entries, .mean)
    var differs = false
    for i in 0..<6 {
      var (sum, running) = (0.0, 0.0)
      for (t, entry) in entries.enumerated() {
        sum += entry.keys.values[i]
        running = (1 - 1 / Double(t + 1)) * running + entry.keys.values[i] / Double(t + 1)
      }
      #expect(memory.mean.keys.values[i].bitPattern == (sum / 7).bitPattern)
      // The released running mean is the same number, rounded differently.
      #expect((running - sum / 7).magnitude < 1e-15)
      differs = differs || running != sum / 7
    }
    #expect(differs)
    let minusZero = entry([[-0.0]], [[-0.0]])
    #expect(folded([minusZero], .mean).mean.keys.values[0].sign == .plus)
  }

  @Test func `CCM-17 the memory after every segment is that of the segments so far`() {
    let entries = drawn(5, n: 2, width: 3, seed: 8)
    for rate in [MergeRate.mean, .exponential(0.25)] {
      let means = MergedMemory.means(of: entries, rate: rate)
      #expect(means.count == 5)
      for (t, mean) in means.enumerated() { #expect(mean == folded(Array(entries[...t]), rate).mean) }
    }
    #expect(MergedMemory.means(of: [], rate: .mean).isEmpty)
  }

  @Test func `CCM-17 the gradients of the entries are the merge's, transposed`() throws {
    for rate in [MergeRate.mean, .exponential(0.5), .exponential(0.3), .exponential(1)] {
      let (entries, moved) = (drawn(4, n: 1, width: 2, seed: 1), drawn(4, n: 1, width: 2, seed: 2))
      // Segment 3 is never read.
      let dMeans = drawn(4, n: 1, width: 2, seed: 3).enumerated().map { $0 == 2 ? nil : $1.keys }
      let gradients = MergedMemory.backward(dMeans, rate: rate, shape: [1, 2])
      // The merge is linear: Σ dmean·(mean(h + m) − mean(h)) = Σ dh·m.
      var (left, right) = (0.0, 0.0)
      for t in 1...4 {
        let sum = zip(entries, moved).prefix(t).map { h, m in
          KeyValues(keys: h.keys + m.keys, values: h.values)
        }
        let (above, below) = (folded(Array(sum), rate).mean.keys, folded(Array(entries.prefix(t)), rate).mean.keys)
        if let dMean = dMeans[t - 1] {
          for i in 0..<2 { left += dMean.values[i] * (above.values[i] - below.values[i]) }
        }
        for i in 0..<2 { right += gradients[t - 1].values[i] * moved[t - 1].keys.values[i] }
      }
      #expect((left - right).magnitude < 1e-14 && right.magnitude > 0.01)
    }
    #expect(MergedMemory.backward([], rate: .mean, shape: [1, 2]).isEmpty)
  }

  @Test func `CCM-17 in the forward pass SUM rows hold the means of the rotated COMP rows, in every layer and head`()
    throws
  {
    for profile in ContextProfile.all where profile.memory == .merge {
      let sample = SampleModel(n: 3, profile: profile)
      let (layout, trace) = (try sample.layout(), try sample.forward())
      for layer in trace.layers {
        for (r, row) in layout.rows.enumerated() {
          guard case .sum(let segment, let j) = row.place else {
            #expect(layer.written.keys.bits([r]) == layer.own.keys.bits([r]))
            #expect(layer.written.values.bits([r]) == layer.own.values.bits([r]))
            continue
          }
          let last = profile.recurrence == .recurrent ? segment : segment - 1
          let comps = (0...last).compactMap { u in layout.rows.firstIndex { $0.place == .comp(segment: u, index: j) } }
          for (own, written) in [(layer.own.keys, layer.written.keys), (layer.own.values, layer.written.values)] {
            for column in 0..<own.columns {
              var (sum, moving) = (0.0, own[comps[0], column])
              for (t, comp) in comps.enumerated() {
                sum += own[comp, column]
                if t > 0 { moving = 0.5 * moving + 0.5 * own[comp, column] }
              }
              #expect(
                written[r, column] == (profile.mergeRate == .mean ? sum / Double(comps.count) : moving))
            }
          }
        }
      }
    }
  }
}
