// GEN-4, GEN-5: choosing tokens and feeding them back.

import LoMA

extension Generator {
  /// Chooses m tokens after the prompt that was fed before; the last one is chosen but not fed (GEN-5).
  ///
  /// Stops early after `stopToken`, where one is given. Throws `empty-prompt` if m > 0 and nothing was fed. After an error
  /// nothing was fed or drawn.
  public mutating func generate(
    _ m: Int, choosing sampling: Sampling, numbers: inout SeededNumbers, stopToken: Int?,
    observe: (GenerationEvent) -> Void
  ) throws(ModelError) -> [Int] {
    let (parameters, fed) = (parameters, fedLength)
    _ = try rejecting { () throws(InputError) in try parameters.fedLength(prompt: fed, generating: m) }
    var (ahead, draws) = (self, numbers)
    var chosen: [Int] = []
    while chosen.count < m, let logits = ahead.lastLogits {
      let token = sampling.choose(logits, vocabulary: vocabulary, numbers: &draws)
      chosen.append(token)
      if token == stopToken { break }
      if chosen.count < m { try ahead.feed([token], passLength: 1, observe: observe) }
    }
    (self, numbers) = (ahead, draws)
    return chosen
  }
}
