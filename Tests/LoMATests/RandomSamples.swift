// Random properties: a seeded generator, and a loop that reports the seed and the smallest counterexample it can find.

import Foundation
import LoMA
import Testing

/// Steele, Lea and Flood's SplitMix64: the whole state is one word, so one printed number reproduces a run.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}

/// The seed of every random property: `LOMA_TEST_SEED` where it is set, else always the same.
let randomSeed = ProcessInfo.processInfo.environment["LOMA_TEST_SEED"].flatMap { UInt64($0) } ?? 20_240_116

/// A sample that a property rejects, with what the property said.
struct Counterexample: CustomStringConvertible {
  let sample: Sample
  let finding: String
  let seed: UInt64

  var description: String { "\(sample): \(finding) (LOMA_TEST_SEED=\(seed))" }
}

/// Tries `count` random samples with c ≤ 16, t ≤ 8, n ≤ 600 under any of the 240 profiles, and shrinks the first that
/// the property has a finding about.
func counterexample(
  among count: Int, seed: UInt64 = randomSeed, to property: (Sample) throws -> String?
) throws -> Counterexample? {
  var generator = SplitMix64(state: seed)
  let profiles = Profile.all
  for _ in 0..<count {
    let (c, t) = (Int.random(in: 1...16, using: &generator), Int.random(in: 1...8, using: &generator))
    let n = Int.random(in: 0...600, using: &generator)
    let profile = profiles[Int.random(in: profiles.indices, using: &generator)]
    let sample = try Sample(c: c, t: t, n: n, profile)
    if let finding = try property(sample) {
      return try shrink(Counterexample(sample: sample, finding: finding, seed: seed), property)
    }
  }
  return nil
}

/// Takes the simplest smaller sample that still fails, again and again.
private func shrink(_ found: Counterexample, _ property: (Sample) throws -> String?) throws -> Counterexample {
  for sample in try simpler(than: found.sample) {
    if let finding = try property(sample) {
      return try shrink(Counterexample(sample: sample, finding: finding, seed: found.seed), property)
    }
  }
  return found
}

/// Halves and predecessors of n, t and c, then one axis at a time back at its default.
private func simpler(than sample: Sample) throws -> [Sample] {
  let (c, t, n) = (sample.parameters.c, sample.parameters.t, sample.textLength)
  var samples: [Sample] = []
  for smaller in [n / 2, n - 1] where smaller >= 0 && smaller < n {
    samples.append(try Sample(c: c, t: t, n: smaller, sample.profile))
  }
  for smaller in [t / 2, t - 1] where smaller >= 1 {
    samples.append(try Sample(c: c, t: smaller, n: n, sample.profile))
  }
  for smaller in [c / 2, c - 1] where smaller >= 1 {
    samples.append(try Sample(c: smaller, t: t, n: n, sample.profile))
  }
  for (axis, _) in sample.profile.differences {
    samples.append(try Sample(c: c, t: t, n: n, sample.profile.choosing(axis, valueAt: 0)))
  }
  return samples
}

/// Fails the test with the smallest counterexample, if there is one.
func expectNoCounterexample(among count: Int, to property: (Sample) throws -> String?) throws {
  let found = try counterexample(among: count, to: property)
  #expect(found == nil, "\(found.map { $0.description } ?? "")")
}

/// Fails the test at the first sample of the exhaustive set that the property has a finding about.
func expectForEverySample(_ property: (Sample) throws -> String?) throws {
  struct Found: Error {}
  do {
    try forEverySample { sample in
      guard let finding = try property(sample) else { return }
      Issue.record("\(sample): \(finding)")
      throw Found()
    }
  } catch is Found {}
}
