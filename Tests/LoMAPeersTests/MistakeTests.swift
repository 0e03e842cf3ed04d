// Spec chapter 16: mistakes that a port may make online and in gradients, each another instance of the rules. The mutants
// of LoMAMutants have the whole list, and ContextMutantTests says where each shows.

import LoMAPeers
import LoMAPeersReference
import NaiveLlama
import Testing

@Suite("16 CCM: mistakes") struct ContextMistakeTests {
  @Test func `CCM-16 CCM-24 a sink that is dropped with its segment shows in the schedule and in the final rows`()
    throws
  {
    for profile in ContextProfile.all where profile.sink == .on {
      let sample = SampleModel(contexts: [3, 2], profile: profile)
      var wrong = sample
      wrong.rules.cache.keeps = { row, _, _ in row.place.role != .text }
      var logits: [[[UInt64]]] = []
      for sample in [sample, wrong] {
        var reader = ContextReader(model: try sample.model())
        for tokens in sample.text.contexts { try reader.read(context: tokens, passLength: 9) { _ in } }
        #expect(
          reader.entries.rows.contains { $0.token == sampleBegin && $0.place.role == .text }
            == (logits.isEmpty))
        var seen: [[UInt64]] = []
        try reader.read(final: sample.text.final, passLength: 9) { seen += $0.logits.bits }
        logits.append(seen)
      }
      #expect(logits[0] != logits[1])
      var sizes: [Int] = []
      for rule in [sample.rules.cache, wrong.rules.cache] {
        sizes.append(
          try ContextSchedule(sample.text, generating: 0, parameters: sample.parameters(), rule: rule) { _, _ in }
            .maximum)
      }
      #expect(sizes[0] > sizes[1])
    }
  }

  @Test func `CCM-24 CCM-25 COMP rows fed one pass each are the same rows, and other positions are not`() throws {
    for profile in ContextProfile.all {
      let sample = SampleModel(n: 3, profile: profile)
      var single = sample
      single.rules.compPasses = { n in (0..<n).map { $0..<$0 + 1 } }
      var moved = sample
      moved.rules.position = { _, textRows, _ in textRows }
      var logits: [[[UInt64]]] = []
      for sample in [sample, single, moved] {
        var reader = ContextReader(model: try sample.model())
        var seen: [[UInt64]] = []
        for tokens in sample.text.contexts {
          try reader.read(context: tokens, passLength: 9) { seen += $0.logits.bits }
        }
        try reader.read(final: sample.text.final, passLength: 9) { seen += $0.logits.bits }
        logits.append(seen)
      }
      #expect(logits[0] == logits[1] && logits[0] != logits[2])
    }
  }

  @Test func `CCM-17 CCM-21 a gradient that is cut at the merge or at the memory is another gradient`() throws {
    for profile in ContextProfile.all {
      let sample = SampleModel(profile: profile)
      var (atMerge, atMemory) = (sample, sample)
      atMerge.rules.mergeBackward = { dMeans, _, shape in dMeans.map { _ in Tensor(zeros: shape) } }
      atMemory.rules.entryBackward = { gradient, rows in
        var cut = gradient
        for (r, row) in rows.enumerated() where row.place.role == .comp {
          for column in 0..<cut.columns { cut[r, column] = 0 }
        }
        return cut
      }
      let batch = ContextBatch([try sample.layout()], parameters: try sample.parameters())
      let passes = try [sample, atMerge, atMemory].map { try $0.model().trainingPass(batch, training: .adapter) }
      #expect(passes[0].loss == passes[1].loss && passes[0].loss == passes[2].loss)
      #expect((passes[0].gradients == passes[1].gradients) == (profile.memory == .concat))
      #expect(passes[0].gradients != passes[2].gradients)
    }
  }
}
