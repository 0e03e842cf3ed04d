// The texts of a case, as a drawing of their layout and mask needs them (chapters 2 and 4).

import LoMA

/// What a drawing of a case's texts needs.
public struct CaseDrawing: Sendable {
  /// c and t.
  public let parameters: Parameters
  /// The texts.
  public let texts: [[Int]]
  /// The ids.
  public let vocabulary: Vocabulary
  /// The decisions.
  public let profile: Profile
  /// Whether it is the generation layout.
  public let isGeneration: Bool

  /// None where a case has no texts, or bad ones.
  public init?(_ item: Case) {
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
