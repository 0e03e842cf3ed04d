// The texts of a case, as a drawing of their layout and mask needs them (chapters 2 and 4).

import LoMA

/// What a drawing of a case's texts needs.
package struct CaseDrawing: Sendable {
  /// c and t.
  package let parameters: Parameters
  /// The texts.
  package let texts: [[Int]]
  /// The ids.
  package let vocabulary: Vocabulary
  /// The decisions.
  package let profile: Profile
  /// Whether it is the generation layout.
  package let isGeneration: Bool

  /// None where a case has no texts, or bad ones.
  package init?(_ item: Case) {
    let request = item.request
    if case .rejection = item.expectation { return nil }
    guard let texts = try? request.texts(), let parameters = try? request.lomaParameters(),
      let profile = try? request.profile()
    else { return nil }
    // Metrics are counted without special tokens: any ids above the text's do.
    let largest = texts.joined().max() ?? 0
    guard let vocabulary = (try? request.vocabulary()) ?? (try? Vocabulary(textSize: largest + 1)) else { return nil }
    self.texts = texts
    self.parameters = parameters
    self.vocabulary = vocabulary
    self.profile = profile
    isGeneration = request.operation == .generate || (try? request.word("layout")) == "generation"
  }
}
