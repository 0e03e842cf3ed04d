// What the suite's answers name of part II, which is not in this module: nothing to compute with, and one refusal.

import LoMAAnswers
import LoMAMutants
import LoMAVectors

package struct PeerAnswers: Sendable {}

package enum PeerFault: Error, Hashable, Sendable {
  case absent

  var code: String? { nil }
  package var description: String { "part II is not in this module" }
}

extension ReferenceAnswers {
  func answer(_ operation: PeerOperation, _ request: Request) throws(RequestError) -> [ResultTensor] {
    throw .peer(.absent)
  }
}

extension Mutant {
  /// No mutant of this module breaks a clause of part II.
  static var brokenOfPeers: [Broken] { [] }
}
