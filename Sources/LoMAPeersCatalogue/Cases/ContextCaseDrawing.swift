// The texts of a case of chapter 16, for a picture of their layout and mask (CCM-5…CCM-16).

import LoMAAnswers
import LoMACatalogue
import LoMAPeers

/// What a picture of a case's texts needs.
package struct ContextCaseDrawing: Sendable {
  package let parameters: ContextParameters
  /// a; nil if the profile does not read it.
  package let rate: Double?
  /// At least one text.
  package let texts: [ContextText]
  /// How many tokens are generated; nil for an operation that generates none.
  package let generationLength: Int?

  /// Nil if the case has no texts, or bad ones.
  package init?(_ item: Case) {
    guard case .peer(let operation) = item.request.operation,
      let request = try? ContextRequest(item.request, for: operation)
    else { return nil }
    if case .rejection = item.expectation { return nil }
    parameters = request.parameters
    rate = item.request.mergeShare()
    texts = request.texts
    generationLength = operation.generates ? try? item.request.integer("generate") : nil
  }

  /// The padded layouts (CCM-8).
  package func batch() throws -> ContextBatch {
    ContextBatch(try texts.map { try ContextLayout($0, parameters: parameters) }, parameters: parameters)
  }
}
