// Profiles under which a mutant is no mistake, because they ask for what it does.

import LoMAVectors

extension Mutant {
  /// A mutant and a profile under which it answers as the reference does, with the reason.
  package struct Equivalent: Sendable {
    package let mutant: String
    package let profile: String
    /// Why the answers are equal.
    package let proof: String
  }

  /// Every single alternative that asks for what a mutant does.
  package static let equivalents: [Equivalent] = [
    .init(mutant: "M022", profile: "numbering=sequential", proof: "POS-4 numbers all rows there"),
    .init(mutant: "M031", profile: "numbering=compressed", proof: "POS-6 counts the cache there"),
    .init(mutant: "M054", profile: "memory_attention=causal", proof: "MSK-5 hides later memory rows there"),
    .init(mutant: "M055", profile: "memory_context=own_chunk", proof: "MSK-5 hides earlier chunks there"),
    .init(mutant: "M064", profile: "repetition_context=past_memories", proof: "MSK-8 shows earlier chunks there"),
    .init(
      mutant: "M066", profile: "repetition_attention=self_only", proof: "MSK-9 hides all other repetition rows there"),
    .init(
      mutant: "M067", profile: "repetition_attention=bidirectional", proof: "MSK-9 shows later repetition rows there"),
    .init(
      mutant: "M146", profile: "memory_attention=causal",
      proof: "a memory row sees no later one there, so that it does not matter whether that is fed with it"),
  ]

  /// The same for the mutants of a part.
  package static func equivalents(of part: Part) -> [Equivalent] {
    switch part {
    case .loma: equivalents
    case .peers: contextEquivalents
    }
  }
}
