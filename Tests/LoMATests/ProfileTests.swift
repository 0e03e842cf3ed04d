// The registry of decisions: axes, profiles, and what tells profiles apart.

import LoMA
import Testing

@Suite("Registry") struct ProfileTests {
  @Test func `D-2…D-8 every axis with its default and its alternatives`() {
    let registry = Axis.allCases.map { [$0.rawValue, $0.decision] + $0.values }
    #expect(
      registry == [
        ["memory_positions", "D-2", "span_end", "span_start"],
        ["numbering", "D-2", "text", "sequential", "generation", "compressed"],
        ["memory_context", "D-3", "past_memories", "own_chunk"],
        ["memory_attention", "paper", "bidirectional", "causal"],
        ["repetition_context", "D-4", "own_memory", "past_memories"],
        ["repetition_attention", "D-5", "causal", "bidirectional", "self_only"],
        ["repetition_labels", "D-8", "aligned", "shifted"],
      ])
  }

  @Test func `D-2…D-8 base is the default on every axis`() throws {
    for axis in Axis.allCases { #expect(Profile.base[axis] == axis.values[0]) }
    #expect(Profile.base.name == "base")
    #expect(try Profile([]) == .base)
    #expect(Profile.base.differences.isEmpty)
  }

  @Test func `D-2…D-8 a profile is written and read as axis=value pairs`() throws {
    for profile in Profile.all {
      #expect(try Profile(profile.differences.map { ($0.axis.rawValue, $0.value) }) == profile)
      #expect(try Profile(Axis.allCases.reversed().map { ($0.rawValue, profile[$0]) }) == profile)
    }
    let written = try profile(("repetition_labels", "shifted"), ("memory_context", "own_chunk"))
    #expect(written.name == "memory_context=own_chunk,repetition_labels=shifted")
    #expect(try profile(("numbering", "text")) == .base)
  }

  @Test func `D-2…D-8 choosing a value changes that axis alone`() {
    for axis in Axis.allCases {
      for (index, value) in axis.values.enumerated() {
        let chosen = Profile.base.choosing(axis, valueAt: index)
        for other in Axis.allCases { #expect(chosen[other] == (other == axis ? value : other.values[0])) }
      }
    }
  }

  @Test func `D-2 memory_positions has no effect where positions do not count text alone`() throws {
    for (index, value) in Axis.numbering.values.enumerated().dropFirst() {
      let both = try profile(("memory_positions", "span_start"), ("numbering", value))
      #expect(both.name == "numbering=\(value)")
      #expect(both == both.canonical)
      let raw = Profile.base.choosing(.memoryPositions, valueAt: 1).choosing(.numbering, valueAt: index)
      #expect(raw != raw.canonical)
      for n in 0...13 {
        #expect(try Sample(c: 2, t: 2, n: n, raw).training().rows == Sample(c: 2, t: 2, n: n, both).training().rows)
      }
    }
  }

  @Test func `D-2…D-8 the 384 combinations are 240 profiles, base before the others`() {
    #expect(Axis.allCases.reduce(1) { $0 * $1.values.count } == 384)
    #expect(Profile.all.count == 240)
    #expect(Set(Profile.all).count == 240)
    #expect(Profile.all.first == .base)
    #expect(Profile.all.allSatisfy { $0 == $0.canonical })
    #expect(Set(Profile.all.map { $0.name }).count == 240)
  }

  @Test func `D-2…D-8 an unknown axis, an unknown value or an axis named twice is rejected`() {
    #expect(throws: InputError.unknownAxis("memory")) { try profile(("memory", "causal")) }
    #expect(throws: InputError.unknownAxis("")) { try profile(("", "")) }
    #expect(throws: InputError.unknownAlternative(axis: "numbering", value: "Text")) {
      try profile(("numbering", "Text"))
    }
    #expect(throws: InputError.repeatedAxis("numbering")) {
      try profile(("numbering", "text"), ("numbering", "text"))
    }
  }

  /// How many profiles can be told apart by rows of some zones: what they are fed, see, and are labelled with.
  private func classes(zones: Set<Zone>, labels: Bool) throws -> Int {
    var signatures: Set<[Int]> = []
    for profile in Profile.all {
      let rows = try Sample(c: 2, t: 2, n: 13, profile).training().rows
      let mask = Mask(rows: rows, profile: profile)
      var signature: [Int] = []
      for (index, row) in rows.enumerated() where zones.contains(row.place.zone) {
        signature += [row.token, row.position, labels ? row.label ?? -1 : -1] + mask.visibleKeys(of: index) + [-1]
      }
      signatures.insert(signature)
    }
    return signatures.count
  }

  @Test func `D-2…D-8 one text of three chunks and a token tells all 240 profiles apart`() throws {
    #expect(try classes(zones: [.reading, .memory], labels: false) == 20)
    #expect(try classes(zones: [.reading, .memory, .repetition], labels: false) == 120)
    #expect(try classes(zones: [.reading, .memory, .repetition], labels: true) == 240)
  }

  /// The smallest n ≤ 4L at which a profile's rows or masks differ from base, or none.
  private func separates(_ profile: Profile, c: Int, t: Int, fromRowsOf zone: Zone? = nil) throws -> Int? {
    try (0...4 * c * t).first { n in
      let (a, b) = (try Sample(c: c, t: t, n: n), try Sample(c: c, t: t, n: n, profile))
      return try reach(a, from: zone) != reach(b, from: zone)
    }
  }

  /// All that rows of a zone see, directly or through rows they see.
  private func reach(_ sample: Sample, from zone: Zone?) throws -> [[Int]] {
    let rows = try sample.training().rows
    let mask = Mask(rows: rows, profile: sample.profile)
    let seen = rows.indices.map { mask.visibleKeys(of: $0) }
    var reached = Set(zone.map { indices(of: $0, in: rows) } ?? Array(rows.indices))
    var open = Array(reached)
    while let row = open.popLast() { for key in seen[row] where reached.insert(key).inserted { open.append(key) } }
    return reached.sorted().map { [$0, rows[$0].position] + seen[$0] }
  }

  @Test func `D-2 span_start differs where c is at least 2`() throws {
    let start = try profile(("memory_positions", "span_start"))
    #expect(try separates(start, c: 1, t: 3) == nil)
    #expect(try separates(start, c: 2, t: 1) == 2)
  }

  @Test func `D-2 numbering differs from n = L on, compressed where c is at least 2`() throws {
    for (c, t) in [(1, 1), (2, 1), (1, 2), (3, 2)] {
      for value in ["sequential", "generation"] {
        #expect(try separates(try profile(("numbering", value)), c: c, t: t) == c * t)
      }
      let compressed = try profile(("numbering", "compressed"))
      #expect(try separates(compressed, c: c, t: t) == (c == 1 ? nil : c * t))
    }
  }

  @Test func `D-3 own_chunk differs from n = 2L on, for reading rows from 2L + 1 on`() throws {
    let own = try profile(("memory_context", "own_chunk"))
    for (c, t) in [(1, 1), (2, 1), (2, 2), (3, 2)] {
      #expect(try separates(own, c: c, t: t, fromRowsOf: .repetition) == 2 * c * t)
      #expect(try separates(own, c: c, t: t, fromRowsOf: .reading) == 2 * c * t + 1)
    }
  }

  @Test func `D-4 past_memories differs from n = 2L on`() throws {
    let past = try profile(("repetition_context", "past_memories"))
    for (c, t) in [(1, 1), (2, 1), (2, 2)] { #expect(try separates(past, c: c, t: t) == 2 * c * t) }
  }

  @Test func `D-5 repetition attention differs where L is at least 2`() throws {
    for value in ["bidirectional", "self_only"] {
      let other = try profile(("repetition_attention", value))
      #expect(try separates(other, c: 1, t: 1) == nil)
      #expect(try separates(other, c: 2, t: 1) == 2)
      #expect(try separates(other, c: 1, t: 2) == 2)
    }
  }

  @Test func `MSK-5 causal memory differs where t is at least 2`() throws {
    let causal = try profile(("memory_attention", "causal"))
    #expect(try separates(causal, c: 3, t: 1) == nil)
    #expect(try separates(causal, c: 1, t: 2) == 2)
  }
}
