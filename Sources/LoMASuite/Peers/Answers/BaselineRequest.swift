// BAS-1, BAS-19: a request of chapter 19.

import LoMAPeers
import LoMAVectors

extension Baseline {
  /// The axes that differ from base, in the form of a request.
  var axes: [String: String] { self == .none ? [:] : [Self.axis: rawValue] }
}
