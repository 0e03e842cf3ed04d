// The texts of a case, for a picture of their layout and mask (chapters 2 and 4).

import LoMA

/// The parameters that a picture of a case's texts needs.
package struct CaseDrawing: Sendable {
  package let parameters: Parameters
  package let texts: [[Int]]
  package let vocabulary: Vocabulary
  package let profile: Profile
  /// Whether the picture is of the generation layout.
  package let isGeneration: Bool

  /// Nil if the case has no texts, or bad ones.
  package init?(_ item: Case) {
    let request = item.request
    if case .rejection = item.expectation { return nil }
    guard let texts = try? request.texts(), let parameters = try? request.lomaParameters(),
      let profile = try? request.profile()
    else { return nil }
    // Metrics need no special tokens: any two ids above the text's will do.
    let largest = texts.joined().max() ?? 0
    guard let vocabulary = (try? request.vocabulary()) ?? (try? Vocabulary(textSize: largest + 1)) else { return nil }
    self.texts = texts
    self.parameters = parameters
    self.vocabulary = vocabulary
    self.profile = profile
    isGeneration = request.operation == .generate || (try? request.word("layout")) == "generation"
  }
}
